using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operone.Core.Channels;
using Operone.Web.Hosting;

namespace Operone.Bench.Simulation;

/// <summary>A WebSocket as a channel is one, without a host, an agent or a node around it: from a client to a server, both in this process.</summary>
internal sealed class BareChannel : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BareChannel(WebApplication app) => _app = app;

    public static async Task<BareChannel> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, TransportMemory>(); // as the control plane does
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(15) });
        app.Map("/", TakeAsync);
        await app.StartAsync();
        return new(app);
    }

    /// <summary>Sends so many bytes, and waits until they have been taken.</summary>
    public async Task CarryAsync(long bytes, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(_app.Urls.First().Replace("http", "ws", StringComparison.Ordinal)), cancellationToken);
        var buffer = new byte[ChannelLimits.BufferBytes];
        for (var left = bytes; left > 0;)
        {
            var now = (int)Math.Min(left, buffer.Length);
            await socket.SendAsync(buffer.AsMemory(0, now), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            left -= now;
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task TakeAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[ChannelLimits.BufferBytes];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), http.RequestAborted)).MessageType != WebSocketMessageType.Close)
        {
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
    }
}
