using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Files.Unpack;

namespace Operone.Web.Files.Archives.Inside;

/// <summary>A file in an archive that is read on and on. What is wrong with the archive is the error that the reader is given, in the middle too.</summary>
/// <param name="content">Its bytes.</param>
/// <param name="entry">What it is.</param>
/// <param name="most">How many bytes are wanted.</param>
/// <param name="place">Where it is, for people.</param>
/// <param name="isToEnd">Whether that is up to its end.</param>
internal sealed class InsideReading(Stream content, FileEntry entry, long most, string place, bool isToEnd) : IFileReading
{
    private long _left = most;

    public FileEntry Entry => entry;

    /// <summary>Leaves out what is before the part that is wanted.</summary>
    public Task SkipAsync(long count, CancellationToken cancellationToken) => SkipAsync(content, count, cancellationToken);

    /// <summary>Leaves out so much of a stream.</summary>
    /// <exception cref="EndOfStreamException">It has no so much.</exception>
    public static async Task SkipAsync(Stream stream, long count, CancellationToken cancellationToken)
    {
        if (stream.CanSeek)
        {
            stream.Position += count;
            return;
        }

        var buffer = new byte[FileLimits.PieceBytes];
        while (count > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), cancellationToken);
            count -= read > 0 ? read : throw new EndOfStreamException("It ends before the entry begins.");
        }
    }

    public async ValueTask<Result<FilePiece>> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            if (_left == 0 || buffer.IsEmpty)
            {
                return default(FilePiece);
            }

            var count = await content.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
            if (count == 0)
            {
                return UnpackStop.Broken($"{place} ends {_left} bytes too soon.").Error;
            }

            _left -= count;
            if (_left == 0 && isToEnd)
            {
                // what was said of it is held against what came when its end is read
                await content.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellationToken);
            }

            return new FilePiece(count, 0);
        }
        catch (Exception problem) when (ArchiveInside.Explain(problem) is not null)
        {
            return ArchiveInside.Explain(problem)!;
        }
    }

    public ValueTask DisposeAsync() => content.DisposeAsync();
}
