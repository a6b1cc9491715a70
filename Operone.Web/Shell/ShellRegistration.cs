using Microsoft.Extensions.Options;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Hosting;
using Operone.Web.Shell.Environments;
using Operone.Web.Shell.Pipelines;
using Operone.Web.Shell.Placement;
using Operone.Web.Shell.Recordings;
using Operone.Web.Shell.Sandbox;
using Operone.Web.Shell.Streams;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell;

/// <summary>Wires the room Shell.</summary>
internal static class ShellRegistration
{
    public static void AddShell(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<ExecutionWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<ExecutionWriter>());
        services.AddHostedService<ExpiryService>();
        services.AddHostedService<LostSends>();
        services.AddSingleton<IRecurringJob, RunUpkeep>();
        services.AddSingleton<RunRemoval>();
        services.AddSingleton<IRecurringJob, RunRetention>();
        services.AddSingleton<SandboxService>();
        services.AddSingleton<SandboxChoice>();
        services.AddSingleton<ISandboxNames, SandboxNames>();
        services.AddSingleton<ExecutionDispatch>();
        services.AddEnvironments();
        services.AddSingleton<RunService>();
        services.AddSingleton<RunStart>();
        services.AddSingleton<WaitingRuns>();
        services.AddSingleton<RunSight>();
        services.AddSingleton<Events.IEventSight>(provider => provider.GetRequiredService<RunSight>());
        services.AddSingleton<RunReader>();
        services.AddSingleton<RunRecords>();
        services.AddSingleton<RunOutput>();
        services.AddSingleton<StreamService>();
        services.AddSingleton<PipelineService>();
        services.AddSingleton<PipelineJoiner>();
        services.AddHostedService(provider => provider.GetRequiredService<PipelineJoiner>());
        services.AddSingleton<TerminalPolicies>();
        services.AddSingleton<TerminalPeople>();
        services.AddSingleton<TerminalSight>();
        services.AddSingleton<TerminalReader>();
        services.AddSingleton<TerminalStart>();
        services.AddSingleton<TerminalRecords>();
        services.AddSingleton<TerminalDoor>();
        services.AddSingleton<TerminalService>();
        services.AddSingleton<TerminalPolicyService>();
        services.AddRecordings();
        services.AddSingleton<Reconciler>();
        services.AddSingleton<IExecutionReports>(provider => provider.GetRequiredService<Reconciler>());
        services.AddSingleton<IDeviceObserver>(provider => provider.GetRequiredService<Reconciler>());
    }

    private static void AddRecordings(this IServiceCollection services)
    {
        services.AddOptions<ShellOptions>().BindConfiguration(ShellOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ShellOptions>, ShellOptionsValidation>();
        services.AddSingleton<RecordingReader>();
        services.AddSingleton<RecordingSearch>();
        services.AddSingleton<RecordingRemoval>();
        services.AddSingleton<RecordingIndexer>();
        services.AddHostedService<RecordingIndexService>();
        services.AddSingleton<IRecurringJob, RecordingRetention>();
    }

    public static void MapShell(this WebApplication app)
    {
        app.MapRuns();
        app.MapStreams();
        app.MapPipelines();
        app.MapTerminals();
        app.MapSandboxes();
        app.MapEnvironments();
        app.MapTerminalPolicies();
        app.MapRecordings();
        app.MapRecordingPlayer();
    }

    /// <summary>At start, once the database is there.</summary>
    public static Task PrepareShellAsync(this WebApplication app, CancellationToken cancellationToken)
    {
        // hears from the start who is at terminals elsewhere
        _ = app.Services.GetRequiredService<TerminalPeople>();
        return app.Services.GetRequiredService<SandboxService>().PrepareAsync(cancellationToken);
    }
}
