using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Workloads;

/// <summary>Wires workloads.</summary>
internal static class WorkloadRegistration
{
    public static void AddWorkloads(this IServiceCollection services)
    {
        services.AddSingleton<WorkloadRecords>();
        services.AddSingleton<WorkloadReader>();
        services.AddSingleton<WorkloadPlacement>();
        services.AddSingleton<WorkloadStepper>();
        services.AddSingleton<WorkloadConductor>();
        services.AddHostedService(provider => provider.GetRequiredService<WorkloadConductor>());
        services.AddSingleton<WorkloadService>();
        services.AddSingleton<IRecurringJob, WorkloadRunRetention>();
    }
}
