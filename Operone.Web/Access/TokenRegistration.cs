using Microsoft.Extensions.Options;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Wires API tokens.</summary>
internal static class TokenRegistration
{
    public static void AddTokens(this IServiceCollection services)
    {
        services.AddOptions<TokenOptions>().BindConfiguration(TokenOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TokenOptions>, TokenOptionsValidation>();
        services.AddSingleton<TokenDirectory>();
        services.AddSingleton<TokenRules>();
        services.AddSingleton<TokenMaker>();
        services.AddSingleton<TokenService>();
        services.AddSingleton<DeviceLoginService>();
        services.AddSingleton<MeService>();
        services.AddSingleton<IRecurringJob, TokenUpkeep>();
    }
}
