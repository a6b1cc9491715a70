using Microsoft.EntityFrameworkCore;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Hosting;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Shell;

/// <summary>Ends what waited for its device, or for room, until its run expired.</summary>
internal sealed partial class ExpiryService(
    IDbContextFactory<OperoneDb> databases, ExecutionWriter writer, WaitingRuns waiting, TimeProvider time, ILogger<ExpiryService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await ExpireAsync(stoppingToken);
                }
                catch (Exception e) when (Problems.IsDatabaseAway(e))
                {
                    Log.DatabaseAway(logger, e.GetBaseException().Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task ExpireAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var expired = await db.Set<Run>().Where(r => r.Status == RunStatus.Running && r.ExpiresAt < now)
            .Join(db.Set<Execution>().Where(e => e.Status == ExecutionStatus.Queued), r => r.Id, e => e.RunId, (r, e) => e.Id)
            .Take(1000).ToListAsync(cancellationToken);
        await writer.EndAsync(expired, [ExecutionStatus.Queued], ExecutionStatus.Expired, "the device was not there before the run expired", cancellationToken);
        await waiting.ExpireAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Expired runs are looked for again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
