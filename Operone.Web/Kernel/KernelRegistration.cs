using Operone.Web.Kernel.Alerts;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Kernel.Placement;
using Operone.Web.Kernel.Processes;
using Operone.Web.Kernel.Schedules;
using Operone.Web.Kernel.Schedules.Windows;
using Operone.Web.Kernel.Workloads;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Kernel;

/// <summary>Wires the room Kernel.</summary>
internal static class KernelRegistration
{
    public static void AddKernel(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddJobs();
        services.AddSchedules();
        services.AddProcesses();
        services.AddWorkloads();
        services.AddAlerts();
        services.AddSingleton<ReservationBook>();
        services.AddSingleton<CandidateReader>();
        services.AddSingleton<RunPlacer>();
        services.AddSingleton<IRunPlacer>(provider => provider.GetRequiredService<RunPlacer>());
        services.AddSingleton<ResourceService>();
        services.AddSingleton<JobPlacer>();
        services.AddHostedService<PlacementLoop>();
    }

    public static void MapKernel(this WebApplication app)
    {
        app.MapJobs();
        app.MapJobRuns();
        app.MapSchedules();
        app.MapMaintenanceWindows();
        app.MapWorkloads();
        app.MapResources();
        app.MapProcesses();
        app.MapAlerts();
    }
}
