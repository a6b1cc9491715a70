namespace Operone.Core.Files.Chunks;

/// <summary>Chunks as they come from somebody who is not trusted to have made them as was asked.</summary>
/// <param name="average">The average length that was asked for.</param>
public sealed class ChunkList(int average)
{
    private readonly byte[] _rest = new byte[FileChunk.Bytes];
    private readonly List<FileChunk> _chunks = [];
    private int _have;
    private bool _isEnded;

    /// <summary>Those that have come.</summary>
    public IReadOnlyList<FileChunk> Chunks => _chunks;

    /// <summary>How many bytes they have.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds what has come, cut anywhere; false where it cannot be what was asked for.</summary>
    public bool Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, _rest.Length - _have);
            bytes[..count].CopyTo(_rest.AsSpan(_have));
            bytes = bytes[count..];
            if ((_have += count) < _rest.Length)
            {
                return true;
            }

            _have = 0;
            var chunk = FileChunk.Read(_rest);
            if (_isEnded || chunk.Length <= 0 || chunk.Length > average * ChunkLimits.Spread)
            {
                return false;
            }

            // only the last one is shorter: so there are never more than a file can have
            _isEnded = chunk.Length < average / ChunkLimits.Spread;
            Bytes += chunk.Length;
            _chunks.Add(chunk);
        }

        return true;
    }

    /// <summary>Whether they are all of a file of that size.</summary>
    public bool IsAllOf(long size) => _have == 0 && Bytes == size;

    /// <summary>Chunks as they are sent.</summary>
    public static byte[] Write(IReadOnlyList<FileChunk> chunks)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        var bytes = new byte[chunks.Count * FileChunk.Bytes];
        for (var i = 0; i < chunks.Count; i++)
        {
            chunks[i].Write(bytes.AsSpan(i * FileChunk.Bytes));
        }

        return bytes;
    }
}
