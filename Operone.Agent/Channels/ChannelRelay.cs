using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using Operone.Core.Channels;

namespace Operone.Agent.Channels;

/// <summary>
/// Hands everything on between a channel and a local stream, each direction by itself: a side that does not read makes the
/// other one wait, and a direction that ends leaves the other one open.
/// </summary>
internal sealed class ChannelRelay(WebSocket channel, Stream local)
{
    private bool _isLocalGone;

    /// <summary>Relays until both directions have ended, or one of them broke.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var up = EndingAsync(UpAsync(broken.Token), broken);
        var down = EndingAsync(DownAsync(broken.Token), broken);
        await Task.WhenAll(up, down);
    }

    /// <summary>A direction that broke ends the other one; one that ended in order does not.</summary>
    private static async Task EndingAsync(Task<bool> direction, CancellationTokenSource broken)
    {
        var inOrder = false;
        try
        {
            inOrder = await direction;
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // the other end is gone: whoever is left learns it by its own socket
        }

        if (!inOrder)
        {
            await broken.CancelAsync();
        }
    }

    /// <summary>From the device to the server. Gives whether it ended in order.</summary>
    private async Task<bool> UpAsync(CancellationToken cancel)
    {
        // room for more than a frame with its head, so that none goes on as a long message and a tiny one
        var buffer = ArrayPool<byte>.Shared.Rent(2 * ChannelLimits.BufferBytes);
        try
        {
            var (from, to) = (0, 0);
            while (true)
            {
                // a whole head, or a whole control message, before anything is done with it
                var wanted = Wanted(buffer.AsSpan(from, to - from));
                if (wanted < 0 || wanted > buffer.Length)
                {
                    return false;
                }

                if (to - from < wanted)
                {
                    if (from > 0)
                    {
                        buffer.AsSpan(from, to - from).CopyTo(buffer);
                        (from, to) = (0, to - from);
                    }

                    var count = await local.ReadAsync(buffer.AsMemory(to), cancel);
                    if (count == 0)
                    {
                        return false;
                    }

                    to += count;
                    continue;
                }

                var (kind, length) = ChannelFrames.ReadHead(buffer.AsSpan(from));
                from += ChannelFrames.HeadBytes;
                if (kind == ChannelFrames.Data)
                {
                    (from, to) = await SendDataAsync(buffer, from, to, length, cancel);
                    continue;
                }

                var message = buffer.AsMemory(from, length);
                from += length;
                if (kind == ChannelFrames.Close)
                {
                    await channel.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, Reason(message.Span), cancel);
                    return true;
                }

                await channel.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>How many bytes must be there before the next step, or -1 where they make no sense.</summary>
    private static int Wanted(ReadOnlySpan<byte> have)
    {
        if (have.Length < ChannelFrames.HeadBytes)
        {
            return ChannelFrames.HeadBytes;
        }

        var (kind, length) = ChannelFrames.ReadHead(have);
        return kind switch
        {
            ChannelFrames.Data => length > 0 ? ChannelFrames.HeadBytes : -1,
            ChannelFrames.Control or ChannelFrames.Close => length is >= 0 and <= ChannelLimits.MaxControlBytes ? ChannelFrames.HeadBytes + length : -1,
            _ => -1,
        };
    }

    /// <summary>Sends a frame's bytes as they come, without waiting for all of them.</summary>
    private async ValueTask<(int From, int To)> SendDataAsync(byte[] buffer, int from, int to, int length, CancellationToken cancel)
    {
        while (length > 0)
        {
            if (from == to)
            {
                (from, to) = (0, await local.ReadAsync(buffer, cancel));
                if (to == 0)
                {
                    throw new IOException("The other side ended in the middle of a frame.");
                }
            }

            var now = Math.Min(length, to - from);
            await channel.SendAsync(buffer.AsMemory(from, now), WebSocketMessageType.Binary, endOfMessage: true, cancel);
            (from, length) = (from + now, length - now);
        }

        return (from, to);
    }

    /// <summary>
    /// From the server to the device. Gives whether it ended in order. What comes for a local socket that is gone is taken and thrown
    /// away: what that has said last is still to be sent, and the other direction tells whether it ended in order.
    /// </summary>
    private async Task<bool> DownAsync(CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChannelLimits.BufferBytes);
        try
        {
            var have = 0;
            while (true)
            {
                var received = await channel.ReceiveAsync(buffer.AsMemory(ChannelFrames.HeadBytes + have, buffer.Length - ChannelFrames.HeadBytes - have), cancel);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    var inOrder = channel.CloseStatus == WebSocketCloseStatus.NormalClosure;
                    var reason = channel.CloseStatusDescription ?? "";
                    var length = Encoding.UTF8.GetBytes(reason, buffer.AsSpan(ChannelFrames.HeadBytes));
                    await SendAsync(buffer, inOrder ? ChannelFrames.Close : (byte)0, length, cancel);
                    return inOrder;
                }

                have += received.Count;
                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    await SendAsync(buffer, ChannelFrames.Data, have, cancel);
                    have = 0;
                }
                else if (received.EndOfMessage)
                {
                    await SendAsync(buffer, ChannelFrames.Control, have, cancel);
                    have = 0;
                }
                else if (have > ChannelLimits.MaxControlBytes)
                {
                    return false;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask SendAsync(byte[] buffer, byte kind, int length, CancellationToken cancel)
    {
        if (kind == 0 || (kind == ChannelFrames.Data && length == 0))
        {
            return;
        }

        ChannelFrames.WriteHead(buffer, kind, length);
        if (_isLocalGone)
        {
            return;
        }

        try
        {
            await local.WriteAsync(buffer.AsMemory(0, ChannelFrames.HeadBytes + length), cancel);
        }
        catch (IOException)
        {
            _isLocalGone = true;
        }
    }

    /// <summary>A reason as a close can carry it (RFC 6455, section 5.5): 123 bytes, none of a character cut in two.</summary>
    internal static string Reason(ReadOnlySpan<byte> text)
    {
        var length = Math.Min(text.Length, ChannelLimits.MaxReasonBytes);
        while (length > 0 && length < text.Length && (text[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return Encoding.UTF8.GetString(text[..length]);
    }
}
