using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Operone.Core.Files.Chunks;

/// <summary>
/// Cuts a file where its content says so, and not at fixed places: whatever is put in or taken out, the chunks behind are the same again. FastCDC with
/// normalised chunking (Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based Storage Systems", 2020): a rolling
/// print of the last 64 bytes; a chunk ends where its highest bits are zero, more of them before the average length and fewer behind it. Both ends make the same
/// chunks of the same bytes, whatever pieces they come in.
/// </summary>
public sealed class Chunker : IDisposable
{
    private const int Normalisation = 2;

    private static readonly ulong[] _gear = MakeGear();

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly int _min;
    private readonly int _average;
    private readonly int _max;
    private readonly ulong _strict;
    private readonly ulong _loose;
    private ulong _print;
    private int _length;

    /// <summary>Makes one.</summary>
    /// <param name="average">About how long chunks are to be, see <see cref="ChunkLimits.IsAverage"/>.</param>
    public Chunker(int average)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(ChunkLimits.IsAverage(average), false, nameof(average));
        (_min, _average, _max) = (average / ChunkLimits.Spread, average, average * ChunkLimits.Spread);
        var bits = int.Log2(average);
        (_strict, _loose) = (ulong.MaxValue << (64 - bits - Normalisation), ulong.MaxValue << (64 - bits + Normalisation));
    }

    /// <summary>Adds bytes; the chunks that end in them are added to <paramref name="found"/>.</summary>
    public void Add(ReadOnlySpan<byte> bytes, ICollection<FileChunk> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        while (!bytes.IsEmpty)
        {
            var count = Scan(bytes, out var isEnd);
            _hash.AppendData(bytes[..count]);
            _length += count;
            bytes = bytes[count..];
            if (isEnd)
            {
                End(found);
            }
        }
    }

    /// <summary>There are no more bytes: what is left is the last chunk.</summary>
    public void End(ICollection<FileChunk> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        if (_length > 0)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            _hash.GetHashAndReset(hash);
            found.Add(new FileChunk(_length, BinaryPrimitives.ReadUInt128BigEndian(hash)));
            (_length, _print) = (0, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    /// <summary>How many of the bytes belong to the chunk, and whether it ends with them.</summary>
    private int Scan(ReadOnlySpan<byte> bytes, out bool isEnd)
    {
        isEnd = true;
        var print = _print;
        var at = Math.Clamp(_min - _length, 0, bytes.Length); // shorter than that none is
        foreach (var (length, mask) in ((int Length, ulong Mask)[])[(_average, _strict), (_max, _loose)])
        {
            for (var to = Math.Min(bytes.Length, length - _length); at < to; at++)
            {
                print = (print << 1) + _gear[bytes[at]];
                if ((print & mask) == 0)
                {
                    return at + 1;
                }
            }
        }

        isEnd = _length + at == _max;
        _print = print;
        return at;
    }

    /// <summary>A number for each byte that has nothing to do with those of others, the same everywhere.</summary>
    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        for (var i = 0; i < gear.Length; i++)
        {
            gear[i] = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData([(byte)i]));
        }

        return gear;
    }
}
