using Operone.Web.Events.Subscribers;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Schedules.Windows;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Wires schedules.</summary>
internal static class ScheduleRegistration
{
    public static void AddSchedules(this IServiceCollection services)
    {
        services.AddSingleton<ScheduleStarts>();
        services.AddSingleton<ScheduleClock>();
        services.AddHostedService(provider => provider.GetRequiredService<ScheduleClock>());
        services.AddSingleton<IEventSubscriber, ScheduleTriggers>();
        services.AddSingleton<ScheduleHook>();
        services.AddSingleton<ScheduleService>();
        services.AddSingleton<MaintenanceWindowService>();
        services.AddSingleton<IRecurringJob, ScheduleUpkeep>();
    }
}
