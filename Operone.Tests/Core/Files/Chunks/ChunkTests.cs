using System.Security.Cryptography;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Xunit;

namespace Operone.Tests.Core.Files.Chunks;

public sealed class ChunkTests
{
    private const int Average = ChunkLimits.MinAverage;

    [Fact]
    public void Chunks_OfAnyPieces_AreTheSameAndCoverTheWhole()
    {
        var bytes = Random(1, 3_000_000);
        var whole = Cut(bytes);
        Assert.Equal(bytes.Length, whole.Sum(c => c.Length));
        Assert.All(whole[..^1], c => Assert.InRange(c.Length, Average / ChunkLimits.Spread, Average * ChunkLimits.Spread));
        Assert.InRange(whole.Sum(c => c.Length) / whole.Count, Average / 2, Average * 2);
        var random = new Random(2);
        for (var round = 0; round < 20; round++)
        {
            Assert.Equal(whole, Cut(bytes, () => random.Next(1, 100_000)));
        }

        Assert.Equal(whole, Cut(bytes[..200_000].Concat(bytes[200_000..]).ToArray(), () => 1));
        var (at, written) = (0, new byte[FileChunk.Bytes]);
        foreach (var chunk in whole)
        {
            chunk.Write(written);
            Assert.Equal(SHA256.HashData(bytes.AsSpan(at, chunk.Length))[..16], written[4..]);
            Assert.Equal(chunk, FileChunk.Read(written));
            at += chunk.Length;
        }
    }

    [Fact]
    public void Chunks_AreWhatTheyWereInEveryVersion()
    {
        // agents and nodes of other versions have to make the same: whoever changes this gives the call another name
        var chunks = Cut(Random(7, 1_000_000));
        Assert.Equal("56 6af80ac3d13c5085", $"{chunks.Count} {Convert.ToHexStringLower(SHA256.HashData(ChunkList.Write(chunks)))[..16]}");
    }

    [Theory]
    [InlineData(0, 0, 5)]
    [InlineData(0, 3, 0)]
    [InlineData(1_500_000, 0, 100)]
    [InlineData(1_500_000, 70_000, 0)]
    [InlineData(2_999_999, 1, 7)]
    public void Chunks_OfWhatIsPutInOrTakenOut_AreTheSameBehind(int at, int removed, int put)
    {
        var old = Random(3, 3_000_000);
        byte[] now = [.. old[..at], .. Random(4, put), .. old[(at + removed)..]];
        var known = Cut(old).ToHashSet();
        Assert.InRange(Cut(now).Where(c => !known.Contains(c)).Sum(c => (long)c.Length), 0, 6 * Average);
    }

    [Fact]
    public void Chunks_OfZeros_AreAsLongAsTheyMayBe()
    {
        Assert.Equal([Average * ChunkLimits.Spread, Average * ChunkLimits.Spread, 17], Cut(new byte[(Average * ChunkLimits.Spread * 2) + 17]).Select(c => c.Length));
        Assert.Empty(Cut([]));
    }

    [Theory]
    [InlineData(1L << 20, 16 << 10)]
    [InlineData(1L << 30, 64 << 10)]
    [InlineData(4L << 30, 256 << 10)]
    [InlineData(256L << 30, 16 << 20)]
    [InlineData(1L << 50, 16 << 20)]
    public void Average_GrowsWithTheFile(long size, int average) => Assert.Equal(average, ChunkLimits.AverageFor(size));

    [Fact]
    public void List_ThatIsNotOfSuchAFile_IsRefused()
    {
        Assert.False(new ChunkList(Average).Add(Bytes(new FileChunk(0, 1))));
        Assert.False(new ChunkList(Average).Add(Bytes(new FileChunk(-1, 1))));
        Assert.False(new ChunkList(Average).Add(Bytes(new FileChunk((Average * ChunkLimits.Spread) + 1, 1))));
        Assert.False(new ChunkList(Average).Add([.. Bytes(new FileChunk(1, 1)), .. Bytes(new FileChunk(1, 1))])); // only the last one is short
        var list = new ChunkList(Average);
        byte[] right = [.. Bytes(new FileChunk(Average, 1)), .. Bytes(new FileChunk(5, 2))];
        Assert.All(right, b => Assert.True(list.Add([b])));
        Assert.True(list.IsAllOf(Average + 5));
        Assert.False(list.IsAllOf(Average));
        var half = new ChunkList(Average);
        Assert.True(half.Add(right.AsSpan(0, right.Length - 1)));
        Assert.False(half.IsAllOf(Average));
        static byte[] Bytes(FileChunk chunk) => ChunkList.Write([chunk]);
    }

    [Fact]
    public void Plan_OfRandomEdits_MakesTheFileFromAnyOffsetOn()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var old = Random(seed, random.Next(200_000, 2_000_000));
            var now = Edits.Apply(old, random, random.Next(0, 12));
            var plan = ReusePlan.Make(Of(now, "new"), Of(old, "old"));
            if (plan is null)
            {
                continue;
            }

            Assert.Equal(("new", "old"), (plan.Now.Tag, plan.Old.Tag));
            var from = random.Next(0, now.Length);
            foreach (var offset in new[] { 0, from, now.Length })
            {
                var made = new MemoryStream();
                foreach (var stretch in plan.From(offset))
                {
                    Assert.Equal(offset + made.Length, stretch.Offset);
                    Assert.InRange(stretch.Length, 1, stretch.OldOffset is null ? long.MaxValue : ChunkLimits.MaxReuse);
                    made.Write(stretch.OldOffset is { } at ? old.AsSpan((int)at, (int)stretch.Length) : now.AsSpan((int)stretch.Offset, (int)stretch.Length));
                }

                Assert.True(now.AsSpan(offset).SequenceEqual(made.ToArray()), $"seed {seed} from {offset}");
            }
        }
    }

    [Fact]
    public void Plan_ThatSavesLittle_IsNone()
    {
        Assert.Null(ReusePlan.Make(Of(Random(1, 1_000_000), "new"), Of(Random(2, 1_000_000), "old")));
        Assert.Null(ReusePlan.Make(Of([], "new"), Of(Random(2, 1_000_000), "old")));
        Assert.Null(ReusePlan.Make(Of(Random(1, 1_000_000), null), Of(Random(1, 1_000_000), "old")));
        var same = ReusePlan.Make(Of(Random(1, 1_000_000), "new"), Of(Random(1, 1_000_000), "old"));
        Assert.Equal([new FileStretch(0, 1_000_000, 0)], same!.From(0));
    }

    private static FileChunks Of(byte[] bytes, string? tag) => new(new FileEntry { Segment = "f", Kind = FileKind.File, Size = bytes.Length, Tag = tag }, Cut(bytes));

    private static List<FileChunk> Cut(byte[] bytes, Func<int>? piece = null)
    {
        using var chunker = new Chunker(Average);
        var chunks = new List<FileChunk>();
        for (var at = 0; at < bytes.Length;)
        {
            var count = Math.Min(bytes.Length - at, piece?.Invoke() ?? bytes.Length);
            chunker.Add(bytes.AsSpan(at, count), chunks);
            at += count;
        }

        chunker.End(chunks);
        return chunks;
    }

    private static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
