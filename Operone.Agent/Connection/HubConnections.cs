using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operone.Agent.Devices;
using Operone.Core.Connection;

namespace Operone.Agent.Connection;

/// <summary>Makes the SignalR connection: WebSockets alone, a fresh token for each attempt, source-generated JSON.</summary>
internal static class HubConnections
{
    /// <summary>Makes it. It is started again and again, and never reconnects by itself.</summary>
    public static HubConnection Create(Identity identity, DeviceToken token, ILoggerFactory loggers)
    {
        var builder = new HubConnectionBuilder();
        builder.WithUrl(new Uri(identity.Server, ProtocolVersion.HubPath.TrimStart('/')), HttpTransportType.WebSockets, options =>
        {
            options.SkipNegotiation = true;
            options.DefaultTransferFormat = TransferFormat.Text;
            options.AccessTokenProvider = () => Task.FromResult<string?>(token.Create());
            options.WebSocketConfiguration = socket => Trust(socket, identity);
            options.CloseTimeout = TimeSpan.FromSeconds(1);
        });
        builder.AddJsonProtocol(json => json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, OperoneJson.Default));
        builder.Services.AddSingleton(loggers);
        var connection = builder.Build();
        connection.KeepAliveInterval = TimeSpan.FromSeconds(ProtocolVersion.PingSeconds);
        connection.ServerTimeout = TimeSpan.FromSeconds(ProtocolVersion.SilenceSeconds);
        return connection;
    }

    private static void Trust(ClientWebSocketOptions options, Identity identity)
    {
        options.RemoteCertificateValidationCallback = ServerTrust.For(identity.Pin);
        options.KeepAliveInterval = TimeSpan.Zero; // SignalR has its own
    }
}
