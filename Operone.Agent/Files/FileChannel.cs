using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files;

/// <summary>One channel for files: what comes over it, what goes, and what is kept from one call to the next.</summary>
internal sealed class FileChannel(WebSocket socket, CancellationToken cancel) : IDisposable
{
    private readonly CancellationTokenSource _closed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    private readonly byte[] _received = ArrayPool<byte>.Shared.Rent(ChannelLimits.BufferBytes);
    private readonly ArrayBufferWriter<byte> _text = new(4096);

    /// <summary>The last folder that was listed.</summary>
    public ListCache Listing { get; } = new();

    /// <summary>The digest of what this channel writes.</summary>
    public UploadDigest Digest { get; } = new();

    /// <summary>Cancelled when the channel is closed.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>The bounds of the last call: most have the same.</summary>
    public FileBounds? Bounds { get; set; }

    /// <summary>The message that is waited for.</summary>
    public Task<Received>? Next { get; set; }

    /// <summary>Receives a message, or a piece of one with bytes. What it gives is good until the next.</summary>
    public async Task<Received> ReceiveAsync(CancellationToken cancel)
    {
        var have = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(_received.AsMemory(have), cancel);
            have += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return new Received(ReceivedKind.Close, default);
            }

            if (received.MessageType == WebSocketMessageType.Binary)
            {
                if (received.EndOfMessage || have == _received.Length)
                {
                    return new Received(ReceivedKind.Bytes, _received.AsMemory(0, have));
                }
            }
            else if (have > ChannelLimits.MaxControlBytes)
            {
                return new Received(ReceivedKind.TooLong, default);
            }
            else if (received.EndOfMessage)
            {
                return new Received(ReceivedKind.Text, _received.AsMemory(0, have));
            }
        }
    }

    /// <summary>Receives the next call while one is being done; one that is being done ends where none can come any more.</summary>
    public async Task<Received> WaitAsync(CancellationToken cancel)
    {
        try
        {
            var received = await ReceiveAsync(cancel);
            if (received.Kind != ReceivedKind.Text)
            {
                await _closed.CancelAsync();
            }

            return received;
        }
        catch (Exception problem) when (problem is WebSocketException or IOException)
        {
            await _closed.CancelAsync();
            throw;
        }
    }

    /// <summary>Sends a reply.</summary>
    public ValueTask ReplyAsync(FileReply reply, CancellationToken cancel)
    {
        _text.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_text))
        {
            JsonSerializer.Serialize(writer, reply, OperoneJson.Default.FileReply);
        }

        return SendTextAsync(_text.WrittenMemory, cancel);
    }

    /// <summary>Sends a reply that is written already.</summary>
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> json, CancellationToken cancel) =>
        socket.SendAsync(json, WebSocketMessageType.Text, endOfMessage: true, cancel);

    /// <summary>Sends bytes.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) =>
        socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        Digest.Dispose();
        _closed.Dispose();
        ArrayPool<byte>.Shared.Return(_received);
    }
}

/// <summary>What came.</summary>
internal enum ReceivedKind
{
    Text,
    Bytes,
    Close,
    TooLong,
}

/// <summary>A message that came.</summary>
internal readonly record struct Received(ReceivedKind Kind, ReadOnlyMemory<byte> Data)
{
    /// <summary>The word between the bytes that it is; null where it is none.</summary>
    public FileData? ReadWord()
    {
        try
        {
            return Kind == ReceivedKind.Text ? JsonSerializer.Deserialize(Data.Span, OperoneJson.Default.FileData) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Does one or several of <see cref="FileOps"/>.</summary>
internal interface IFileHandler
{
    /// <summary>Which.</summary>
    IReadOnlyList<string> Ops { get; }

    /// <summary>Whether what comes after the call is for it to receive. Else the next call is waited for meanwhile.</summary>
    bool Receives => false;

    /// <summary>Does it, and sends all replies. What it throws as <see cref="FileFault"/> is sent as the last one.</summary>
    Task RunAsync(FileTask task);
}

/// <summary>A call that is being done.</summary>
/// <param name="Call">The call.</param>
/// <param name="Place">Its place, within its bounds.</param>
/// <param name="Channel">The channel that it came over.</param>
/// <param name="Cancel">Cancelled when the channel is closed.</param>
internal sealed record FileTask(FileCall Call, FilePlace Place, FileChannel Channel, CancellationToken Cancel)
{
    /// <summary>Receives what belongs to the call.</summary>
    /// <exception cref="OperationCanceledException">The channel is closed.</exception>
    public async Task<Received> ReceiveAsync(CancellationToken cancel)
    {
        var received = await Channel.ReceiveAsync(cancel);
        if (received.Kind is ReceivedKind.Close or ReceivedKind.TooLong)
        {
            Channel.Next = Task.FromResult(received);
            throw new OperationCanceledException("The channel is closed.");
        }

        return received;
    }

    /// <summary>What still comes belongs to nothing that is known: the channel is closed after the answer.</summary>
    public FileFault Senseless(string why)
    {
        Channel.Next = Task.FromResult(new Received(ReceivedKind.TooLong, default));
        return new FileFault(FileProblems.Failed, why);
    }

    /// <summary>Sends a reply.</summary>
    public ValueTask ReplyAsync(FileReply reply) => Channel.ReplyAsync(reply, Cancel);

    /// <summary>The place that <see cref="FileCall.To"/> says.</summary>
    public FilePlace To => (Call.ToScope is { } scope ? FileBounds.Of(scope) : Place.Bounds).At(Call.To ?? throw new FileFault(FileProblems.BadName, "The call does not say where to."));
}
