namespace Operone.Web.Kernel.Processes;

/// <summary>Wires the view of processes.</summary>
internal static class ProcessRegistration
{
    public static void AddProcesses(this IServiceCollection services)
    {
        services.AddSingleton<AgentProcesses>();
        services.AddSingleton<ProcessWatches>();
        services.AddHostedService(provider => provider.GetRequiredService<ProcessWatches>());
        services.AddSingleton<ProcessOwners>();
        services.AddSingleton<ProcessRecords>();
        services.AddSingleton<ProcessService>();
        services.AddSingleton<ProcessTop>();
    }

    public static void MapProcesses(this WebApplication app) => ProcessEndpoints.Map(app);
}
