using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Operone.Web.Access;

/// <summary>Wires passkeys and step-up.</summary>
internal static class PasskeysRegistration
{
    public static void AddPasskeys(this IServiceCollection services)
    {
        services.AddOptions<PasskeysOptions>().BindConfiguration(PasskeysOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PasskeysOptions>, PasskeysOptionsValidation>();
        services.AddSingleton<IPostConfigureOptions<PasskeysOptions>, PasskeysOptionsLists>();
        services.AddSingleton<PasskeyDomain>();
        services.AddSingleton<IConfigureOptions<IdentityPasskeyOptions>>(provider => provider.GetRequiredService<PasskeyDomain>());
        services.AddSingleton<PasskeyState>();
        services.AddSingleton<PasskeyService>();
        services.TryAddScoped<IPasskeyHandler<Person>, PasskeyHandler<Person>>();
        services.AddScoped<PasskeyCeremonies>();
        services.AddSingleton<StepUp>();
        services.AddScoped<StepUpPrompt>();
    }
}
