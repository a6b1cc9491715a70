using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Web.Channels;

namespace Operone.Web.Files;

/// <summary>One channel to a device's files: one call after another. What it throws means that it is of no more use.</summary>
internal sealed class FileChannel(AgentChannel channel, TimeProvider time) : IDisposable
{
    private byte[] _text = ArrayPool<byte>.Shared.Rent(ChannelLimits.MaxControlBytes);
    private int _from;
    private int _to;

    /// <summary>Since when nobody has used it.</summary>
    public long IdleSince { get; private set; } = time.GetTimestamp();

    /// <summary>Whether a call is on its way: then it cannot be used for another one.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Whether it can still be used, as far as is known.</summary>
    public bool IsOpen => channel.Socket.State == WebSocketState.Open;

    /// <summary>Begins a call.</summary>
    /// <exception cref="WebSocketException">The connection is gone.</exception>
    public async ValueTask CallAsync(FileCall call, CancellationToken cancellationToken)
    {
        IsBusy = true;
        await SendAsync(JsonSerializer.SerializeToUtf8Bytes(call, OperoneJson.Default.FileCall), WebSocketMessageType.Text, cancellationToken);
    }

    /// <summary>Says something between the bytes that are written.</summary>
    public ValueTask SayAsync(FileData data, CancellationToken cancellationToken) =>
        SendAsync(JsonSerializer.SerializeToUtf8Bytes(data, OperoneJson.Default.FileData), WebSocketMessageType.Text, cancellationToken);

    /// <summary>Sends bytes; waits while the device takes none.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => SendAsync(data, WebSocketMessageType.Binary, cancellationToken);

    /// <summary>The next thing that the device says, or bytes in the buffer. A reply that is the last one ends the call.</summary>
    /// <exception cref="WebSocketException">The connection is gone, or what came makes no sense.</exception>
    public async ValueTask<(FileReply? Reply, int Count)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_to > _from)
        {
            return (null, TakeRest(buffer));
        }

        // where the text would not fit it goes into a buffer of its own; what it is, is known with the first piece
        var into = buffer.Length >= 4096 ? buffer : _text;
        var received = await channel.Socket.ReceiveAsync(into, cancellationToken);
        if (received.MessageType == WebSocketMessageType.Binary)
        {
            if (into.Equals(buffer) || received.Count == 0)
            {
                return (null, received.Count);
            }

            (_from, _to) = buffer.IsEmpty ? throw new WebSocketException("Bytes came that nobody asked for.") : (0, received.Count);
            return (null, TakeRest(buffer));
        }

        if (received.MessageType == WebSocketMessageType.Close)
        {
            throw new WebSocketException($"The device closed it: {channel.Socket.CloseStatusDescription}");
        }

        var have = received.Count;
        if (have > _text.Length)
        {
            throw new WebSocketException("A control message is too large.");
        }

        if (!into.Equals((Memory<byte>)_text))
        {
            into[..have].CopyTo(_text);
        }

        while (!received.EndOfMessage)
        {
            if (have >= ChannelLimits.MaxControlBytes)
            {
                throw new WebSocketException("A control message is too large.");
            }

            received = await channel.Socket.ReceiveAsync(_text.AsMemory(have), cancellationToken);
            have += received.Count;
        }

        return (Read(_text.AsSpan(0, have)), 0);
    }

    /// <summary>The next thing that the device says, where no bytes are due.</summary>
    /// <exception cref="WebSocketException">The connection is gone, or what came makes no sense.</exception>
    public async ValueTask<FileReply> ReplyAsync(CancellationToken cancellationToken) =>
        (await ReceiveAsync(default, cancellationToken)).Reply ?? throw new WebSocketException("Bytes came that nobody asked for.");

    public void Dispose()
    {
        channel.Dispose();
        if (Interlocked.Exchange(ref _text, []) is { Length: > 0 } text)
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    /// <summary>Of bytes that did not fit where they were asked for.</summary>
    private int TakeRest(Memory<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _to - _from);
        _text.AsSpan(_from, count).CopyTo(buffer.Span);
        _from += count;
        return count > 0 ? count : throw new WebSocketException("Bytes came that nobody asked for.");
    }

    private ValueTask SendAsync(ReadOnlyMemory<byte> data, WebSocketMessageType type, CancellationToken cancellationToken) =>
        channel.Socket.SendAsync(data, type, endOfMessage: true, cancellationToken);

    private FileReply Read(ReadOnlySpan<byte> text)
    {
        try
        {
            var reply = JsonSerializer.Deserialize(text, OperoneJson.Default.FileReply) ?? throw new WebSocketException("An empty reply came.");
            if (reply.IsLast)
            {
                IsBusy = false;
                IdleSince = time.GetTimestamp();
            }

            return reply;
        }
        catch (JsonException problem)
        {
            throw new WebSocketException("A reply cannot be read.", problem);
        }
    }
}
