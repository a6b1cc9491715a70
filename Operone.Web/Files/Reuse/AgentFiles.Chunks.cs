using System.Buffers;
using System.Net.WebSockets;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;

namespace Operone.Web.Files;

/// <content>Chunks.</content>
internal sealed partial class AgentFiles
{
    public async Task<Result<FileChunks>> ChunksAsync(FileScope scope, TreePath path, int average, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(new() { Op = FileOps.Chunks, Scope = scope, Path = path.ToAddress(), Length = average }, path, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var (channel, first) = begun.Value;
        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            if (first.Entry is not { Kind: FileKind.File, Size: { } size } entry || !ChunkLimits.IsFor(average, size))
            {
                channel.Dispose();
                return FileErrors.NotUnderstood(device.Name);
            }

            var list = new ChunkList(average);
            for (var isLast = first.IsLast; !isLast;)
            {
                var (reply, count) = await channel.ReceiveAsync(buffer, cancellationToken);
                if (reply?.Problem is { } problem)
                {
                    return FileErrors.From(problem, PlaceOf(path));
                }

                isLast = reply?.IsLast == true;
                if (!list.Add(buffer.AsSpan(0, count)) || list.Bytes > size)
                {
                    channel.Dispose();
                    return FileErrors.NotUnderstood(device.Name);
                }
            }

            return list.IsAllOf(size) ? new FileChunks(entry, list.Chunks) : FileErrors.NotUnderstood(device.Name);
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException)
        {
            return FileErrors.Lost(device.Name);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            channels.Return(actor, device, channel);
        }
    }
}
