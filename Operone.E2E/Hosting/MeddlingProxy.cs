using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Operone.E2E.Hosting;

/// <summary>
/// A proxy between a real agent and a real server that understands the hub's messages, and passes each on as often as
/// it is told: once, twice, or not at all.
/// </summary>
internal sealed class MeddlingProxy : IAsyncDisposable
{
    private const byte Separator = 0x1e;
    private readonly WebApplication _app;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri _server;
    private CancellationTokenSource _connections = new();

    private MeddlingProxy(string serverUrl, string url)
    {
        _server = new(serverUrl);
        Url = url;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(HandleAsync);
    }

    public string Url { get; }

    /// <summary>How often a message to the agent is passed on.</summary>
    public Func<string, int> TimesToAgent { get; set; } = _ => 1;

    public static async Task<MeddlingProxy> StartAsync(string serverUrl)
    {
        var proxy = new MeddlingProxy(serverUrl, $"http://127.0.0.1:{Published.FreePort()}");
        proxy._app.Urls.Add(proxy.Url);
        await proxy._app.StartAsync();
        return proxy;
    }

    /// <summary>Cuts the connections that there are; new ones are let through.</summary>
    public void Cut()
    {
        var before = Interlocked.Exchange(ref _connections, new());
        before.Cancel();
        before.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        await _app.DisposeAsync();
        _http.Dispose();
        _connections.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await ForwardAsync(context);
            return;
        }

        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_connections.Token, context.RequestAborted);
        using var far = new ClientWebSocket();
        far.Options.SetRequestHeader("Authorization", context.Request.Headers.Authorization);
        var address = new UriBuilder(new Uri(_server, context.Request.Path + context.Request.QueryString)) { Scheme = "ws" };
        try
        {
            await far.ConnectAsync(address.Uri, cut.Token);
        }
        catch (WebSocketException)
        {
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
            return;
        }

        using var near = await context.WebSockets.AcceptWebSocketAsync();
        await Task.WhenAny(RelayAsync(near, far, _ => 1, cut.Token), RelayAsync(far, near, message => TimesToAgent(message), cut.Token));
        await cut.CancelAsync();
        near.Abort();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(new(context.Request.Method), new Uri(_server, context.Request.Path + context.Request.QueryString))
        {
            Content = new StreamContent(context.Request.Body),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        using var response = await _http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task RelayAsync(WebSocket from, WebSocket to, Func<string, int> times, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var pending = new List<byte>();
        try
        {
            while (true)
            {
                var received = await from.ReceiveAsync(buffer, cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                pending.AddRange(buffer.AsSpan(0, received.Count));
                if (!received.EndOfMessage)
                {
                    continue;
                }

                for (int end; (end = pending.IndexOf(Separator)) >= 0; pending.RemoveRange(0, end + 1))
                {
                    var message = pending[..(end + 1)].ToArray();
                    for (var left = times(Encoding.UTF8.GetString(message)); left > 0; left--)
                    {
                        await to.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
                    }
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or InvalidOperationException or IOException)
        {
            // One end is gone.
        }
    }
}
