using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Operone.Core.Connection;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Hosting;
using StackExchange.Redis;

namespace Operone.Web.Agents;

/// <summary>Wires the agents' hub.</summary>
internal static class AgentsRegistration
{
    public static void AddAgents(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<AgentTokens>();
        services.AddSingleton<AgentTokenUses>();
        services.AddHostedService(provider => provider.GetRequiredService<AgentTokenUses>());
        services.AddSingleton<IRecurringJob, AgentTokenUpkeep>();
        services.AddSingleton<AgentConnections>();
        services.AddHostedService(provider => provider.GetRequiredService<AgentConnections>());
        services.AddSingleton<AgentSender>();
        services.AddSingleton<AgentSends>();
        services.AddSingleton<IAgentSender>(provider => provider.GetRequiredService<AgentSender>());
        services.AddSingleton<IDeviceLink>(provider => provider.GetRequiredService<AgentSender>());

        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, DeviceTokenHandler>(AccessSchemes.Device, null);
        services.AddAuthorizationBuilder().AddPolicy(
            AccessSchemes.Device, new AuthorizationPolicyBuilder(AccessSchemes.Device).RequireAuthenticatedUser().Build());

        services.AddSingleton<AgentHubFilter>();
        services.AddSignalR()
            .AddHubOptions<AgentHub>(hub =>
            {
                hub.KeepAliveInterval = TimeSpan.FromSeconds(ProtocolVersion.PingSeconds);
                hub.ClientTimeoutInterval = TimeSpan.FromSeconds(ProtocolVersion.SilenceSeconds);
                hub.HandshakeTimeout = TimeSpan.FromSeconds(ProtocolVersion.SilenceSeconds);
                hub.MaximumReceiveMessageSize = ProtocolVersion.MaxMessageBytes;
                hub.AddFilter<AgentHubFilter>();
            })
            .AddJsonProtocol(json => json.PayloadSerializerOptions = new JsonSerializerOptions(OperoneJson.Default.Options));
        if (builder.Configuration.GetConnectionString("Redis") is { Length: > 0 } redis)
        {
            services.AddBackplane(redis);
        }
    }

    /// <summary>Brings sends to the node that has the device. The console's circuits need none of it.</summary>
    private static void AddBackplane(this IServiceCollection services, string redis)
    {
        services.Configure<RedisOptions>(options =>
        {
            options.Configuration = ConfigurationOptions.Parse(redis);
            options.Configuration.AbortOnConnectFail = false;
        });
        services.AddSingleton<HubLifetimeManager<AgentHub>, RedisHubLifetimeManager<AgentHub>>();
    }

    public static void MapAgents(this WebApplication app) => app
        .MapHub<AgentHub>(ProtocolVersion.HubPath, connection => connection.Transports = HttpTransportType.WebSockets)
        .RequireAuthorization(AccessSchemes.Device);
}
