using Hangfire;
using Hangfire.InMemory;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;

namespace Operone.Web.Hosting;

/// <summary>
/// Hangfire: when things happen. In PostgreSQL where there is one, so that the nodes share the work; in memory otherwise.
/// Our own tables are the truth, so that what Hangfire should know is told to it again at each start.
/// </summary>
internal sealed partial class Scheduler(
    IEnumerable<IRecurringJob> jobs, IConfiguration configuration, IServiceProvider services, IHostApplicationLifetime lifetime,
    TimeProvider time, ILogger<Scheduler> logger) : BackgroundService
{
    // The first page comes first: the scheduler starts when the node has served for a moment.
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource();
        await using (lifetime.ApplicationStarted.Register(started.SetResult))
        {
            await started.Task.WaitAsync(stoppingToken);
        }

        await Task.Delay(Delay, time, stoppingToken);
        var storage = await PrepareAsync(stoppingToken);
        using var closing = storage as IDisposable;
        using var server = new BackgroundJobServer(
            new BackgroundJobServerOptions { WorkerCount = 2, Activator = new Activator(services), ServerTimeout = TimeSpan.FromMinutes(2) }, storage);
        Log.SchedulerStarted(logger, storage.GetType().Name);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        server.SendStop();
        await server.WaitForShutdownAsync(CancellationToken.None);
    }

    private async Task<JobStorage> PrepareAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var storage = Open();
                var manager = new RecurringJobManager(storage);
                foreach (var job in jobs)
                {
                    var name = job.Name;
                    manager.AddOrUpdate<JobRunner>(
                        name, runner => runner.RunAsync(name, CancellationToken.None), job.Cron, new RecurringJobOptions { TimeZone = TimeZoneInfo.Utc });
                }

                return storage;
            }
            catch (Exception exception) when (Problems.IsDatabaseAway(exception))
            {
                Log.SchedulerWaits(logger, exception.Message);
                await Task.Delay(Retry, time, cancellationToken);
            }
        }
    }

    private JobStorage Open()
    {
        if (configuration.GetConnectionString("Operone") is not { Length: > 0 } postgres)
        {
            return new InMemoryStorage();
        }

        var options = new PostgreSqlStorageOptions();
        return new PostgreSqlStorage(new NpgsqlConnectionFactory(postgres, options), options);
    }

    private sealed class Activator(IServiceProvider services) : JobActivator
    {
        public override object ActivateJob(Type jobType) => ActivatorUtilities.GetServiceOrCreateInstance(services, jobType);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The scheduler runs on {Storage}")]
        public static partial void SchedulerStarted(ILogger logger, string storage);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The scheduler waits for the database: {Reason}")]
        public static partial void SchedulerWaits(ILogger logger, string reason);
    }
}

/// <summary>What Hangfire calls: finds the job by its name and does it once.</summary>
internal sealed class JobRunner(IEnumerable<IRecurringJob> jobs)
{
    /// <summary>One at a time over all nodes, for each name. One that fails comes again with its next turn.</summary>
    [DisableConcurrentExecution("job:{0}", 5)]
    [AutomaticRetry(Attempts = 0, LogEvents = true, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public async Task RunAsync(string name, CancellationToken cancellationToken)
    {
        // One that an older version made is not known any more.
        if (jobs.FirstOrDefault(j => j.Name == name) is { } job)
        {
            await job.RunAsync(cancellationToken);
        }
    }
}
