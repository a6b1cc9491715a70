namespace Operone.Web.Shell.Environments;

/// <summary>Wires environments.</summary>
internal static class EnvironmentRegistration
{
    public static void AddEnvironments(this IServiceCollection services)
    {
        services.AddSingleton<EnvironmentVault>();
        services.AddSingleton<EnvironmentUse>();
        services.AddSingleton<EnvironmentService>();
    }
}
