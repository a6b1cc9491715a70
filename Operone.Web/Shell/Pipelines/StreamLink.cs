using System.Buffers;
using System.Net.WebSockets;
using Operone.Core.Channels;
using Operone.Web.Shell.Streams;

namespace Operone.Web.Shell.Pipelines;

/// <summary>
/// One command's standard output joined to another's standard input: one buffer, and a side that does not take makes the other
/// one wait. The reader is told of an end only where the writer has ended well: it never takes a part for the whole.
/// </summary>
/// <param name="source">The output.</param>
/// <param name="sink">The input; null where its command has ended already, which is as one that stops reading.</param>
internal sealed class StreamLink(DeviceStream source, DeviceStream? sink)
{
    private volatile bool _isUnread = sink is null;

    /// <summary>Carries everything. Gives whether it went through in order, which a reader that stops early is too.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var carrying = OrderlyAsync(CarryAsync(stop.Token));
        var listening = OrderlyAsync(ListenAsync(stop.Token));

        // whichever breaks first ends the other one; a wait that is cancelled breaks its connection
        if (!await await Task.WhenAny(carrying, listening))
        {
            await stop.CancelAsync();
        }

        var (carried, listened) = (await carrying, await listening);
        return carried && listened;
    }

    private async Task<bool> CarryAsync(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChannelLimits.BufferBytes);
        try
        {
            int count;
            while ((count = await source.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (!_isUnread)
                {
                    await SendAsync(buffer.AsMemory(0, count), cancellationToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (_isUnread)
        {
            return true;
        }

        if (source.Ended is not { Text: null } end)
        {
            return false;
        }

        await source.CloseAsync(cancellationToken);
        if (end.ExitCode != 0)
        {
            return false;
        }

        await sink!.CloseAsync(cancellationToken);
        return true;
    }

    private async Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await sink!.SendAsync(data, cancellationToken);
        }
        catch (Exception gone) when (_isUnread && gone is WebSocketException or IOException or ObjectDisposedException)
        {
            // it had said before that it reads no more
        }
    }

    /// <summary>Waits for what the reader says to its end; one that reads no more ends the writer by SIGPIPE.</summary>
    private async Task<bool> ListenAsync(CancellationToken cancellationToken)
    {
        if (sink is not null)
        {
            var buffer = new byte[4096];
            while (await sink.ReadAsync(buffer, cancellationToken) > 0)
            {
            }

            if (sink.Ended is not { } end)
            {
                return false;
            }

            if (end.Text is null)
            {
                return true;
            }
        }

        _isUnread = true;
        await source.CloseAsync(cancellationToken);
        return true;
    }

    private static async Task<bool> OrderlyAsync(Task<bool> direction)
    {
        try
        {
            return await direction;
        }
        catch (Exception broken) when (broken is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }
}
