using System.Buffers.Binary;

namespace Operone.Core.Files.Chunks;

/// <summary>A stretch of a file that its content cuts, see <see cref="Chunker"/>.</summary>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Hash">The first 16 bytes of their SHA-256. Two that are taken for one by it are found out by the SHA-256 of the whole file.</param>
public readonly record struct FileChunk(int Length, UInt128 Hash)
{
    /// <summary>How many bytes one has in a list: four of its length, then its hash, the highest first.</summary>
    public const int Bytes = 20;

    /// <summary>The chunk that is written at the beginning of the bytes.</summary>
    public static FileChunk Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadInt32BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[4..]));

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(bytes, Length);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[4..], Hash);
    }
}

/// <summary>All chunks of a file.</summary>
/// <param name="Entry">The file as it was when they were made; it was the same at their end.</param>
/// <param name="Chunks">The chunks, from its beginning to its end.</param>
public sealed record FileChunks(FileEntry Entry, IReadOnlyList<FileChunk> Chunks);

/// <summary>What holds for chunks at both ends.</summary>
public static class ChunkLimits
{
    /// <summary>A smaller file is just sent.</summary>
    public const long MinFileBytes = 1 << 20;

    /// <summary>The least average length of chunks, a power of two.</summary>
    public const int MinAverage = 16 << 10;

    /// <summary>The largest average length of chunks, a power of two.</summary>
    public const int MaxAverage = 16 << 20;

    /// <summary>By how much a chunk may be shorter than the average, but for the last one, or longer.</summary>
    public const int Spread = 4;

    /// <summary>The most bytes that are taken from an old version by one word, so that those who wait hear something.</summary>
    public const long MaxReuse = 16 << 20;

    private const long UsualCount = 16 << 10;
    private const long MaxCount = 256 << 10;

    /// <summary>Whether both ends can have this average.</summary>
    public static bool IsAverage(long bytes) => bytes is >= MinAverage and <= MaxAverage && long.IsPow2(bytes);

    /// <summary>Whether a file of that size can be cut so: both ends hold its list in memory, 8 MB of it at the most where chunks are as long as they should be.</summary>
    public static bool IsFor(long average, long size) => IsAverage(average) && size / average <= MaxCount;

    /// <summary>The average length for a file: so that its list has about 330 KB at the most, up to 256 GiB.</summary>
    public static int AverageFor(long size)
    {
        var average = MinAverage;
        while (average < MaxAverage && size / average > UsualCount)
        {
            average *= 2;
        }

        return average;
    }

    /// <summary>Whether it may pay to look for what two versions of a file have in common.</summary>
    public static bool MayPay(long size, long oldSize) => size >= MinFileBytes && oldSize >= Math.Max(MinFileBytes / 4, size / 8) && oldSize / 8 <= size;
}
