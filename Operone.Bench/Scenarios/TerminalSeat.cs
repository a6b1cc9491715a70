using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>A client at a terminal, as a browser is one: over the WebSocket, at the offset, without anything that it would not do.</summary>
internal sealed class TerminalSeat : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[256 * 1024];

    /// <summary>The terminal.</summary>
    public required Guid Id { get; init; }

    /// <summary>Opens a terminal, and sits down at it.</summary>
    public static async Task<TerminalSeat> OpenAsync(ServerProcess server, CreateTerminal request, CancellationToken cancellationToken)
    {
        var id = await CreateAsync(server, request, cancellationToken);
        var seat = new TerminalSeat { Id = id };
        seat._socket.Options.SetRequestHeader("Authorization", $"Bearer {ServerProcess.ApiToken}");
        await seat._socket.ConnectAsync(new Uri($"{server.Url.Replace("http", "ws", StringComparison.Ordinal)}/api/v1/terminals/{id}/attach?columns=80&rows=24"), cancellationToken);
        return seat;
    }

    /// <summary>Opens a terminal, at which nobody sits.</summary>
    public static async Task<Guid> CreateAsync(ServerProcess server, CreateTerminal request, CancellationToken cancellationToken)
    {
        using var answer = await server.Http.PostAsJsonAsync("/api/v1/terminals", request, OperoneJson.Default.CreateTerminal, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync(OperoneJson.Default.TerminalView, cancellationToken))!.Id;
    }

    /// <summary>Ends a terminal.</summary>
    public static async Task EndAsync(ServerProcess server, Guid id, CancellationToken cancellationToken)
    {
        using var answer = await server.Http.PostAsync(new Uri($"/api/v1/terminals/{id}/end", UriKind.Relative), null, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Types.</summary>
    public ValueTask TypeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);

    /// <summary>The next bytes that are printed.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Binary)
            {
                return _buffer.AsMemory(0, received.Count);
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                throw new InvalidOperationException($"The terminal was closed: {_socket.CloseStatusDescription}");
            }

            if (JsonSerializer.Deserialize(_buffer.AsSpan(0, received.Count), OperoneJson.Default.TerminalControl) is { Type: TerminalControls.Resync })
            {
                throw new InvalidOperationException("Output was left out.");
            }
        }
    }

    /// <summary>Reads until this was printed. Gives how many bytes came.</summary>
    public async Task<long> ReadUntilAsync(string text, CancellationToken cancellationToken)
    {
        var wanted = Encoding.ASCII.GetBytes(text);
        var tail = Array.Empty<byte>();
        for (var count = 0L; ;)
        {
            var piece = await ReadAsync(cancellationToken);
            count += piece.Length;
            tail = [.. tail, .. piece.Span[^Math.Min(piece.Length, 4096)..]];
            if (tail.AsSpan().IndexOf(wanted) >= 0)
            {
                return count;
            }

            tail = tail.Length > wanted.Length ? tail[^wanted.Length..] : tail;
        }
    }

    public void Dispose() => _socket.Dispose();
}
