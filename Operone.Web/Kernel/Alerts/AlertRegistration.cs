using Microsoft.Extensions.Options;
using Operone.Web.Events.Subscribers;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Alerts;

/// <summary>Wires alerts.</summary>
internal static class AlertRegistration
{
    public static void AddAlerts(this IServiceCollection services)
    {
        services.AddOptions<AlertOptions>().BindConfiguration(AlertOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AlertOptions>, AlertOptionsValidation>();
        services.AddSingleton<AlertSight>();
        services.AddSingleton<AlertRuleBook>();
        services.AddSingleton<AlertBook>();
        services.AddSingleton<AlertEvaluator>();
        services.AddSingleton<IEventSubscriber, AlertSubscriber>();
        services.AddSingleton<AlertRuleService>();
        services.AddSingleton<AlertRulePreviews>();
        services.AddSingleton<AlertService>();
        services.AddSingleton<SilenceService>();
        services.AddSingleton<IRecurringJob, AlertUpkeep>();
    }
}
