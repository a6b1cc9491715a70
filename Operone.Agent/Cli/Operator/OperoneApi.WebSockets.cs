using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

internal sealed partial class OperoneApi
{
    // RFC 6455, section 1.3
    private const string WebSocketKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>
    /// Opens a WebSocket. Not by <see cref="ClientWebSocket"/>: that throws away what a server says when it refuses, and takes a
    /// connection of its own where one is open already.
    /// </summary>
    public async Task<Result<WebSocket>> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new("websocket"));
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", key);
        using var limit = new RequestLimit(Patience, cancellationToken);
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (response.StatusCode == HttpStatusCode.SwitchingProtocols
                && response.Headers.TryGetValues("Sec-WebSocket-Accept", out var accepted) && accepted.SequenceEqual([Accept(key)]))
            {
                // the socket owns the stream, which owns the connection
                return WebSocket.CreateFromStream(await response.Content.ReadAsStreamAsync(limit.Token), new WebSocketCreationOptions
                {
                    KeepAliveInterval = TimeSpan.FromSeconds(10),
                    KeepAliveTimeout = TimeSpan.FromSeconds(20),
                });
            }

            using (response)
            {
                return response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.SwitchingProtocols
                    ? NotOperone()
                    : ToError(response, await response.Content.ReadAsByteArrayAsync(limit.Token));
            }
        }
        catch (Exception e) when (Explain(e, cancellationToken) is not null)
        {
            return Explain(e, cancellationToken)!;
        }
    }

#pragma warning disable CA5350 // what RFC 6455 asks for; it proves that a WebSocket server answered, and nothing else
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + WebSocketKeySuffix)));
#pragma warning restore CA5350
}
