using System.Net;
using Operone.Core.Channels;
using Operone.Web.Hosting;
using Operone.Web.Hosting.Nodes;
using Yarp.ReverseProxy.Forwarder;

namespace Operone.Web.Channels;

/// <summary>
/// An agent that dials a channel may reach any node. Where another one waits for it, the request is handed on as it is: that node
/// decides who it is from, and whether it is good.
/// </summary>
internal sealed class ChannelForwarding(INodeBus nodes, IHttpForwarder forwarder) : IMiddleware, IDisposable
{
    // a channel may be held back for as long as its reader likes; dead ends are found by the pings of both ends
    private static readonly ForwarderRequestConfig Request = new() { ActivityTimeout = TimeSpan.FromMilliseconds(int.MaxValue), Version = HttpVersion.Version11 };

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(ChannelLimits.JoinSeconds),
    });

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Path.StartsWithSegments(ChannelLimits.Path, StringComparison.Ordinal)
            || !Guid.TryParse(context.Request.Query["node"], out var node) || node == nodes.Id)
        {
            await next(context);
            return;
        }

        if (nodes.AddressOf(node) is not { } address)
        {
            await ChannelErrors.NodeGone.ToProblem().ExecuteAsync(context);
            return;
        }

        await forwarder.SendAsync(context, address.ToString(), _client, Request, HttpTransformer.Default);
    }

    public void Dispose() => _client.Dispose();
}
