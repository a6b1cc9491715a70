using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Pages.Look;

/// <summary>Bytes of a file in memory: never more than a window of it, or what can be edited.</summary>
internal static class FileBytes
{
    /// <summary>Reads up to <paramref name="most"/> bytes from an offset on, with what the file was then.</summary>
    public static async Task<Result<(byte[] Bytes, FileEntry Entry)>> ReadAsync(
        FileService files, Actor actor, TreePath path, long offset, int most, CancellationToken cancellationToken)
    {
        var opened = await files.ReadAsync(actor, path, offset, most, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        await using var reading = opened.Value;
        var (bytes, problem) = await ReadAsync(reading, most, cancellationToken);
        return problem is null ? (bytes, reading.Entry) : problem;
    }

    /// <summary>Reads up to <paramref name="most"/> bytes of what was opened for no more; and what came before something went wrong.</summary>
    public static async Task<(byte[] Bytes, Error? Problem)> ReadAsync(IFileReading reading, int most, CancellationToken cancellationToken)
    {
        var buffer = new byte[most];
        var count = 0;
        while (true)
        {
            // at its end too: with the last word read, the channel is good for the next call
            var piece = await reading.ReadAsync(buffer.AsMemory(count), cancellationToken);
            if (piece.IsError || piece.Value.IsEnd)
            {
                return (buffer[..count], piece.Error);
            }

            // a hole is zeros, which the buffer has; more than was asked for never comes
            count += piece.Value.Count > 0 ? piece.Value.Count : (int)piece.Value.Hole;
        }
    }
}
