using Operone.Web.Files.Mounts.Local;

namespace Operone.Web.Files.Mounts;

/// <summary>Wires mounts.</summary>
internal static class MountRegistration
{
    public static void AddMounts(this IServiceCollection services)
    {
        services.AddSingleton<MountVault>();
        services.AddSingleton<ServerFolders>();
        services.AddHostedService(provider => provider.GetRequiredService<ServerFolders>());
        services.AddSingleton<MountBackends>();
        services.AddHostedService(provider => provider.GetRequiredService<MountBackends>());
        services.AddSingleton<MountPlaces>();
        services.AddSingleton<MountService>();
    }
}
