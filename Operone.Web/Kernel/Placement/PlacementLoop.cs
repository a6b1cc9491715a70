using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Placement;

/// <summary>
/// Places what waits when room may have come: when an execution ends, a device connects or changes, and every few seconds. It also sends
/// starts again that a node did not live to send, and sees when a device that is being drained has finished. Every node does it: what two
/// of them try at once, one of them does.
/// </summary>
internal sealed partial class PlacementLoop(
    IDbContextFactory<OperoneDb> databases, RunPlacer placer, JobPlacer jobs, ReservationBook book, RunStart starts, DeviceDirectory directory, CordonService cordons,
    LiveChanges changes, TimeProvider time, ILogger<PlacementLoop> logger) : BackgroundService
{
    /// <summary>How long a start may take before it is sent again.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan AtMostEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AtLeastEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TidyEvery = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.Runs, LiveChanges.Devices, LiveChanges.JobRuns);
        var (kept, tidied) = (time.GetTimestamp(), time.GetTimestamp());
        try
        {
            while (true)
            {
                await WaitAsync(subscription, stoppingToken);
                var began = time.GetTimestamp();
                try
                {
                    await placer.PlaceAllAsync(stoppingToken);
                    await jobs.PlaceAllAsync(stoppingToken);
                    await FinishDrainsAsync(stoppingToken);
                    if (time.GetElapsedTime(kept) >= AtLeastEvery)
                    {
                        kept = time.GetTimestamp();
                        await StartAgainAsync(StartPatience, stoppingToken);
                    }

                    if (time.GetElapsedTime(tidied) >= TidyEvery)
                    {
                        tidied = time.GetTimestamp();
                        await using var db = await databases.CreateDbContextAsync(stoppingToken);
                        await book.TidyAsync(db, stoppingToken);
                    }
                }
                catch (Exception e) when (Problems.IsDatabaseAway(e))
                {
                    Log.DatabaseAway(logger, e.GetBaseException().Message);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // One run that cannot be placed must not keep the others waiting for ever.
                    Log.Failed(logger, e);
                    await Task.Delay(AtLeastEvery, time, stoppingToken);
                }

                // Where much waits a round costs more than where little does: it takes a third of the time at the most.
                var cost = time.GetElapsedTime(began) * 2;
                await Task.Delay(cost < AtMostEvery ? AtMostEvery : cost > AtLeastEvery ? AtLeastEvery : cost, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Sends starts again whose reservation is older than that, to devices that are connected to this node.</summary>
    internal async Task StartAgainAsync(TimeSpan olderThan, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - olderThan;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var late = await db.Set<Reservation>().Where(r => r.At <= before)
            .Join(db.Set<Execution>().Where(e => e.Status == ExecutionStatus.Starting), r => r.ExecutionId, e => e.Id, (r, e) => new { e.Id, e.DeviceId })
            .Take(1000).ToListAsync(cancellationToken);
        if (late.Where(e => directory.IsHere(e.DeviceId)).Select(e => e.Id).ToArray() is { Length: > 0 } here)
        {
            await starts.SendAgainAsync(here, cancellationToken);
        }
    }

    private async Task FinishDrainsAsync(CancellationToken cancellationToken)
    {
        var draining = directory.All.Where(d => d.Intake == DeviceIntake.Draining).Select(d => d.Id).ToArray();
        if (draining.Length == 0)
        {
            return;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var runs = db.Set<Run>().Where(r => r.Kind != RunKind.Terminal);
        var busy = await db.Set<Execution>().Where(e => EF.Parameter(draining).Contains(e.DeviceId) && e.EndedAt == null && runs.Any(r => r.Id == e.RunId))
            .Select(e => e.DeviceId).Distinct().ToListAsync(cancellationToken);

        // what has begun a job there goes on to its last step
        var between = await db.Set<JobRunDevice>().Where(d => d.Status < JobDeviceStatus.Succeeded && d.RunId != null && EF.Parameter(draining).Contains(d.DeviceId))
            .Select(d => d.DeviceId).Distinct().ToListAsync(cancellationToken);
        foreach (var id in draining.Except(busy).Except(between))
        {
            await cordons.DrainedAsync(id, cancellationToken);
        }
    }

    private async Task WaitAsync(LiveChanges.Subscription subscription, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(AtLeastEvery, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await subscription.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // long enough
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What waits for room is looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "What waits for room could not be placed; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
