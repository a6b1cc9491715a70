using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Schedules.Windows;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Carries out what schedules have fired: starts the job in the name of whoever saved the schedule, with what they may at this moment.</summary>
internal sealed class ScheduleStarts(
    IDbContextFactory<OperoneDb> databases, JobStarts jobs, DeviceDirectory devices, CurrentStanding standing, IEvents events, LiveChanges changes, TimeProvider time)
{
    /// <summary>After how long it is tried again to do what must not run beside another part of the same.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Starts the job of a firing; the same firing once more starts nothing more. It gives the firing with what became of it; where it must wait for another,
    /// that is nothing yet.
    /// </summary>
    public async Task<Firing> CarryOutAsync(Firing taken, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var firing = await db.Set<Firing>().SingleOrDefaultAsync(f => f.Id == taken.Id, cancellationToken);
        if (firing is not { FiredAt: null })
        {
            // another node was quicker, or the schedule was turned off
            return firing ?? taken;
        }

        var schedule = await db.Set<Schedule>().SingleOrDefaultAsync(s => s.Id == firing.ScheduleId, cancellationToken);
        var job = schedule is null ? null : await db.Set<Job>().SingleOrDefaultAsync(j => j.Id == schedule.JobId, cancellationToken);
        var holds = await WindowHolds.ReadAsync(db, time.GetUtcNow(), cancellationToken);
        var held = schedule is null ? null : new HeldDevices(schedule, firing, holds, job?.Definition.Placement?.Count is not null);
        var isStarted = await db.Set<JobRun>().AnyAsync(r => r.Id == firing.JobRunId, cancellationToken); // by a node that did not live to note it
        var isOff = schedule is { IsEnabled: false } && schedule.UpdatedAt > firing.CreatedAt.AddMilliseconds(1); // the id has whole ones

        // one of the parts that windows made of one time, of a job that runs once at a time
        var isPart = firing.DeviceIds is not null && job?.Definition.Concurrency is JobConcurrency.Forbid or JobConcurrency.Replace;
        if (!isStarted && !isOff && isPart && firing.DeviceIds!.Any(id => devices.Find(id) is { } device && holds.FirstAllowed(device) <= holds.Now)
            && await IsBesideAnotherAsync(db, firing, job!.Id, cancellationToken))
        {
            return await PutOffAsync(db, firing, cancellationToken);
        }

        var error = schedule is null ? ScheduleErrors.NotFound(firing.ScheduleId.ToString())
            : isStarted ? null
            : isOff ? ScheduleErrors.TurnedOff(schedule.Name)
            : await StartAsync(schedule, firing, held!, isPart, cancellationToken);
        if (ReferenceEquals(error, ScheduleErrors.Beside))
        {
            return await PutOffAsync(db, firing, cancellationToken);
        }

        // where there is a run, what waits was stored with it
        var isHeld = error is { Code: "job-no-device" or "job-runs" } && held?.IsWaiting == true;
        var problem = error is { Code: "job-no-device" } && held?.Words is { } words ? words : error?.Detail;
        (firing.FiredAt, firing.Problem) = (time.GetUtcNow(), problem is null ? null : ShortText.Shorten(problem, Firing.MaxProblem));
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            if (isHeld)
            {
                // before the firing, as who turns the schedule off does
                await Schedule.LockAsync(db, firing.ScheduleId, cancellationToken);
            }

            if (await db.Set<Firing>().Where(f => f.Id == firing.Id && f.FiredAt == null).ExecuteUpdateAsync(
                f => f.SetProperty(x => x.FiredAt, firing.FiredAt).SetProperty(x => x.Problem, firing.Problem), cancellationToken) > 0 && isHeld)
            {
                await held!.StoreAsync(db, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        if (schedule is not null)
        {
            var outcome = firing.Problem ?? (held?.Words is { } some ? ShortText.Shorten($"started; {some}", Firing.MaxProblem) : "started");
            var at = firing.At < firing.FiredAt ? firing.At : firing.FiredAt!.Value; // what waited may have been let go early
            await db.Set<Schedule>().Where(s => s.Id == schedule.Id && (s.LastAt == null || s.LastAt <= at)).ExecuteUpdateAsync(
                s => s.SetProperty(x => x.LastAt, at).SetProperty(x => x.LastOutcome, outcome), cancellationToken);
            if (error is not { Code: "job-no-device" } || !isHeld || firing.DeviceIds is not null)
            {
                // what waits tells when it has run; what has waited and is too late for its window tells too
                await events.PublishAsync(
                    new(error is null ? EventTypes.ScheduleFired : EventTypes.ScheduleFailed, schedule.Name, Actor: schedule.OwnerName, Data: new Dictionary<string, string?>
                    {
                        ["scheduleId"] = schedule.Id.ToString(),
                        ["jobRunId"] = error is null ? firing.JobRunId.ToString() : null,
                        ["cause"] = firing.Cause,
                        ["problem"] = firing.Problem,
                    }),
                    cancellationToken);
            }

            if (held?.IsWaiting == true)
            {
                changes.Signal(LiveChanges.Schedules);
            }

            changes.Signal(LiveChanges.ScheduleList);
        }

        return firing;
    }

    private async Task<Firing> PutOffAsync(OperoneDb db, Firing firing, CancellationToken cancellationToken)
    {
        firing.ClaimedUntil = time.GetUtcNow() + Again;
        await db.Set<Firing>().Where(f => f.Id == firing.Id && f.FiredAt == null).ExecuteUpdateAsync(f => f.SetProperty(x => x.ClaimedUntil, firing.ClaimedUntil), cancellationToken);
        return firing;
    }

    /// <summary>
    /// Whether a job that runs once at a time runs still on other devices for the same time of its schedule: windows that open at different times made two of one, and
    /// the second must not be refused for the first, nor end it. What was fired for an earlier time is another matter.
    /// </summary>
    private static async Task<bool> IsBesideAnotherAsync(OperoneDb db, Firing firing, Guid jobId, CancellationToken cancellationToken)
    {
        var since = firing.CreatedAt;
        var open = await db.Set<JobRun>().Where(r => r.JobId == jobId && r.EndedAt == null).Select(r => r.Id).ToArrayAsync(cancellationToken);
        return open.Length > 0 && await db.Set<Firing>().AnyAsync(
            f => f.ScheduleId == firing.ScheduleId && f.Id != firing.Id && (f.FiredAt == null || f.FiredAt >= since) && EF.Parameter(open).Contains(f.JobRunId), cancellationToken);
    }

    private async Task<Error?> StartAsync(Schedule schedule, Firing firing, HeldDevices held, bool isPart, CancellationToken cancellationToken)
    {
        var actor = await standing.ActorAsync(schedule.OwnerId, schedule.OwnerName, cancellationToken);
        var parameters = new Dictionary<string, string>(schedule.Definition.Parameters ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (name, value) in firing.Parameters ?? new Dictionary<string, string>())
        {
            parameters[name] = value;
        }

        var cause = new JobCause(firing.Cause, RunId: firing.JobRunId)
        {
            Among = !held.MayHold && (firing.DeviceId, firing.DeviceIds) == (null, null) && schedule.Definition.Offline != OfflinePolicy.Skip ? null : device => (firing.DeviceId is not { } alone || device.Id == alone) && firing.DeviceIds?.Contains(device.Id) != false
                && (schedule.Definition.Offline != OfflinePolicy.Skip || devices.IsOnline(device.Id)) && held.IsFree(device),
            Along = async (store, cancel) =>
            {
                // another part may be started at this moment: of two, one is the first to hold the schedule
                if (isPart)
                {
                    await Schedule.LockAsync(store, firing.ScheduleId, cancel);
                    if (await IsBesideAnotherAsync(store, firing, schedule.JobId, cancel))
                    {
                        return ScheduleErrors.Beside;
                    }
                }

                await held.StoreAsync(store, cancel);
                return null;
            },
            ObeysWindows = true,
        };
        var started = await jobs.StartAsync(actor, schedule.JobId.ToString(), new RunJob { Parameters = parameters }, cause, cancellationToken);
        return started.Error is { Code: "job-not-found" } ? ScheduleErrors.JobGone(schedule.Name) : started.Error;
    }
}
