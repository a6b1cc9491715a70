using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Agent.Files;

[SupportedOSPlatform("linux")]
public sealed class FileOpsTests
{
    [Fact]
    public async Task Stat_OfFileFolderAndLink_SaysWhatTheyAre()
    {
        using var files = new FilesUnderTest();
        File.WriteAllText(files["a b"], "hello");
        Directory.CreateDirectory(files["folder"]);
        File.CreateSymbolicLink(files["link"], "folder");
        File.CreateSymbolicLink(files["out"], files.Outside);
        await using var client = await files.OpenAsync();

        var file = (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("a b") })).Entry!;
        Assert.Equal(("a%20b", FileKind.File, 5L, "root", 0x1A4), (file.Segment, file.Kind, file.Size!.Value, file.Owner, file.Mode!.Value));
        Assert.NotNull(file.ModifiedAt);
        Assert.NotNull(file.Tag);
        var folder = (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("folder") })).Entry!;
        Assert.Equal((FileKind.Folder, null), (folder.Kind, folder.Size));
        var link = (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("link") })).Entry!;
        Assert.Equal((FileKind.Link, "folder", FileKind.Folder), (link.Kind, link.Target, link.TargetKind));
        var outside = (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("out") })).Entry!;
        Assert.Equal((FileKind.Link, files.Outside, null), (outside.Kind, outside.Target, outside.TargetKind));
    }

    [Fact]
    public async Task List_InPages_GivesAllOnceInTheOrderOfPeople()
    {
        using var files = new FilesUnderTest();
        foreach (var name in (string[])["b", "A", "a", "C", "z1", "Z0", "é", "É"])
        {
            File.WriteAllText(files[name], new string('x', name[0]));
        }

        Directory.CreateDirectory(files["zz"]);
        File.WriteAllText(files[".operone-1.part"], "");
        await using var client = await files.OpenAsync();
        var all = new List<string>();
        FileReply last;
        do
        {
            var replies = await client.CallAsync(new() { Op = FileOps.List, Path = files.Root, Length = 3, After = all.Count == 0 ? null : FileName.ToSegment(all[^1]) });
            last = replies[^1];
            all.AddRange(replies.SelectMany(r => r.Entries ?? []).Select(e => e.Name));
        }
        while (all.Count < last.Count);
        Assert.Equal(["zz", "A", "a", "b", "C", "Z0", "z1", "É", "é"], all);
        Assert.Equal(["é", "É", "z1"], (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Root, Sort = "-size", Length = 3 })).Select(e => e.Name));
        var filtered = await client.CallAsync(new() { Op = FileOps.List, Path = files.Root, Filter = "Z" });
        Assert.Equal(["zz", "Z0", "z1"], filtered.SelectMany(r => r.Entries ?? []).Select(e => e.Name));
        Assert.Equal(3, filtered[^1].Count);
        var stretch = await client.CallAsync(new() { Op = FileOps.List, Path = files.Root, Filter = "Z", Offset = 1, Length = 1 });
        Assert.Equal(["Z0"], stretch.SelectMany(r => r.Entries ?? []).Select(e => e.Name));
        Assert.Equal((3L, 1L), (stretch[^1].Count, stretch[^1].Offset));
        Assert.Equal(["é"], (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Root, Offset = 8 })).Select(e => e.Name));
        Assert.Empty(await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Root, Offset = long.MaxValue }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(FileLimits.PieceBytes)]
    [InlineData((3 * FileLimits.PieceBytes) + 17)]
    public async Task File_WrittenAndRead_IsTheSame(int length)
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        var content = RandomNumberGenerator.GetBytes(length);
        var put = await client.PutAsync(files.At("f"), content);
        Assert.Null(put.Problem);
        Assert.Equal(length, put.Entry!.Size);
        Assert.Equal(content, await File.ReadAllBytesAsync(files["f"], TestContext.Current.CancellationToken));
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(files["f"]));
        Assert.Equal(["f"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName));
        Assert.Empty(Directory.GetFiles(Path.Combine(files.State, "files")));

        var read = await client.ReadAsync(files.At("f"));
        Assert.Equal(content, read.Content);
        Assert.Equal(read.Entry!.Tag, put.Entry.Tag);
        if (length > 10)
        {
            Assert.Equal(content[5..12], (await client.ReadAsync(files.At("f"), 5, 7)).Content);
            Assert.Equal(content[^3..], (await client.ReadAsync(files.At("f"), length - 3, 100)).Content);
            Assert.Empty((await client.ReadAsync(files.At("f"), length + 10)).Content);
        }

        Assert.Equal(SHA256.HashData(content), (await client.LastAsync(new() { Op = FileOps.Hash, Path = files.At("f") })).Sha256);
    }

    [Fact]
    public async Task Folders_MadeMovedAndRemoved_AreSo()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.At("a", "b") }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.At("a", "b", "c"), Recursive = true, Mode = 0x1C0 }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.At("a", "b", "c"), Recursive = true }));
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(files["a/b/c"]));
        Assert.Equal(FileProblems.Exists, await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.At("a") }));
        await client.PutAsync(files.At("a", "b", "f"), FilesUnderTest.Bytes("1"));
        await client.PutAsync(files.At("g"), FilesUnderTest.Bytes("2"));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("a", "b"), To = files.At("x") }));
        Assert.Equal(FileProblems.Exists, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("g"), To = files.At("x", "f") }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("g"), To = files.At("x", "f"), Overwrite = true }));
        Assert.Equal("2", await File.ReadAllTextAsync(files["x/f"], TestContext.Current.CancellationToken));
        Assert.Equal(FileProblems.WrongKind, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("x"), To = files.At("x", "c", "y") }));
        Assert.Equal(FileProblems.NotEmpty, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At("x") }));
        Assert.Equal(3, (await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At("x"), Recursive = true })).Count);
        Assert.Equal(1, (await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At("a") })).Count);
        Assert.Empty(Directory.GetFileSystemEntries(files.Root));
        Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At("a") }));
    }

    [Fact]
    public async Task Walk_OfTree_GivesFoldersBeforeWhatIsInThem()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["a/b b/c"]);
        File.WriteAllText(files["a/b b/f"], "1");
        File.WriteAllText(files["a/.operone-1.part"], "1");
        File.CreateSymbolicLink(files["a/up"], "..");
        await using var client = await files.OpenAsync();
        var all = (await client.EntriesAsync(new() { Op = FileOps.Walk, Path = files.Root })).Select(e => e.Segment).ToList();
        Assert.Equal(["a", "a/b%20b", "a/b%20b/c", "a/b%20b/f", "a/up"], all.Order(StringComparer.Ordinal));
        Assert.True(all.IndexOf("a") < all.IndexOf("a/b%20b") && all.IndexOf("a/b%20b") < all.IndexOf("a/b%20b/f"));
    }

    [Theory]
    [InlineData(1, 300)]
    [InlineData(200, 30)]
    public async Task Walk_OfFoldersThatLieTooDeep_GivesTheOthersAndSaysSo(int length, int depth)
    {
        using var files = new FilesUnderTest();
        await files.MakeDeepAsync(length, depth);
        File.WriteAllText(files["other"], "1");
        await using var client = await files.OpenAsync();
        var replies = await client.CallAsync(new() { Op = FileOps.Walk, Path = files.Root });
        var all = replies.SelectMany(r => r.Entries ?? []).ToList();
        Assert.Contains(all, e => e.Segment == "other");
        Assert.InRange(all.Count, 15, depth);
        Assert.All(all, e => Assert.False(TreePath.Parse("/devices/some-device" + files.At() + "/" + e.Segment).IsError, e.Segment));
        Assert.Contains("too deep", replies[^1].Problem?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_OfModeOwnerTimeAndAttributes_IsDone()
    {
        using var files = new FilesUnderTest();
        File.WriteAllText(files["f"], "1");
        File.CreateSymbolicLink(files["l"], "f");
        await using var client = await files.OpenAsync();
        var time = new DateTimeOffset(1969, 5, 4, 3, 2, 1, TimeSpan.Zero).AddTicks(1234567);
        var changed = (await client.LastAsync(new()
        {
            Op = FileOps.Change,
            Path = files.At("f"),
            Mode = 0x98D,
            Owner = "1234",
            Group = "daemon",
            ModifiedAt = time,
            Attributes = new Dictionary<string, byte[]?> { ["user.a"] = [1, 2], ["user.none"] = null },
        })).Entry!;
        Assert.Equal((0x98D, "1234", "daemon", time), (changed.Mode, changed.Owner, changed.Group, changed.ModifiedAt));
        Assert.Equal([1, 2], changed.Attributes!["user.a"]);
        Assert.Equal([1, 2], (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("f"), Recursive = true })).Entry!.Attributes!["user.a"]);
        Assert.Equal(FileProblems.Unsupported, await client.ProblemAsync(new() { Op = FileOps.Change, Path = files.At("f"), Attributes = new Dictionary<string, byte[]?> { ["security.capability"] = [1] } }));
        Assert.Equal(FileProblems.WrongKind, await client.ProblemAsync(new() { Op = FileOps.Change, Path = files.At("l"), Mode = 0 }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Change, Path = files.At("l"), ModifiedAt = time.AddDays(1), Owner = "root" }));
        Assert.Equal(time.UtcDateTime, File.GetLastWriteTimeUtc(files["f"]));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new() { Op = FileOps.Change, Path = files.At("f"), Owner = "nobody-is-called-so" }));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new() { Op = FileOps.Change, Path = files.At("f"), Mode = 0x1000 }));
    }

    [Fact]
    public async Task Link_Made_LeadsToWhatWasSaid()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.MakeLink, Path = files.At("l"), To = "../a%20b" }));
        Assert.Equal("../a b", new FileInfo(files["l"]).LinkTarget);
        Assert.Equal(FileProblems.Exists, await client.ProblemAsync(new() { Op = FileOps.MakeLink, Path = files.At("l"), To = "x" }));
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.MakeLink, Path = files.At("m") }));
    }

    [Fact]
    public async Task Calls_ThatMakeNoSense_AreAnsweredAndTheNextIsServed()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        foreach (var text in (string[])["{", "[]", "{}", "null", "{\"op\":null}", "{\"op\":\"stat\",\"path\":null}", "{\"op\":\"stat\",\"scope\":null}"])
        {
            await client.Socket.SendAsync(Encoding.UTF8.GetBytes(text), System.Net.WebSockets.WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
            Assert.NotNull((await client.ReplyAsync()).Problem);
        }

        Assert.Equal(FileProblems.Unsupported, await client.ProblemAsync(new() { Op = "format-the-disk" }));
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.Stat, Path = files.Root + "/%zz" }));
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.Stat, Path = files.Root + "/a%00b" }));
        Assert.Equal(FileProblems.Unsupported, await client.ProblemAsync(new() { Op = FileOps.List, Path = files.Root, Sort = "colour" }));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new() { Op = FileOps.Write, Path = files.At("f") }));
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("f") }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Stat, Path = files.Root }));
    }

    [Fact]
    public async Task Scope_ThatIsReadOnly_RefusesEveryChange()
    {
        using var files = new FilesUnderTest();
        File.WriteAllText(files["f"], "1");
        await using var client = await files.OpenAsync(files.Scope with { IsWritable = false });
        foreach (var op in (string[])[FileOps.Write, FileOps.Commit, FileOps.Discard, FileOps.MakeFolder, FileOps.MakeLink, FileOps.Rename, FileOps.Remove, FileOps.Change])
        {
            Assert.Equal(FileProblems.ReadOnly, await client.ProblemAsync(new() { Op = op, Path = files.At("f"), To = files.At("g"), Upload = Guid.NewGuid(), Mode = 0x1FF }));
        }

        Assert.Equal("1", Encoding.UTF8.GetString((await client.ReadAsync(files.At("f"))).Content));
        Assert.Equal(["f"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName));
    }
}
