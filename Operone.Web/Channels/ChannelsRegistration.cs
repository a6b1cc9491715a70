using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Operone.Core.Channels;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Channels;

/// <summary>Wires the room Channels.</summary>
internal static class ChannelsRegistration
{
    /// <summary>How often an end that says nothing is asked whether it lives, and how long it has to answer.</summary>
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(15);

    public static void AddChannels(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<ChannelsOptions>().BindConfiguration(ChannelsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ChannelsOptions>, ChannelsOptionsValidation>();
        services.AddSingleton<ChannelBroker>();
        services.AddHttpForwarder();
        services.AddSingleton<ChannelForwarding>();
    }

    /// <summary>Hands on what another node waits for, and lets requests become WebSockets (RFC 6455; over HTTP/2 RFC 8441).</summary>
    public static void UseChannels(this WebApplication app) => app
        .UseMiddleware<ChannelForwarding>()
        .UseWebSockets(new WebSocketOptions { KeepAliveInterval = Ping, KeepAliveTimeout = Ping });

    public static void MapChannels(this WebApplication app) => app
        .MapMethods($"{ChannelLimits.Path}/{{id:guid}}", [HttpMethods.Get, HttpMethods.Connect], Join)
        .RequireAuthorization(AccessSchemes.Device).ExcludeFromDescription();

    private static async Task<Results<EmptyHttpResult, ProblemHttpResult>> Join(HttpContext http, Guid id, ChannelBroker broker)
    {
        var deviceId = Guid.ParseExact(http.User.FindFirst(System.Security.Claims.ClaimTypes.NameIdentifier)!.Value, "D");
        if (!http.WebSockets.IsWebSocketRequest)
        {
            return ChannelErrors.WebSocketNeeded.ToProblem();
        }

        return await broker.JoinAsync(id, deviceId, purpose => http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            KeepAliveInterval = Ping,
            KeepAliveTimeout = ChannelPurposes.AlwaysReads(purpose) ? Ping : Timeout.InfiniteTimeSpan,
        }))
            ? TypedResults.Empty
            : ChannelErrors.Unknown.ToProblem();
    }
}
