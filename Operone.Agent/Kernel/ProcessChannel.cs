using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Kernel;

namespace Operone.Agent.Kernel;

/// <summary>One channel for processes: the calls that come, and the answers that go, none of them larger than a control message may be.</summary>
internal sealed class ProcessChannel(WebSocket socket) : IDisposable
{
    /// <summary>A message is ended when it may have become this large; one more entry still fits.</summary>
    private const int EnoughBytes = 36 * 1024;

    /// <summary>What an entry takes at most besides its texts, in bytes.</summary>
    private const int ProcessBytes = 420, FiguresBytes = 120, GoneBytes = 60, OtherBytes = 60;

    /// <summary>What a character takes at most: <c>\uFFFF</c>.</summary>
    private const int CharacterBytes = 6;

    private readonly byte[] _received = ArrayPool<byte>.Shared.Rent(ChannelLimits.MaxControlBytes);
    private readonly ArrayBufferWriter<byte> _text = new(4096);

    /// <summary>The next call; null where the channel is closed. What is no call is one without an operation.</summary>
    public async Task<ProcessCall?> ReceiveAsync(CancellationToken cancel)
    {
        var have = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(_received.AsMemory(have), cancel);
            have += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            if (received.EndOfMessage)
            {
                return received.MessageType == WebSocketMessageType.Text ? Read(_received.AsSpan(0, have)) : NoCall;
            }

            if (have >= ChannelLimits.MaxControlBytes)
            {
                return null;
            }
        }
    }

    /// <summary>What came and is no call.</summary>
    private static ProcessCall NoCall { get; } = new() { Op = "" };

    /// <summary>Sends one.</summary>
    public async ValueTask ReplyAsync(ProcessReply reply, CancellationToken cancel)
    {
        _text.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_text))
        {
            JsonSerializer.Serialize(writer, reply, OperoneJson.Default.ProcessReply);
        }

        await socket.SendAsync(_text.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, cancel);
    }

    /// <summary>Sends a sample, in as many messages as it takes. It waits while the other end takes none.</summary>
    public async Task SendAsync(ProcessDifferences sample, bool isLast, CancellationToken cancel)
    {
        var isWhole = sample.IsWhole;
        foreach (var gone in Batches(sample.Gone, static _ => GoneBytes))
        {
            await ReplyAsync(new ProcessReply { Gone = gone }, cancel);
        }

        foreach (var processes in Batches(sample.Processes, static p =>
            ProcessBytes + (CharacterBytes * ((p.Arguments?.Sum(a => a.Length + 1) ?? 0) + p.Name.Length + (p.User?.Length ?? 0)))))
        {
            await ReplyAsync(new ProcessReply { IsWhole = isWhole, Processes = processes }, cancel);
            isWhole = false;
        }

        foreach (var figures in Batches(sample.Figures, static _ => FiguresBytes))
        {
            await ReplyAsync(new ProcessReply { Figures = figures }, cancel);
        }

        await ReplyAsync(new ProcessReply { IsWhole = isWhole, Sample = sample.Sample, IsLast = isLast }, cancel);
    }

    /// <summary>Sends what a look has found.</summary>
    public async Task SendAsync(ProcessDetails details, IReadOnlyList<ProcessFile>? files, CancellationToken cancel)
    {
        foreach (var some in Batches(files ?? [], static f => OtherBytes + (CharacterBytes * f.What.Length)))
        {
            await ReplyAsync(new ProcessReply { Files = some }, cancel);
        }

        await ReplyAsync(new ProcessReply { Details = details, IsLast = true }, cancel);
    }

    /// <summary>Sends what became of a signal.</summary>
    public async Task SendAsync(ProcessSignalled done, CancellationToken cancel)
    {
        foreach (var some in Batches(done.Signalled, static p => OtherBytes + (CharacterBytes * p.Name.Length)))
        {
            await ReplyAsync(new ProcessReply { Signalled = new ProcessSignalled(some, null) }, cancel);
        }

        foreach (var some in Batches(done.Failed ?? [], static p => OtherBytes + (CharacterBytes * (p.Name.Length + p.Why.Length))))
        {
            await ReplyAsync(new ProcessReply { Signalled = new ProcessSignalled([], some) }, cancel);
        }

        await ReplyAsync(new ProcessReply { IsLast = true, Signalled = new ProcessSignalled([], null) }, cancel);
    }

    /// <summary>Sends why it was not done.</summary>
    public ValueTask RefuseAsync(string code, string detail, CancellationToken cancel) =>
        ReplyAsync(new ProcessReply { IsLast = true, Problem = new ProcessProblem(code, detail) }, cancel);

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_received);

    private static ProcessCall Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, OperoneJson.Default.ProcessCall) ?? NoCall;
        }
        catch (JsonException)
        {
            return NoCall;
        }
    }

    private static IEnumerable<List<T>> Batches<T>(IReadOnlyList<T> all, Func<T, int> bytesOf)
    {
        var (batch, bytes) = (new List<T>(), 0);
        foreach (var one in all)
        {
            batch.Add(one);
            bytes += bytesOf(one);
            if (bytes >= EnoughBytes)
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
