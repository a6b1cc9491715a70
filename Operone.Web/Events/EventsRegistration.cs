using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Events.Subscribers;
using Operone.Web.Events.Webhooks;
using Operone.Web.Hosting;

namespace Operone.Web.Events;

/// <summary>Wires the room Events.</summary>
internal static class EventsRegistration
{
    public static void AddEvents(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddBus();
        services.AddSingleton<EventLog>();
        services.AddSingleton<IEvents>(provider => provider.GetRequiredService<EventLog>());
        services.AddHostedService(provider => provider.GetRequiredService<EventLog>());
        services.AddSingleton<EventService>();
        services.AddWebhooks();
        services.AddSingleton<IRecurringJob, EventUpkeep>();
        services.AddHostedService<AuditSignal>();
        services.AddHostedService<SightSignal>();
    }

    /// <summary>The bus alone: events that are published with a change are numbered, and given to subscribers.</summary>
    public static void AddBus(this IServiceCollection services)
    {
        services.AddSingleton<LiveChanges>();
        services.AddHostedService<NodeChanges>();
        services.AddSingleton<EventIds>();
        services.AddSingleton<IOutbox, Outbox>();
        services.AddSingleton<EventSequencer>();
        services.AddHostedService(provider => provider.GetRequiredService<EventSequencer>());
        services.AddSingleton<EventTail>();
        services.AddHostedService(provider => provider.GetRequiredService<EventTail>());
        services.AddSingleton<EventCursors>();
        services.AddHostedService<EventDispatcher>();
    }

    public static void MapEvents(this WebApplication app)
    {
        EventEndpoints.Map(app);
        WebhookEndpoints.Map(app);
    }
}
