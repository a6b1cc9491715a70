using System.Runtime.Versioning;
using System.Security.Cryptography;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Tests.Core.Files.Chunks;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>What a device says of the chunks of its files, and uploads that take bytes of what they replace.</summary>
[SupportedOSPlatform("linux")]
public sealed class ReuseTests
{
    private const int Average = ChunkLimits.MinAverage;

    [Fact]
    public async Task Chunks_OfAFile_AreThoseOfItsBytes()
    {
        using var files = new FilesUnderTest();
        var bytes = RandomNumberGenerator.GetBytes(40_000_000);
        await File.WriteAllBytesAsync(files["f"], bytes, TestContext.Current.CancellationToken);
        await using var client = await files.OpenAsync();
        var (entry, chunks) = await ChunksAsync(client, files.At("f"));
        Assert.Equal(bytes.Length, entry.Size);
        using var chunker = new Chunker(Average);
        var expected = new List<FileChunk>();
        chunker.Add(bytes, expected);
        chunker.End(expected);
        Assert.Equal(expected, chunks);
        Assert.Equal(entry.Tag, (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("f") })).Entry!.Tag);
    }

    [Fact]
    public async Task Chunks_OfWhatMayNotBeHad_AreRefused()
    {
        using var files = new FilesUnderTest();
        await File.WriteAllTextAsync(files["f"], "f", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(files["a.key"], "hidden", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(files["out"], Path.Combine(files.Outside, "secret"));
        await using var client = await files.OpenAsync(files.Scope with { Hidden = ["*.key"] });
        Task<string?> ProblemAsync(string path, long? average = Average) => client.ProblemAsync(new() { Op = FileOps.Chunks, Path = path, Length = average });
        Assert.Equal(FileProblems.NotFound, await ProblemAsync(files.At("a.key")));
        Assert.Equal(FileProblems.NotFound, await ProblemAsync(files.At("none")));
        Assert.Equal(FileProblems.Outside, await ProblemAsync(files.At("out")));
        Assert.Equal(FileProblems.WrongKind, await ProblemAsync(files.At()));
        Assert.Equal(FileProblems.Failed, await ProblemAsync(files.At("f"), 1));
        Assert.Equal(FileProblems.Failed, await ProblemAsync(files.At("f"), Average + 1));
        Assert.Equal(FileProblems.Failed, await ProblemAsync(files.At("f"), null));
        Assert.Single((await ChunksAsync(client, files.At("f"))).Chunks);
    }

    [Fact]
    public async Task Upload_ThatTakesOfWhatItReplaces_IsRight()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var old = new byte[random.Next(500_000, 3_000_000)];
            random.NextBytes(old);
            await File.WriteAllBytesAsync(files["f"], old, TestContext.Current.CancellationToken);
            var (entry, there) = await ChunksAsync(client, files.At("f"));
            var now = Edits.Apply(old, random, random.Next(0, 6));
            using var chunker = new Chunker(Average);
            var chunks = new List<FileChunk>();
            chunker.Add(now, chunks);
            chunker.End(chunks);
            var plan = ReusePlan.Make(new(entry with { Tag = "new" }, chunks), new(entry, there));
            if (plan is null)
            {
                continue;
            }

            // it breaks off anywhere, and goes on there
            var (upload, cut) = (Guid.NewGuid(), random.Next(0, now.Length));
            Assert.Equal(cut, (await client.WriteAsync(files.At("f"), upload, 0, Parts(plan, 0, cut))).Offset);
            await using (var other = await files.OpenAsync())
            {
                Assert.Equal(now.Length, (await other.WriteAsync(files.At("f"), upload, cut, Parts(plan, cut, now.Length))).Offset);
            }

            Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("f"), Upload = upload, Overwrite = true, Sha256 = SHA256.HashData(now) }));
            Assert.Equal(now, await File.ReadAllBytesAsync(files["f"], TestContext.Current.CancellationToken));

            IEnumerable<object> Parts(ReusePlan plan, int from, int to) => plan.From(from).TakeWhile(s => s.Offset < to).Select(s => s with { Length = Math.Min(s.Length, to - s.Offset) })
                .Select(s => s.OldOffset is { } offset ? (object)new FileReuse(offset, s.Length, plan.Old.Tag!) : now[(int)s.Offset..(int)(s.Offset + s.Length)]);
        }
    }

    [Fact]
    public async Task Upload_WhoseOldVersionIsNotWhatItWas_SaysSo()
    {
        using var files = new FilesUnderTest();
        await File.WriteAllTextAsync(files["f"], "0123456789", TestContext.Current.CancellationToken);
        await using var client = await files.OpenAsync();
        var tag = (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("f") })).Entry!.Tag!;
        async Task<string?> WriteAsync(string name, params object[] parts) => (await client.WriteAsync(files.At(name), Guid.NewGuid(), 0, parts)).Problem?.Code;
        Assert.Null(await WriteAsync("f", new FileReuse(2, 8, tag), "x"u8.ToArray(), new FileReuse(0, 1, tag)));
        Assert.Equal(FileProblems.Changed, await WriteAsync("f", new FileReuse(0, 1, "another")));
        Assert.Equal(FileProblems.Failed, await WriteAsync("f", new FileReuse(2, 9, tag)));
        Assert.Equal(FileProblems.Failed, await WriteAsync("f", new FileReuse(-1, 1, tag)));
        Assert.Equal(FileProblems.Failed, await WriteAsync("f", new FileReuse(1, 0, tag)));
        Assert.Equal(FileProblems.Failed, await WriteAsync("f", new FileReuse(long.MaxValue, long.MaxValue, tag)));
        Assert.Equal(FileProblems.Changed, await WriteAsync("none", new FileReuse(0, 1, tag)));
        await File.WriteAllTextAsync(files["f"], "9876543210", TestContext.Current.CancellationToken);
        Assert.Equal(FileProblems.Changed, await WriteAsync("f", new FileReuse(0, 1, tag)));
        Assert.Equal("9876543210", await File.ReadAllTextAsync(files["f"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Upload_WhoseOldVersionChangesUnderIt_IsFoundOutAtTheEnd()
    {
        using var files = new FilesUnderTest();
        var old = RandomNumberGenerator.GetBytes(200_000);
        await File.WriteAllBytesAsync(files["f"], old, TestContext.Current.CancellationToken);
        var time = File.GetLastWriteTimeUtc(files["f"]);
        await using var client = await files.OpenAsync();
        var upload = Guid.NewGuid();
        var tag = (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("f") })).Entry!.Tag!;

        // the right tag, and other bytes than was thought
        Assert.Equal(200_001, (await client.WriteAsync(files.At("f"), upload, 0, "x"u8.ToArray(), new FileReuse(0, 200_000, tag))).Offset);
        Assert.Equal(FileProblems.BadDigest, await client.ProblemAsync(
            new() { Op = FileOps.Commit, Path = files.At("f"), Upload = upload, Overwrite = true, Sha256 = SHA256.HashData([(byte)'y', .. old]) }));
        Assert.Equal(old, await File.ReadAllBytesAsync(files["f"], TestContext.Current.CancellationToken));
        Assert.Equal(time, File.GetLastWriteTimeUtc(files["f"]));
    }

    [Fact]
    public async Task Holes_OfAnOldVersion_StayHoles()
    {
        using var files = new FilesUnderTest();
        using (var file = File.OpenHandle(files["sparse"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 256 << 20);
            RandomAccess.Write(file, "in the middle"u8, 128 << 20);
        }

        await using var client = await files.OpenAsync();
        var (upload, tag) = (Guid.NewGuid(), (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("sparse") })).Entry!.Tag!);
        await client.WriteAsync(files.At("sparse"), upload, 0, "front"u8.ToArray(), new FileReuse(0, 256 << 20, tag));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Commit, Path = files.At("sparse"), Upload = upload, Overwrite = true }));
        var read = await client.ReadAsync(files.At("sparse"));
        Assert.Equal((256 << 20) + 5, read.Content.Length + read.Holes);
        Assert.InRange(read.Content.Length, 18, 512 * 1024);
    }

    private static async Task<(FileEntry Entry, IReadOnlyList<FileChunk> Chunks)> ChunksAsync(FileClient client, string path)
    {
        await client.SendAsync(new FileCall { Op = FileOps.Chunks, Path = path, Length = Average });
        var first = await client.ReplyAsync();
        Assert.Null(first.Problem);
        var list = new ChunkList(Average);
        while (await client.ReceiveAsync() is { Reply: not { IsLast: true } } came)
        {
            Assert.Null(came.Reply);
            Assert.True(list.Add(came.Bytes.Span));
        }

        Assert.True(list.IsAllOf(first.Entry!.Size!.Value));
        return (first.Entry, list.Chunks);
    }
}
