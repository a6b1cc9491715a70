using System.Net.WebSockets;
using System.Text;
using Operone.Core.Channels;

namespace Operone.Web.Channels;

/// <summary>One end of a channel to send to. Several may send: a message at a time, each whole.</summary>
internal sealed class ChannelEnd(WebSocket socket) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>The WebSocket.</summary>
    public WebSocket Socket => socket;

    /// <summary>Sends one message.</summary>
    /// <exception cref="WebSocketException">The connection is gone.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message, type, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends this direction.</summary>
    public async Task CloseAsync(WebSocketCloseStatus status, string? reason, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(status, Cut(reason), cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _turn.Dispose();
    }

    /// <summary>A reason as a close can carry it (RFC 6455, section 5.5).</summary>
    internal static string? Cut(string? reason)
    {
        while (reason is not null && Encoding.UTF8.GetByteCount(reason) > ChannelLimits.MaxReasonBytes)
        {
            reason = reason[..(char.IsLowSurrogate(reason[^1]) ? ^2 : ^1)];
        }

        return reason;
    }
}
