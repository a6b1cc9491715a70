using System.Net;
using System.Net.WebSockets;
using Operone.Agent.Connection;
using Operone.Agent.Devices;
using Operone.Core.Channels;

namespace Operone.Agent.Channels;

/// <summary>
/// Dials channels: a WebSocket each, with the device's own token. Over TLS they share one HTTP/2 connection where the server
/// speaks it (RFC 8441); over plain HTTP each is a connection of its own.
/// </summary>
internal sealed class ChannelDialer(Identity identity, DeviceToken token) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = ServerTrust.For(identity.Pin) },
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(ChannelLimits.JoinSeconds),
    });

    /// <summary>Dials one.</summary>
    /// <exception cref="WebSocketException">The server cannot be reached, or does not take it.</exception>
    public async Task<ClientWebSocket> DialAsync(OpenChannel channel, CancellationToken cancel)
    {
        var path = $"{ChannelLimits.Path.TrimStart('/')}/{channel.ChannelId:N}{(channel.Node is { } node ? $"?node={node:N}" : "")}";
        var address = new UriBuilder(new Uri(identity.Server, path)) { Scheme = identity.Server.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" }.Uri;
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.SetRequestHeader("Authorization", $"Bearer {token.Create()}");
            socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
            socket.Options.KeepAliveTimeout = ChannelPurposes.AlwaysReads(channel.Purpose) ? TimeSpan.FromSeconds(20) : Timeout.InfiniteTimeSpan;
            if (identity.Server.Scheme == Uri.UriSchemeHttps)
            {
                socket.Options.HttpVersion = HttpVersion.Version20;
                socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
            }

            await socket.ConnectAsync(address, _http, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
