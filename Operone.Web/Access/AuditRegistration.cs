using Microsoft.Extensions.Options;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Wires the audit trail.</summary>
internal static class AuditRegistration
{
    public static void AddAudit(this IServiceCollection services)
    {
        services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AuditOptions>, AuditOptionsValidation>();
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<IAuditTrail>(provider => provider.GetRequiredService<AuditTrail>());
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditVerifier>();
        services.AddSingleton<IRecurringJob, NightlyAuditVerification>();
        services.AddSingleton<IRecurringJob, AuditRetention>();

        // Behind the trail, so that they stop before it: what is stored last is sent at the next start.
        services.AddHostedService<AuditForwarding>();
    }
}
