using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Kernel.Schedules.Windows;

namespace Operone.Web.Kernel.Placement;

/// <summary>
/// Chooses devices for the runs of jobs that leave that to Operone, once for the whole run, and reserves there what it needs. From then on the run is one on
/// the devices that were chosen, as if they had been named.
/// </summary>
internal sealed partial class JobPlacer(
    IDbContextFactory<OperoneDb> databases, CandidateReader reader, JobDevices devices, CurrentStanding standing, DeviceDirectory directory, JobRecords records,
    TimeProvider time, ILogger<JobPlacer> logger)
{
    /// <summary>How often it is tried again where somebody else took the room at the same moment.</summary>
    private const int MaxAttempts = 5;

    /// <summary>How long a round of all that wait may take: then the others come in the next one, so that nothing else has to wait for them.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private Guid _next;

    /// <summary>Tries all that wait, in the order in which they came.</summary>
    public async Task PlaceAllAsync(CancellationToken cancellationToken)
    {
        var (began, round) = (time.GetTimestamp(), new Round());
        var waiting = await WaitingAsync(cancellationToken);
        var from = Math.Max(0, waiting.FindIndex(id => id == _next));
        _next = Guid.Empty;
        foreach (var id in waiting.Skip(from))
        {
            if (time.GetElapsedTime(began) > Longest)
            {
                _next = id;
                return;
            }

            round.Fleet ??= await reader.ReadAsync(cancellationToken);
            try
            {
                if (await PlaceAsync(id, round, cancellationToken))
                {
                    round = new();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException && !Problems.IsDatabaseAway(e))
            {
                // One that cannot be placed must not keep the others waiting for ever.
                Log.Failed(logger, e, id);
                round = new();
            }
        }
    }

    /// <summary>Chooses and stores. True where what was read of the fleet is not so any more.</summary>
    private async Task<bool> PlaceAsync(Guid id, Round round, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var fleet = round.Fleet!;
        for (var attempt = 1; await Waiting(db).AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is { } run; attempt++)
        {
            if (run.Definition.Concurrency == JobConcurrency.Replace && !await JobStepper.MayBeginAsync(db, run, cancellationToken))
            {
                // the one that it replaces has its room until it has ended
                await NoteAsync(db, run, new(PlacementState.Waiting, "It waits for the run that it replaces.", time.GetUtcNow(), []), run.WaitsFrom, cancellationToken);
                return attempt > 1;
            }

            // what another run of the same job was told a moment ago is so for this one
            var alike = (run.JobId, run.Version, run.CreatedById, run.Devices, run.ObeysWindows, JsonColumn.ToText(run.Target));
            if (attempt > 1 || !round.Told.TryGetValue(alike, out var told))
            {
                var actor = await standing.ActorAsync(run.CreatedById, run.CreatedBy, cancellationToken);
                var meant = await devices.CandidatesAsync(actor, run.Target, run.Definition, cancellationToken, isLater: true);
                var (request, all) = (RequestOf(run), meant.IsError ? [] : meant.Value.Devices);
                var held = (run.ObeysWindows ? round.Windows ??= await WindowHolds.ReadAsync(db, time.GetUtcNow(), cancellationToken) : WindowHolds.None).Held(all);
                var isHeld = held.Count > 0 && (request.Count is null || held.Count == all.Count);
                var answer = meant.IsError || isHeld ? null : Placer.Place(request, [.. all.Where(d => !held.ContainsKey(d)).Select(d => reader.Of(d, fleet))]);
                if (answer?.IsPlaced == true)
                {
                    if (await StoreAsync(db, run, answer, held, request.Needs, cancellationToken))
                    {
                        records.Signal(run.Id);
                        return true;
                    }

                    if (attempt == MaxAttempts)
                    {
                        return true;
                    }

                    db.ChangeTracker.Clear();
                    fleet = await reader.ReadAsync(cancellationToken);
                    continue;
                }

                var why = meant.IsError ? new(PlacementState.Waiting, meant.Error!.Detail, time.GetUtcNow(), [])
                    : answer is null ? PlacementTexts.Held(held, all.Count, time.GetUtcNow()) : PlacementTexts.View(answer, PlacementTexts.Barred(held), time.GetUtcNow());
                round.Told[alike] = told = (why, isHeld ? held.Values.Min() : null);
            }

            // what windows hold has all its patience once they open; but once, or it would wait from night to night for ever
            var from = told.Opens is { } opens && (run.WaitsFrom is null || run.WaitsFrom > time.GetUtcNow()) ? opens : run.WaitsFrom;
            await NoteAsync(db, run, told.Why, from, cancellationToken);
            return attempt > 1;
        }

        return false;
    }

    /// <summary>What a run that waits asks for. How many is the run's own: one that does what was left over needs fewer than its job says.</summary>
    private PlacementRequest RequestOf(JobRun run)
    {
        var placement = JobPlacement.ToRun(run.Definition.Placement)!;
        return new()
        {
            Needs = placement.Needs ?? Resources.None,
            Count = run.Devices > 0 ? run.Devices : null,
            Preferred = [.. (placement.Prefer ?? []).Select(p => Selector.Parse(p).Value)],
            SpreadOver = placement.SpreadOver,
            Excluded = (placement.Exclude ?? []).Select(n => directory.Find(n)?.Id).OfType<Guid>().ToHashSet(),
            Strategy = placement.Strategy,
        };
    }

    [SuppressMessage("Performance", "CA1849", Justification = "Adding to a context does no I/O.")]
    private async Task<bool> StoreAsync(
        OperoneDb db, JobRun run, PlacementAnswer answer, IReadOnlyDictionary<DeviceEntry, DateTimeOffset?> held, Resources needs, CancellationToken cancellationToken)
    {
        var chosen = answer.Chosen.Select(c => directory.Find(c.Id)).OfType<DeviceEntry>().ToArray();
        if (chosen.Length < answer.Chosen.Count)
        {
            return false;
        }

        var now = time.GetUtcNow();
        var plan = RolloutPlan.Of(run.Definition.Rollout, chosen.Select(d => new RolloutDevice(d.Id, d.Name, d.Labels)));
        var approval = run.Definition.Approval is { } asks
            ? JobStarts.Ask(run, asks, chosen, await CalledJob.OfAsync(db, run.JobName, run.Definition, cancellationToken), at: now) : null;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await ReservationBook.HasRoomAsync(db, answer.Chosen, needs, cancellationToken))
        {
            return false;
        }

        var (status, target, how) = (
            approval is null ? JobRunStatus.Running : JobRunStatus.Approval, new RunTarget([.. chosen.Select(d => d.Id.ToString())]), PlacementTexts.View(answer, PlacementTexts.Barred(held), now));
        if (await Waiting(db).Where(r => r.Id == run.Id).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Status, status).SetProperty(x => x.Target, target).SetProperty(x => x.Among, run.Target).SetProperty(x => x.Placement, how)
                .SetProperty(x => x.Reason, (string?)null).SetProperty(x => x.Devices, chosen.Length).SetProperty(x => x.Batches, plan.Batches.Count)
                .SetProperty(x => x.AtOnce, plan.AtOnce).SetProperty(x => x.StopAfter, plan.StopAfter)
                .SetProperty(x => x.NextAt, now).SetProperty(x => x.News, x => x.News + 1), cancellationToken) == 0)
        {
            // it was cancelled or paused meanwhile, or another node was faster
            return false;
        }

        db.AddRange(JobStarts.DevicesOf(run.Id, plan));
        db.AddRange(chosen.Select(d => new JobReservation
        {
            Id = Guid.CreateVersion7(now),
            JobRunId = run.Id,
            DeviceId = d.Id,
            CpuMillis = needs.CpuMillis,
            MemoryBytes = needs.MemoryBytes,
            DiskBytes = needs.DiskBytes,
            At = now,
        }));
        if (approval is not null)
        {
            db.Add(approval);
            db.Publish(JobRecords.Asked(run, approval.Id));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task NoteAsync(OperoneDb db, JobRun run, PlacementView why, DateTimeOffset? from, CancellationToken cancellationToken)
    {
        if (PlacementTexts.IsSame(run.Placement, why) && run.WaitsFrom == from)
        {
            return;
        }

        var reason = ShortText.Shorten(why.Reason, 1000);
        if (await Waiting(db).Where(r => r.Id == run.Id).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Placement, why).SetProperty(x => x.Reason, reason).SetProperty(x => x.WaitsFrom, from), cancellationToken) > 0)
        {
            records.Signal(run.Id);
        }
    }

    private async Task<List<Guid>> WaitingAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Waiting(db).OrderBy(r => r.Id).Select(r => r.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Those that wait for room. One that somebody is just taking a step further is left to them: it is about to end.</summary>
    private static IQueryable<JobRun> Waiting(OperoneDb db) => db.Set<JobRun>().Where(
        r => r.Status == JobRunStatus.Waiting && r.Placement != null && r.Among == null && r.EndedAt == null && r.CancelledAt == null && r.PausedAt == null && r.Claim == null);

    /// <summary>What was read of the fleet and of maintenance windows, and whoever has been told since that there is no room.</summary>
    private sealed class Round
    {
        public FleetState? Fleet { get; set; }
        public WindowHolds? Windows { get; set; }
        public Dictionary<(Guid Job, int Version, Guid? By, int Count, bool ObeysWindows, string Target), (PlacementView Why, DateTimeOffset? Opens)> Told { get; } = [];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The run {JobRun} of a job could not be placed; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception, Guid jobRun);
    }
}
