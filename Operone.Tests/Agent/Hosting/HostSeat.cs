using System.Text;
using System.Text.Json;
using Operone.Agent.Channels;
using Operone.Agent.Platforms;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Hosting;

/// <summary>A seat at a terminal on its host's own socket, as the agent has it: it can be as slow and as rude as it likes.</summary>
internal sealed class HostSeat : IAsyncDisposable
{
    private readonly Stream _stream;
#pragma warning disable CA2213 // whoever still sends asks it
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly List<TerminalControl> _controls = [];
    private readonly SemaphoreSlim _turn = new(1);
#pragma warning restore CA2213
    private volatile TaskCompletionSource _takes = new();
    private Task _reading = Task.CompletedTask;

    private HostSeat(Stream stream) => _stream = stream;

    /// <summary>Whether what comes is acknowledged.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>How many bytes of output have come.</summary>
    public long Bytes { get; private set; }

    /// <summary>The offset behind the last byte that came.</summary>
    public long Offset { get; private set; }

    /// <summary>Why the host has ended it.</summary>
    public string? Reason { get; private set; }

    /// <summary>The end of what was printed.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }

    /// <summary>All control messages so far.</summary>
    public IReadOnlyList<TerminalControl> Controls
    {
        get
        {
            lock (_lock)
            {
                return [.. _controls];
            }
        }
    }

    /// <summary>Sits down, as somebody who may type unless told otherwise.</summary>
    public static async Task<HostSeat> TakeAsync(HostUnderTest host, TerminalControl? hello = null, bool takes = true)
    {
        var stream = await Eventually.BecomesAsync(() => TryConnectAsync(host.Folder.Channels), "the host's socket", 30);
        var seat = new HostSeat(stream);
        seat.Take(takes);
        try
        {
            await seat.SayAsync(hello ?? Hello());
        }
        catch (IOException)
        {
            // it was sent away at once
        }

        seat._reading = seat.ReadAsync();
        return seat;
    }

    /// <summary>How somebody sits down.</summary>
    public static TerminalControl Hello(bool mayType = true, int window = 0, long? offset = null) =>
        new() { Type = TerminalControls.Attach, Columns = mayType ? 80 : null, Rows = mayType ? 24 : null, MayType = mayType, Window = window, Offset = offset };

    /// <summary>Takes what comes, or leaves it where it is.</summary>
    public void Take(bool takes)
    {
        if (takes)
        {
            _takes.TrySetResult();
        }
        else
        {
            _takes = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Types.</summary>
    public Task TypeAsync(string text) => SendAsync(ChannelFrames.Data, Encoding.UTF8.GetBytes(text));

    /// <summary>Says something as a control message, whatever it is.</summary>
    public Task SayAsync(TerminalControl control) => SendAsync(ChannelFrames.Control, JsonSerializer.SerializeToUtf8Bytes(control, OperoneJson.Default.TerminalControl));

    /// <summary>Sends a frame, whatever it is.</summary>
    public async Task SendAsync(byte kind, byte[] data)
    {
        var frame = new byte[ChannelFrames.HeadBytes + data.Length];
        ChannelFrames.WriteHead(frame, kind, data.Length);
        data.CopyTo(frame, ChannelFrames.HeadBytes);
        await SendRawAsync(frame);
    }

    /// <summary>Sends bytes, whether they are frames or not.</summary>
    public async Task SendRawAsync(byte[] bytes)
    {
        await _turn.WaitAsync(_stop.Token);
        try
        {
            await _stream.WriteAsync(bytes, _stop.Token);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Waits until this was printed.</summary>
    public Task SeesAsync(string text, double seconds = 30) =>
        Eventually.BecomesAsync(() => Task.FromResult(Text.Contains(text, StringComparison.Ordinal)), () => $"'{text}' in the terminal; its end is {Text[^Math.Min(Text.Length, 200)..]}, heard {string.Join(' ', Controls.Select(c => c.Type))}", seconds);

    /// <summary>Waits for a control message.</summary>
    public Task<TerminalControl> HearsAsync(string type, Func<TerminalControl, bool>? which = null, double seconds = 30) =>
        Eventually.BecomesAsync(() => Task.FromResult(Controls.LastOrDefault(c => c.Type == type && (which is null || which(c)))), $"a control message '{type}'", seconds);

    /// <summary>Waits until the host has ended it.</summary>
    public Task EndsAsync(double seconds = 30) => _reading.WaitAsync(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return; // it has left before
        }

        await _stop.CancelAsync();
        _takes.TrySetResult();
        await _stream.DisposeAsync();
        await _reading;
    }

    private static async Task<Stream?> TryConnectAsync(string path)
    {
        try
        {
            return await LocalConnection.ConnectAsync(path, CancellationToken.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private async Task ReadAsync()
    {
        var decoder = Encoding.UTF8.GetDecoder();
        var characters = new char[64 * 1024];
        var head = new byte[ChannelFrames.HeadBytes];
        try
        {
            while (true)
            {
                await _takes.Task;
                await ReadWholeAsync(head);
                var (kind, length) = ChannelFrames.ReadHead(head);
                var data = new byte[length];
                await ReadWholeAsync(data);
                if (kind == ChannelFrames.Close)
                {
                    Reason = Encoding.UTF8.GetString(data);
                    return;
                }

                lock (_lock)
                {
                    if (kind == ChannelFrames.Control)
                    {
                        var message = JsonSerializer.Deserialize(data, OperoneJson.Default.TerminalControl)!;
                        _controls.Add(message);
                        Offset = message.Type is TerminalControls.Attached or TerminalControls.Resync ? message.Offset!.Value : Offset;
                        continue;
                    }

                    (Bytes, Offset) = (Bytes + length, Offset + length);
                    _text.Append(characters, 0, decoder.GetChars(data, characters, flush: false));
                    if (_text.Length > 4_000_000)
                    {
                        _text.Remove(0, 2_000_000);
                    }
                }

                if (Acknowledges)
                {
                    await AcknowledgeAsync();
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // cut off, by us or by the host
        }
    }

    /// <summary>A host that has said all is gone while its last words are still to be read.</summary>
    private async Task AcknowledgeAsync()
    {
        try
        {
            await SayAsync(new TerminalControl { Type = TerminalControls.Ack, Offset = Offset });
        }
        catch (IOException)
        {
            Acknowledges = false;
        }
    }

    private async Task ReadWholeAsync(byte[] to)
    {
        for (var rest = to.AsMemory(); rest.Length > 0;)
        {
            var count = await _stream.ReadAsync(rest, _stop.Token);
            rest = count > 0 ? rest[count..] : throw new IOException("The host is gone.");
        }
    }
}
