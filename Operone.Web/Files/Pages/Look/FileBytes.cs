using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Pages.Look;

/// <summary>Bytes of a file in memory: never more than a window of it, or what can be edited.</summary>
internal static class FileBytes
{
    private const int Spare = 8192;

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
        // a channel takes control messages into the same buffer: there is always room for one
        var buffer = new byte[most + Spare];
        var count = 0;
        while (count <= most)
        {
            var piece = await reading.ReadAsync(buffer.AsMemory(count), cancellationToken);
            if (piece.IsError)
            {
                return piece.Error!;
            }

            if (piece.Value.IsEnd)
            {
                break;
            }

            // a hole is zeros, which the buffer has
            count += piece.Value.Count > 0 ? piece.Value.Count : (int)Math.Min(piece.Value.Hole, most - count);
        }

        count = Math.Min(count, most);
        return (buffer[..count], reading.Entry);
    }
}
