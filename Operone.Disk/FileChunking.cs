using System.Buffers;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;

namespace Operone.Disk;

/// <summary>The chunks of a file on a disk.</summary>
internal static class FileChunking
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Reads all of a file once.</summary>
    /// <exception cref="FileFault">It has changed meanwhile, or the average is none.</exception>
    public static FileChunks Read(IDiskFile file, FilePlace place, long average, CancellationToken cancel)
    {
        if (!ChunkLimits.IsFor(average, file.Entry.Size ?? 0))
        {
            throw new FileFault(FileProblems.Failed, $"Chunks have {ChunkLimits.MinAverage} to {ChunkLimits.MaxAverage} bytes on average, a power of two, and no file has too many of them; {average} was asked for of '{place}'.");
        }

        // of the system's own files nobody knows where they end: they have none
        var (size, chunks) = (file.Entry.Size ?? 0, new List<FileChunk>());
        using var chunker = new Chunker((int)average);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int count;
            for (long at = 0; at < size && (count = file.Read(buffer.AsSpan(0, (int)Math.Min(BufferBytes, size - at)), at)) > 0; at += count)
            {
                cancel.ThrowIfCancellationRequested();
                chunker.Add(buffer.AsSpan(0, count), chunks);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        chunker.End(chunks);
        return file.Now().Tag == file.Entry.Tag ? new FileChunks(file.Entry, chunks) : throw new FileFault(FileProblems.Changed, $"'{place}' has changed while it was read.");
    }
}
