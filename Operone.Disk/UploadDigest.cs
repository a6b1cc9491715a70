using System.Buffers;
using System.Security.Cryptography;
using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>The SHA-256 of an upload, kept as it is written over one channel from its beginning; else it is read once more at the end.</summary>
internal sealed class UploadDigest : IDisposable
{
    private static readonly byte[] _zeros = new byte[64 * 1024];

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private (Guid Upload, TreePath Path)? _of;
    private long _length;

    /// <summary>Begins to write somewhere.</summary>
    public void Begin(Guid upload, TreePath path, long offset)
    {
        if (Is(upload, path) && _length == offset)
        {
            return;
        }

        _ = _hash.GetHashAndReset();
        _of = offset == 0 ? (upload, path) : null;
        _length = 0;
    }

    /// <summary>Adds what is written.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_of is not null)
        {
            _hash.AppendData(bytes);
            _length += bytes.Length;
        }
    }

    /// <summary>Adds zeros.</summary>
    public void AddHole(long length)
    {
        for (; length > 0 && _of is not null; length -= _zeros.Length)
        {
            Add(_zeros.AsSpan(0, (int)Math.Min(length, _zeros.Length)));
        }
    }

    /// <summary>What was added is not what is there: it is read at the end.</summary>
    public void Forget() => _of = null;

    /// <summary>The digest of all.</summary>
    public byte[] Finish(Guid upload, TreePath path, IDiskPart part, CancellationToken cancel)
    {
        if (Is(upload, path) && _length == part.Length)
        {
            return _hash.GetCurrentHash();
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(_zeros.Length * 4);
        try
        {
            int count;
            for (long at = 0; (count = part.Read(buffer, at)) > 0; at += count)
            {
                cancel.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return hash.GetHashAndReset();
    }

    private bool Is(Guid upload, TreePath path) => _of is { } of && of.Upload == upload && of.Path.Equals(path);

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
