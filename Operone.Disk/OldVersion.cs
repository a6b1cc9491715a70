using System.Buffers;
using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>
/// The file that an upload will replace, as long as it is written: what both have in common comes from here. Whether it was really that, the SHA-256 of the whole
/// says at the end.
/// </summary>
internal sealed class OldVersion(IDisk disk, FilePlace place) : IDisposable
{
    private IDiskFile? _file;

    /// <summary>Writes some of it behind what the upload has.</summary>
    /// <exception cref="FileFault">It is not what it was, or there is no such stretch in it.</exception>
    public void Append(IDiskPart part, UploadDigest digest, FileReuse reuse, CancellationToken cancel)
    {
        if (reuse.Length > long.MaxValue - part.Length)
        {
            throw NotThere(reuse);
        }

        var before = part.Length;
        try
        {
            Read(reuse, bytes =>
            {
                if (bytes.ContainsAnyExcept((byte)0))
                {
                    part.Write(bytes, part.Length);
                }
                else
                {
                    // what was a hole stays one
                    part.SetLength(part.Length + bytes.Length);
                }

                digest.Add(bytes);
            }, cancel);
        }
        catch
        {
            // nobody knows any more what of it was right
            digest.Forget();
            part.SetLength(before);
            throw;
        }
    }

    /// <summary>Reads some of it, piece by piece.</summary>
    /// <exception cref="FileFault">It is not what it was, or there is no such stretch in it.</exception>
    public void Read(FileReuse reuse, Action<ReadOnlySpan<byte>> take, CancellationToken cancel)
    {
        try
        {
            _file ??= disk.OpenFile(place);
        }
        catch (FileFault)
        {
            throw Changed(); // it was there when it was looked at
        }

        if (_file.Entry.Tag is not { } tag || tag != reuse.Tag || _file.Now().Tag != tag)
        {
            throw Changed();
        }

        if (reuse.Offset < 0 || reuse.Length <= 0 || !(reuse.Length <= _file.Entry.Size - reuse.Offset))
        {
            throw NotThere(reuse);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            for (var (at, left) = (reuse.Offset, reuse.Length); left > 0;)
            {
                cancel.ThrowIfCancellationRequested();
                var count = _file.Read(buffer.AsSpan(0, (int)Math.Min(FileLimits.PieceBytes, left)), at);
                if (count == 0)
                {
                    throw Changed();
                }

                take(buffer.AsSpan(0, count));
                (at, left) = (at + count, left - count);
            }

            if (_file.Now().Tag != tag)
            {
                throw Changed();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private FileFault NotThere(FileReuse reuse) => new(FileProblems.Failed, $"'{place}' has no {reuse.Length} bytes from {reuse.Offset} on.");

    private FileFault Changed() => new(FileProblems.Changed, $"'{place}' has changed since it was looked at.");
}
