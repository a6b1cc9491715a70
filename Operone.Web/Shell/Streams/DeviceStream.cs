using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Web.Channels;

namespace Operone.Web.Shell.Streams;

/// <summary>A device's end of a command's standard input or output, at the node.</summary>
internal sealed class DeviceStream(AgentChannel channel) : IDisposable
{
    /// <summary>What the host has said to its end; null while it has not.</summary>
    public StreamControl? Ended { get; private set; }

    /// <summary>What the host has said to its beginning.</summary>
    public StreamControl? Attached { get; private set; }

    /// <summary>Why the device closed it, where it said so.</summary>
    public string CloseReason => channel.Socket.CloseStatusDescription ?? "";

    /// <summary>Waits until the host has said how it stands. False where it closed it instead.</summary>
    public async Task<bool> BeginAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        while (Attached is null && Ended is null)
        {
            if (await ReceiveAsync(buffer, cancellationToken) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads bytes; 0 once the host sends no more.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (await ReceiveAsync(buffer, cancellationToken))
            {
                case null:
                    return 0;
                case > 0 and var count:
                    return count;
            }
        }
    }

    /// <summary>Sends bytes; waits while the command takes none.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        channel.Socket.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);

    /// <summary>Ends this direction: of an input all has been sent, of an output all has been had or no more is wanted.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (channel.Socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await channel.Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }
    }

    /// <summary>Lets go of it. Where it was not closed before, that is a connection that broke.</summary>
    public void Dispose() => channel.Dispose();

    /// <summary>One message: how many bytes of the stream it was (a control message is none), or null at the close.</summary>
    private async ValueTask<int?> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var have = 0;
        while (true)
        {
            var received = await channel.Socket.ReceiveAsync(buffer[have..], cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            have += received.Count;
            if (received.MessageType == WebSocketMessageType.Binary)
            {
                return have;
            }

            if (received.EndOfMessage)
            {
                Take(buffer.Span[..have]);
                return 0;
            }

            if (have == buffer.Length)
            {
                throw new WebSocketException("A control message of a stream is too large.");
            }
        }
    }

    private void Take(ReadOnlySpan<byte> text)
    {
        StreamControl? message;
        try
        {
            message = JsonSerializer.Deserialize(text, OperoneJson.Default.StreamControl);
        }
        catch (JsonException problem)
        {
            throw new WebSocketException("A control message of a stream cannot be read.", problem);
        }

        switch (message?.Type)
        {
            case StreamControls.Attached:
                Attached = message;
                break;
            case StreamControls.Ended:
                Ended = message;
                break;
        }
    }
}
