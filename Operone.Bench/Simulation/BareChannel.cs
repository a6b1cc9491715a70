using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operone.Agent.Channels;
using Operone.Core.Channels;
using Operone.Web.Hosting;

namespace Operone.Bench.Simulation;

/// <summary>
/// A channel without what is at its ends: an agent's relay from a local socket into a WebSocket, and a server that takes what comes.
/// All of it in this process.
/// </summary>
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

    /// <summary>Sends so many bytes from a local socket, and waits until the server has taken them.</summary>
    public async Task RelayAsync(string folder, long bytes, CancellationToken cancellationToken)
    {
        var path = new UnixDomainSocketEndPoint(Path.Combine(folder, $"{Guid.NewGuid():N}"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(path);
        listener.Listen();
        using var host = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await host.ConnectAsync(path, cancellationToken);
        using var local = await listener.AcceptAsync(cancellationToken);
        using var socket = await ConnectAsync(cancellationToken);
        var printing = Task.Factory.StartNew(() => Print(host, bytes), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await new ChannelRelay(socket, new NetworkStream(local)).RunAsync(cancellationToken);
        await printing;
    }

    /// <summary>Sends so many bytes over the WebSocket alone, and waits until the server has taken them.</summary>
    public async Task SendAsync(long bytes, CancellationToken cancellationToken)
    {
        using var socket = await ConnectAsync(cancellationToken);
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

    private async Task<ClientWebSocket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(_app.Urls.First().Replace("http", "ws", StringComparison.Ordinal)), cancellationToken);
        return socket;
    }

    /// <summary>What a command's host does with its output.</summary>
    private static void Print(Socket host, long bytes)
    {
        var frame = new byte[ChannelFrames.HeadBytes + ChannelLimits.BufferBytes];
        for (var left = bytes; left > 0;)
        {
            var now = (int)Math.Min(left, ChannelLimits.BufferBytes);
            ChannelFrames.WriteHead(frame, ChannelFrames.Data, now);
            host.Send(frame, ChannelFrames.HeadBytes + now, SocketFlags.None);
            left -= now;
        }

        ChannelFrames.WriteHead(frame, ChannelFrames.Close, 0);
        host.Send(frame, ChannelFrames.HeadBytes, SocketFlags.None);
    }

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
