using Microsoft.Extensions.Options;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Wires the ways to sign in.</summary>
internal static class WaysInRegistration
{
    public static void AddWaysIn(this IServiceCollection services)
    {
        services.AddSingleton<PasswordWays>();
        services.AddSingleton<SignInPauses>();
        services.AddSingleton<IRecurringJob>(provider => provider.GetRequiredService<SignInPauses>());
        services.AddSingleton<SignInService>();

        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MailOptions>, MailOptionsValidation>();
        services.AddSingleton<Mailer>();
        services.AddSingleton<InvitationService>();
        services.AddSingleton<InvitationAcceptance>();
        services.AddSingleton<RecoveryService>();
        services.AddSingleton<SecondFactor>();
        services.AddSingleton<SecondFactorService>();
        services.AddSingleton<CodeStep>();
    }
}
