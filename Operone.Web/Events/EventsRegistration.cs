namespace Operone.Web.Events;

/// <summary>Wires the room Events.</summary>
internal static class EventsRegistration
{
    public static void AddEvents(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LiveChanges>();
    }

    public static void MapEvents(this WebApplication app)
    {
    }
}
