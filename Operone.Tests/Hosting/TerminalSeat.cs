using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>A seat at a terminal: a client of <c>GET /api/v1/terminals/{id}/attach</c>.</summary>
internal sealed class TerminalSeat : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly List<TerminalControl> _controls = [];
    private Task _reading = Task.CompletedTask;

    /// <summary>How many bytes of output have come.</summary>
    public long Bytes { get; private set; }

    /// <summary>The offset behind the last byte that came.</summary>
    public long Offset { get; private set; }

    /// <summary>What was printed, as text.</summary>
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

    /// <summary>Sits down.</summary>
    public static async Task<TerminalSeat> TakeAsync(OperoneServer server, Guid id, string query = "columns=80&rows=24", string token = OperoneServer.OwnerToken, bool reads = true)
    {
        var seat = new TerminalSeat();
        seat._socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        seat._socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await seat._socket.ConnectAsync(new Uri($"{server.Url.Replace("http", "ws", StringComparison.Ordinal)}/api/v1/terminals/{id}/attach?{query}"), TestContext.Current.CancellationToken);
        }
        catch (WebSocketException)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(await server.Owner.GetStringAsync($"/api/v1/terminals/{id}", TestContext.Current.CancellationToken));
            throw;
        }

        seat._reading = reads ? seat.ReadAsync() : Task.CompletedTask;
        return seat;
    }

    /// <summary>Types.</summary>
    public Task TypeAsync(string text) => TypeAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Types bytes.</summary>
    public Task TypeAsync(byte[] bytes) => _socket.SendAsync(bytes, WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);

    /// <summary>Says something as a control message, whatever it is.</summary>
    public Task SayAsync(TerminalControl control) =>
        _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(control, OperoneJson.Default.TerminalControl), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    /// <summary>Says something as a control message that may be none.</summary>
    public Task SayAsync(byte[] text) => _socket.SendAsync(text, WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    /// <summary>Waits until this is on the screen.</summary>
    public Task SeesAsync(string text, double seconds = 30) =>
        Eventually.BecomesAsync(() => Task.FromResult(Text.Contains(text, StringComparison.Ordinal)), () => $"'{text}' in the terminal, which has: {Text}; {_socket.State} {_socket.CloseStatusDescription}, heard {string.Join(' ', Controls.Select(c => c.Type))}", seconds);

    /// <summary>Waits for a control message.</summary>
    public Task<TerminalControl> HearsAsync(string type, Func<TerminalControl, bool>? which = null, double seconds = 30) =>
        Eventually.BecomesAsync(() => Task.FromResult(Controls.LastOrDefault(c => c.Type == type && (which is null || which(c)))), $"a control message '{type}'", seconds);

    /// <summary>Waits until the server has ended it, and gives why.</summary>
    public async Task<string?> EndsAsync(double seconds = 30)
    {
        await _reading.WaitAsync(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);
        return _socket.CloseStatusDescription;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        var control = new MemoryStream();
        var decoder = Encoding.UTF8.GetDecoder();
        var characters = new char[buffer.Length];
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                lock (_lock)
                {
                    if (got.MessageType == WebSocketMessageType.Binary)
                    {
                        (Bytes, Offset) = (Bytes + got.Count, Offset + got.Count);
                        _text.Append(characters, 0, decoder.GetChars(buffer.AsSpan(0, got.Count), characters, flush: false));
                        if (_text.Length > 4_000_000)
                        {
                            _text.Remove(0, 2_000_000);
                        }

                        continue;
                    }

                    control.Write(buffer, 0, got.Count);
                    if (got.EndOfMessage)
                    {
                        var message = JsonSerializer.Deserialize(control.ToArray(), OperoneJson.Default.TerminalControl)!;
                        control.SetLength(0);
                        _controls.Add(message);
                        Offset = message.Type is TerminalControls.Attached or TerminalControls.Resync ? message.Offset!.Value : Offset;
                    }
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // cut off, by us or by the server
        }
    }
}
