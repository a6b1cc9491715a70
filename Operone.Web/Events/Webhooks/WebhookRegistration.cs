using Microsoft.Extensions.Options;
using Operone.Web.Events.Subscribers;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Webhooks;

/// <summary>Wires webhooks.</summary>
internal static class WebhookRegistration
{
    public static void AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateOnStart();
        services.AddSingleton<IPostConfigureOptions<WebhookOptions>, WebhookOptionsLists>();
        services.AddSingleton<IValidateOptions<WebhookOptions>, WebhookOptionsValidation>();
        services.AddSingleton<WebhookVault>();
        services.AddSingleton<WebhookTransport>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<IEventSubscriber, WebhookSubscriber>();
        services.AddSingleton<WebhookService>();
        services.AddSingleton<WebhookDeliveries>();
        services.AddSingleton<IRecurringJob, WebhookUpkeep>();
    }
}
