using System.Diagnostics;
using System.Net.WebSockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Agent.Files;

[SupportedOSPlatform("linux")]
public sealed class TransferTests
{
    [Fact]
    public async Task SparseFile_Of4GiB_SendsItsDataAlone()
    {
        const long Size = 4L << 30;
        using var files = new FilesUnderTest();
        using (var file = File.OpenHandle(files["sparse"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(file, Size);
            RandomAccess.Write(file, "in the middle"u8, 3L << 30);
        }

        await using var client = await files.OpenAsync();
        var read = await client.ReadAsync(files.At("sparse"));
        Assert.Null(read.Last.Problem);
        Assert.Equal(Size, read.Content.Length + read.Holes);
        Assert.InRange(read.Content.Length, 13, 64 * 1024);
        Assert.Contains("in the middle", Encoding.UTF8.GetString(read.Content), StringComparison.Ordinal);
        var part = await client.ReadAsync(files.At("sparse"), 1000, 2000);
        Assert.Equal((0, 2000L), (part.Content.Length, part.Holes));

        var upload = Guid.NewGuid();
        Assert.Equal(Size, (await client.WriteAsync(files.At("copy"), upload, 0, 3L << 30, "in the middle"u8.ToArray(), Size - (3L << 30) - 13)).Offset);
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("copy"), Upload = upload }));
        Assert.Equal(Size, new FileInfo(files["copy"]).Length);
        var copy = await client.ReadAsync(files.At("copy"));
        Assert.Equal(read.Content, copy.Content);
        Assert.Equal(read.Holes, copy.Holes);
    }

    [Fact]
    public async Task Digest_OfHolesAndBytes_IsThatOfTheContent()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        var upload = Guid.NewGuid();
        await client.WriteAsync(files.At("f"), upload, 0, new byte[] { 1 }, 100_000L, new byte[] { 2 }, 5L);
        byte[] content = [1, .. new byte[100_000], 2, .. new byte[5]];
        Assert.Equal(FileProblems.BadDigest, await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("f"), Upload = upload, Sha256 = new byte[32] }));
        Assert.False(File.Exists(files["f"]));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("f"), Upload = upload, Sha256 = SHA256.HashData(content) }));
        Assert.Equal(content, File.ReadAllBytes(files["f"]));
    }

    [Fact]
    public async Task File_ThatShrinksWhileItIsRead_IsSaidToHaveChanged()
    {
        using var files = new FilesUnderTest();
        File.WriteAllBytes(files["f"], new byte[64 << 20]);
        await using var client = await files.OpenAsync();
        var isCut = false;
        var read = await client.ReadAsync(files.At("f"), seen: _ =>
        {
            if (!isCut)
            {
                isCut = true;
                using var file = File.OpenHandle(files["f"], FileMode.Open, FileAccess.Write);
                RandomAccess.SetLength(file, 1000);
            }
        });
        Assert.Equal(FileProblems.Changed, read.Last.Problem?.Code);
    }

    [Fact]
    public async Task File_ThatGrowsWhileItIsRead_IsReadAsItWas()
    {
        using var files = new FilesUnderTest();
        File.WriteAllBytes(files["f"], new byte[8 << 20]);
        await using var client = await files.OpenAsync();
        var read = await client.ReadAsync(files.At("f"), seen: _ => File.AppendAllText(files["f"], "more"));
        Assert.Null(read.Last.Problem);
        Assert.Equal(8 << 20, read.Content.Length);
        Assert.NotEqual(read.Entry!.Tag, read.Last.Entry!.Tag);
    }

    [Fact]
    public async Task SystemFiles_WithoutASize_AreReadToTheirEnd()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync(FileScope.Everything);
        Assert.Equal(File.ReadAllText("/proc/version"), Encoding.UTF8.GetString((await client.ReadAsync("/proc/version")).Content));
        var state = await client.ReadAsync("/sys/kernel/mm/transparent_hugepage/enabled"); // says that it has 4096 bytes
        Assert.Null(state.Last.Problem);
        Assert.Equal(File.ReadAllText("/sys/kernel/mm/transparent_hugepage/enabled"), Encoding.UTF8.GetString(state.Content));
    }

    [Fact]
    public async Task Upload_WhoseChannelBroke_GoesOnWhereItWas()
    {
        using var files = new FilesUnderTest();
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var upload = Guid.NewGuid();
        var sent = 0;
        for (var round = 0; round < 5; round++)
        {
            var broken = await files.OpenAsync();
            var first = await broken.WriteAsync(files.At("f"), upload, -1);
            sent = (int)first.Offset!.Value;
            await broken.SendAsync(new FileCall { Op = FileOps.Write, Path = files.At("f"), Upload = upload, Offset = sent });
            Assert.Equal(sent, (await broken.ReplyAsync()).Offset);
            var piece = content.AsMemory(sent, Math.Min(300_000, content.Length - sent));
            await broken.Socket.SendAsync(piece[..100_000], WebSocketMessageType.Binary, endOfMessage: true, TestContext.Current.CancellationToken);
            await broken.Socket.SendAsync(piece[100_000..], WebSocketMessageType.Binary, endOfMessage: false, TestContext.Current.CancellationToken);
            broken.Socket.Abort();
            await broken.DisposeAsync();
        }

        // whoever writes next has it, even where the one before is not known to be gone
        await using var stale = await files.OpenAsync();
        var at = (await stale.WriteAsync(files.At("f"), upload, -1)).Offset!.Value;
        Assert.InRange(at, 500_000, content.Length);
        await stale.SendAsync(new FileCall { Op = FileOps.Write, Path = files.At("f"), Upload = upload, Offset = at });
        await stale.ReplyAsync();
        await using var client = await files.OpenAsync();
        Assert.Equal(content.Length, (await client.WriteAsync(files.At("f"), upload, at, content[(int)at..])).Offset);
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("f"), Upload = upload, Sha256 = SHA256.HashData(content) }));
        Assert.Equal(content, File.ReadAllBytes(files["f"]));
    }

    [Fact]
    public async Task Upload_IsOfOnePlaceAlone()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["d"]);
        await using var client = await files.OpenAsync();
        var upload = Guid.NewGuid();
        await client.WriteAsync(files.At("f"), upload, 0, new byte[] { 1 });
        foreach (string[] other in (string[][])[["g"], ["d", "f"]])
        {
            Assert.Equal(FileProblems.Exists, (await client.WriteAsync(files.At(other), upload, 0, new byte[] { 2 })).Problem!.Code);
            Assert.Equal(FileProblems.Exists, await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At(other), Upload = upload }));
            Assert.Equal(FileProblems.Exists, await client.ProblemAsync(new() { Op = FileOps.Discard, Path = files.At(other), Upload = upload }));
        }

        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Discard, Path = files.At("f"), Upload = upload }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Discard, Path = files.At("f"), Upload = upload }));
        Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("f"), Upload = upload }));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Part_ThatSomebodyElseHasMade_IsNotWrittenTo()
    {
        using var files = new FilesUnderTest();
        var upload = Guid.NewGuid();
        File.CreateSymbolicLink(files[$".operone-{upload:N}.part"], Path.Combine(files.Outside, "secret"));
        await using var client = await files.OpenAsync();
        Assert.NotNull((await client.WriteAsync(files.At("f"), upload, 0, new byte[] { 1 })).Problem);
        Assert.Equal("secret", File.ReadAllText(Path.Combine(files.Outside, "secret")));
    }

    [Fact]
    public async Task Commit_OfTwoWriters_TellsTheLaterOneThatItChanged()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        await using var other = await files.OpenAsync();
        Assert.Equal(FileProblems.Changed, (await client.PutAsync(files.At("f"), [0], tag: "*")).Problem!.Code);
        var tag = (await client.PutAsync(files.At("f"), [0])).Entry!.Tag;
        Assert.Equal(FileProblems.Exists, (await client.PutAsync(files.At("f"), [0])).Problem!.Code);
        var replies = await Task.WhenAll(client.PutAsync(files.At("f"), [1], tag: tag), other.PutAsync(files.At("f"), [2], tag: tag));
        Assert.Single(replies, r => r.Problem is null);
        Assert.Single(replies, r => r.Problem?.Code == FileProblems.Changed);
        Assert.Equal(replies[0].Problem is null ? [1] : [2], File.ReadAllBytes(files["f"]));
        Assert.Null((await client.PutAsync(files.At("f"), [3], tag: "*")).Problem);
    }

    [Fact]
    public async Task Commit_OverAFile_KeepsItsModeOwnerAndAttributes()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        await client.PutAsync(files.At("f"), [0]);
        await client.LastAsync(new() { Op = FileOps.Change, Path = files.At("f"), Mode = 0xDA0, Owner = "4321", Group = "1234", Attributes = new Dictionary<string, byte[]?> { ["user.x"] = [7] } });
        var entry = (await client.PutAsync(files.At("f"), [1], overwrite: true)).Entry!;
        Assert.Equal((0x1A0, "4321", "1234"), (entry.Mode, entry.Owner, entry.Group)); // what lets it run as its owner is gone
        Assert.Equal([7], (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("f"), Recursive = true })).Entry!.Attributes!["user.x"]);
    }

    [Fact]
    public async Task Disk_ThatIsFull_IsSaidSoAndTheOldFileStays()
    {
        using var files = new FilesUnderTest();
        using (var mount = Process.Start("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", files.Root]))
        {
            mount.WaitForExit();
            Assert.SkipUnless(mount.ExitCode == 0, "This needs the right to mount.");
        }

        try
        {
            await using var client = await files.OpenAsync();
            Assert.Null((await client.PutAsync(files.At("f"), [1])).Problem);
            Assert.Equal(FileProblems.NoSpace, (await client.PutAsync(files.At("f"), new byte[4 << 20], overwrite: true)).Problem!.Code);
            Assert.Equal([1], (await client.ReadAsync(files.At("f"))).Content);
            client.Scope = new(files.Temp, true, []);
            Assert.Equal(FileProblems.OtherFileSystem, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("f"), To = files.Outside + "/f" }));
        }
        finally
        {
            using var unmount = Process.Start("umount", [files.Root]);
            unmount.WaitForExit();
        }
    }

    [Fact]
    public async Task Parts_ThatNobodyGoesOnWith_AreThrownAway()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var files = new FilesUnderTest(time: time);
        var (old, young) = (Guid.NewGuid(), Guid.NewGuid());
        await using (var client = await files.OpenAsync())
        {
            await client.WriteAsync(files.At("old"), old, 0, new byte[] { 1 });
            await client.WriteAsync(files.At("young"), young, 0, new byte[] { 1 });
        }

        File.WriteAllText(files["file"], "");
        var longAgo = DateTime.UtcNow.AddHours(-FileLimits.UploadHours - 1);
        File.SetLastWriteTimeUtc(files[$".operone-{old:N}.part"], longAgo);
        File.SetLastWriteTimeUtc(Path.Combine(files.State, "files", old.ToString("N")), longAgo);
        files.Uploads.Clean();
        Assert.Equal([$".operone-{young:N}.part", "file"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal([young.ToString("N")], Directory.GetFiles(Path.Combine(files.State, "files")).Select(Path.GetFileName));
        time.Advance(TimeSpan.FromHours(FileLimits.UploadHours + 2));
        Directory.GetFiles(Path.Combine(files.State, "files")).ToList().ForEach(f => File.SetLastWriteTimeUtc(f, longAgo));
        files.Uploads.Clean();
        Assert.Equal(["file"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Channels_MoreThanThereMayBe_AreClosedWithTheReason()
    {
        using var files = new FilesUnderTest();
        var clients = new List<FileClient>();
        for (var i = 0; i < Operone.Agent.Files.FileService.MaxChannels; i++)
        {
            clients.Add(await files.OpenAsync());
            Assert.Null(await clients[^1].ProblemAsync(new() { Op = FileOps.Stat, Path = files.Root }));
        }

        await using (var refused = await files.OpenAsync())
        {
            var problem = await Assert.ThrowsAsync<InvalidOperationException>(() => refused.ReplyAsync());
            Assert.Contains("64", problem.Message, StringComparison.Ordinal);
        }

        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        await using var again = await files.OpenAsync();
        Assert.Null(await again.ProblemAsync(new() { Op = FileOps.Stat, Path = files.Root }));
    }

    [Fact]
    public async Task Read_WhoseChannelIsClosed_Ends()
    {
        using var files = new FilesUnderTest();
        using (var file = File.OpenHandle(files["big"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 1L << 40); // hashing it would take an hour
        }

        var client = await files.OpenAsync();
        await client.SendAsync(new FileCall { Op = FileOps.Hash, Path = files.At("big") });
        await client.Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await client.Served.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Watch_OfAFolder_TellsWhatChangesUntilItIsGone()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["d"]);
        await using var client = await files.OpenAsync(files.Scope with { Hidden = ["*.key"] });
        await client.SendAsync(new FileCall { Op = FileOps.Watch, Path = files.At("d") });
        Assert.Empty((await client.ReplyAsync()).Entries!);
        File.WriteAllText(files["d/x.key"], "1");
        File.WriteAllText(files["d/f"], "1");
        var made = await client.ReplyAsync();
        Assert.Equal(["f"], made.Entries!.Select(e => e.Segment));
        File.Delete(files["d/f"]);
        FileReply gone;
        do
        {
            gone = await client.ReplyAsync();
        }
        while (gone.Entries!.Single().Kind != FileKind.Other);
        Directory.Delete(files["d"], recursive: true);
        do
        {
            gone = await client.ReplyAsync();
        }
        while (!gone.IsLast);
        Assert.Equal(FileProblems.NotFound, gone.Problem!.Code);

        await client.SendAsync(new FileCall { Op = FileOps.Watch, Path = files.Root });
        await client.ReplyAsync();
        Assert.True((await client.LastAsync(new() { Op = FileOps.Stat, Path = files.Root })).IsLast); // the watch ends with the next call
        Assert.NotNull((await client.ReplyAsync()).Entry);
    }

    [Fact]
    public async Task Trash_OfTheFileSystem_TakesWhatIsRemoved()
    {
        using var files = new FilesUnderTest();
        using (var mount = Process.Start("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", files.Root]))
        {
            mount.WaitForExit();
            Assert.SkipUnless(mount.ExitCode == 0, "This needs the right to mount.");
        }

        try
        {
            await using var client = await files.OpenAsync();
            foreach (var content in (string[])["1", "2"])
            {
                await client.PutAsync(files.At("a b"), FilesUnderTest.Bytes(content));
                Assert.Equal(1, (await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At("a b"), Trash = true })).Count);
            }

            var trash = $".Trash-{Operone.Agent.Platforms.Unix.Libc.EffectiveUser()}";
            Assert.False(File.Exists(files["a b"]));
            Assert.Equal("1", File.ReadAllText(files[$"{trash}/files/a b"]));
            Assert.Equal("2", File.ReadAllText(files[$"{trash}/files/a b.2"]));
            Assert.Matches(@"^\[Trash Info\]\nPath=a%20b\nDeletionDate=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\n$", File.ReadAllText(files[$"{trash}/info/a b.trashinfo"]));
            Assert.Equal(FileProblems.Unsupported, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At(trash, "files", "a b"), Trash = true }));
        }
        finally
        {
            using var unmount = Process.Start("umount", [files.Root]);
            unmount.WaitForExit();
        }
    }

    [Fact]
    public async Task Folder_Of10000_IsListedWhole()
    {
        using var files = new FilesUnderTest();
        for (var i = 0; i < 10_000; i++)
        {
            File.Create(files[$"f{i}"]).Dispose();
        }

        await using var client = await files.OpenAsync();
        var replies = await client.CallAsync(new() { Op = FileOps.List, Path = files.Root });
        Assert.Equal(10_000, replies[^1].Count);
        Assert.Equal(10_000, replies.SelectMany(r => r.Entries!).Select(e => e.Segment).Distinct().Count());
        Assert.Equal(10_000, (await client.LastAsync(new() { Op = FileOps.Walk, Path = files.Root })).Count);
        Assert.Equal(10_000, (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Root, Sort = "modified" })).Count);
    }
}
