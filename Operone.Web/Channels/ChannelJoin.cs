using System.Buffers;
using System.Net.WebSockets;
using Operone.Core.Channels;

namespace Operone.Web.Channels;

/// <summary>
/// Hands everything on between two ends, each direction by itself: an end that does not read makes the other one wait, and a
/// direction that ends leaves the other one open. Nothing is copied but into one pooled buffer a direction.
/// </summary>
/// <param name="agent">The device's end.</param>
/// <param name="caller">The end of whoever asked for it.</param>
/// <param name="idle">How long it may carry nothing; zero for as long as it likes.</param>
/// <param name="time">The clock for that.</param>
internal sealed class ChannelJoin(ChannelEnd agent, ChannelEnd caller, TimeSpan idle, TimeProvider time)
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private long _movedAt = time.GetTimestamp();

    /// <summary>Decides on a control message of the caller: what to hand on, or null for nothing. By default as it is.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> FromCaller { get; init; } = static message => message;

    /// <summary>Whether the caller's bytes are handed on. By default they are.</summary>
    public Func<bool> TakesBytes { get; init; } = static () => true;

    /// <summary>Joins them until both directions have ended, one of them breaks, or it is cancelled. Gives why it ended.</summary>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var down = CarryAsync(agent, caller, static message => message, static () => true, stop);
        var up = CarryAsync(caller, agent, FromCaller, TakesBytes, stop);
        var watch = idle > TimeSpan.Zero ? WatchAsync(up, stop) : Task.FromResult("");
        var first = await Task.WhenAny(down, up);
        var reasons = (await down, await up);
        await stop.CancelAsync();
        var idled = await watch;
        return idled.Length > 0 ? idled : first == down ? reasons.Item1 : reasons.Item2;
    }

    private async Task<string> CarryAsync(
        ChannelEnd from, ChannelEnd to, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> control, Func<bool> takesBytes, CancellationTokenSource stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChannelLimits.BufferBytes);
        try
        {
            var have = 0;
            while (true)
            {
                var received = await from.Socket.ReceiveAsync(buffer.AsMemory(have), stop.Token);
                if (idle > TimeSpan.Zero)
                {
                    Volatile.Write(ref _movedAt, time.GetTimestamp());
                }

                if (received.MessageType == WebSocketMessageType.Close)
                {
                    var reason = from.Socket.CloseStatusDescription ?? "";
                    await to.CloseAsync(from.Socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, reason, stop.Token);
                    return reason;
                }

                have += received.Count;
                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    // a stream of bytes: where messages end does not matter
                    if (have > 0 && takesBytes())
                    {
                        await to.SendAsync(buffer.AsMemory(0, have), WebSocketMessageType.Binary, stop.Token);
                    }

                    have = 0;
                }
                else if (received.EndOfMessage)
                {
                    if (control(buffer.AsMemory(0, have)) is { } message)
                    {
                        await to.SendAsync(message, WebSocketMessageType.Text, stop.Token);
                    }

                    have = 0;
                }
                else if (have > ChannelLimits.MaxControlBytes)
                {
                    await from.CloseAsync(WebSocketCloseStatus.MessageTooBig, $"A control message has at most {ChannelLimits.MaxControlBytes} bytes.", stop.Token);
                    await stop.CancelAsync();
                    return "a control message was too large";
                }
            }
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // an end that is gone takes the other one with it
            await stop.CancelAsync();
            return problem is OperationCanceledException ? "it was ended" : "the connection was lost";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Tells the caller why it ends; one that is held back is not waited for.</summary>
    private async Task SayAsync(string reason, Task up, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await caller.CloseAsync(WebSocketCloseStatus.PolicyViolation, reason, stop.Token);
            await up.WaitAsync(stop.Token); // the connection is cut after its answer, so that it has read why
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // it takes nothing
        }
    }

    private async Task<string> WatchAsync(Task up, CancellationTokenSource stop)
    {
        try
        {
            while (true)
            {
                var left = idle - time.GetElapsedTime(Volatile.Read(ref _movedAt));
                if (left <= TimeSpan.Zero)
                {
                    var reason = FormattableString.Invariant($"nothing was carried for {idle.TotalSeconds:0.#} seconds");
                    await SayAsync(reason, up, stop.Token);
                    await stop.CancelAsync();
                    return reason;
                }

                await Task.Delay(left, time, stop.Token);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException)
        {
            return "";
        }
    }
}
