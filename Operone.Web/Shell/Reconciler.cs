using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Environments;

namespace Operone.Web.Shell;

/// <summary>Settles what a device knows with what is stored, whenever it connects, and when it is removed.</summary>
internal sealed class Reconciler(
    IDbContextFactory<OperoneDb> databases, ExecutionWriter writer, ExecutionDispatch dispatch, DeviceDirectory devices, CurrentStanding standing,
    EnvironmentUse environments, TimeProvider time) : IExecutionReports, IDeviceObserver
{
    /// <summary>The most executions of one device that are settled at once.</summary>
    private const int MaxInventory = 10_000;

    public ValueTask ReportAsync(Guid deviceId, ExecutionReport report, CancellationToken cancellationToken) =>
        writer.ReportAsync(deviceId, report, cancellationToken);

    public async Task<ExecutionReconciliation> ReconcileAsync(Guid deviceId, ExecutionInventory inventory, CancellationToken cancellationToken)
    {
        var named = inventory.ExecutionIds.Take(MaxInventory).ToHashSet();
        await writer.ForgetAsync([.. named], cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var open = await db.Set<Execution>().Where(e => e.DeviceId == deviceId && e.EndedAt == null).ToListAsync(cancellationToken);
        var known = open.ToDictionary(e => e.Id);
        foreach (var some in named.Where(id => !known.ContainsKey(id)).Chunk(500))
        {
            foreach (var execution in await db.Set<Execution>().Where(e => e.DeviceId == deviceId && some.Contains(e.Id)).ToListAsync(cancellationToken))
            {
                known[execution.Id] = execution;
            }
        }

        var answers = named.Select(id => known.TryGetValue(id, out var execution)
            ? ExecutionState.From(execution).Acknowledge()
            : new ExecutionAcknowledgement(id, 0, 0, false, Problem: "this device has no such execution")).ToArray();

        if (open.Count > 0)
        {
            await SettleAsync(db, deviceId, open, named, cancellationToken);
        }

        return new(answers, [.. open.Where(e => e.Status == ExecutionStatus.Running && !named.Contains(e.Id)).Select(e => e.Id)]);
    }

    /// <summary>Ends what a removed device still had to do: nobody will ever say how it went.</summary>
    public async Task RemovedAsync(Guid deviceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var open = await db.Set<Execution>().Where(e => e.DeviceId == deviceId && e.EndedAt == null).Select(e => e.Id).ToListAsync(cancellationToken);
        await writer.EndAsync(open, [ExecutionStatus.Queued, ExecutionStatus.Starting, ExecutionStatus.Running],
            ExecutionStatus.Lost, "the device was removed", cancellationToken);
    }

    /// <summary>
    /// Tells devices of this node again what they should have been told before this time and may never have heard: starts and cancels. It ends nothing: they may
    /// have heard it after all. A terminal is not started behind the back of whoever sits before it.
    /// </summary>
    public async Task TellAgainAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);

        // what waits for a device that came in the moment in which it was stored; what waits for longer is told when the device connects
        var young = before - TimeSpan.FromMinutes(1);
        var late = await db.Set<Run>().Where(r => r.Status == RunStatus.Running && r.CreatedAt < before)
            .Join(
                db.Set<Execution>().Where(e => e.EndedAt == null), r => r.Id, e => e.RunId, (r, e) => new { e.Id, e.DeviceId, e.Status, r.Kind, r.CreatedAt, At = r.CancelledAt ?? e.CancelledAt })
            .Where(x => x.At < before || (x.At == null && x.Kind != RunKind.Terminal && (x.Status == ExecutionStatus.Starting || (x.Status == ExecutionStatus.Queued && x.CreatedAt > young))))
            .Select(x => new { x.Id, x.DeviceId }).ToListAsync(cancellationToken);
        foreach (var some in late.Where(e => devices.IsHere(e.DeviceId)).Select(e => e.Id).Chunk(200))
        {
            var found = await db.Set<Execution>().Where(e => some.Contains(e.Id) && e.EndedAt == null)
                .Join(db.Set<Run>(), e => e.RunId, r => r.Id, (e, r) => new { Execution = e, Run = r }).ToListAsync(cancellationToken);
            foreach (var one in found)
            {
                if (one.Run.CancelledAt is not null || one.Execution.CancelledAt is not null)
                {
                    await dispatch.CancelAsync([(one.Execution.DeviceId, ExecutionDispatch.CancelOf(one.Run, one.Execution.Id))], cancellationToken);
                }
                else if (one.Run.ExpiresAt > time.GetUtcNow() && await WhyNotAsync(one.Run, one.Execution.DeviceId, cancellationToken) is null)
                {
                    await writer.MarkStartingAsync([one.Execution.Id], cancellationToken);
                    await dispatch.StartAsync(one.Run, [one.Execution], cancellationToken);
                }
            }
        }
    }

    private async Task SettleAsync(
        OperoneDb db, Guid deviceId, List<Execution> open, HashSet<Guid> named, CancellationToken cancellationToken)
    {
        var runIds = open.Select(e => e.RunId).Distinct().ToArray();
        var runs = await db.Set<Run>().Where(r => runIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancellationToken);
        var now = time.GetUtcNow();
        var cancel = new List<(Guid DeviceId, CancelExecution Cancel)>();
        var starting = new List<Guid>();
        foreach (var execution in open)
        {
            var run = runs[execution.RunId];
            if (run.CancelledAt is not null || execution.CancelledAt is not null)
            {
                // The agent ends it, or leaves a tombstone so that a late start finds it cancelled.
                cancel.Add((deviceId, ExecutionDispatch.CancelOf(run, execution.Id)));
            }
            else if (execution.Status is ExecutionStatus.Queued or ExecutionStatus.Starting && !named.Contains(execution.Id))
            {
                if (run.Kind == RunKind.Terminal)
                {
                    if (await dispatch.StartAgainAsync(run, execution, cancellationToken))
                    {
                        continue;
                    }

                    await writer.EndAsync([execution.Id], [ExecutionStatus.Queued, ExecutionStatus.Starting], ExecutionStatus.Expired,
                        "the device's connection was lost before the terminal had started; open another one", cancellationToken);
                }
                else if (run.ExpiresAt < now)
                {
                    await writer.EndAsync([execution.Id], [ExecutionStatus.Queued, ExecutionStatus.Starting], ExecutionStatus.Expired,
                        "the device was not there before the run expired", cancellationToken);
                }
                else if (await WhyNotAsync(run, deviceId, cancellationToken) is { } reason)
                {
                    await writer.EndAsync([execution.Id], [ExecutionStatus.Queued, ExecutionStatus.Starting], ExecutionStatus.Refused, reason, cancellationToken);
                }
                else
                {
                    starting.Add(execution.Id);
                    await dispatch.StartAsync(run, [execution], cancellationToken);
                }
            }
        }

        await writer.MarkStartingAsync(starting, cancellationToken);
        await dispatch.CancelAsync(cancel, cancellationToken);
    }

    /// <summary>Why a run that was accepted may not start on its device any more, in words; null where it may.</summary>
    private async Task<string?> WhyNotAsync(Run run, Guid deviceId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var device = devices.Find(deviceId);
        var owner = run.CreatedById is { } id ? await standing.OfAsync(id, cancellationToken) : null;
        var isOfJobs = run.Kind is RunKind.Job or RunKind.Workload;

        // a pipeline is somebody's own, or a job's
        string[] either = run.Kind == RunKind.Pipeline ? [Permissions.RunsCreate, Permissions.JobsRun] : [isOfJobs ? Permissions.JobsRun : Permissions.RunsCreate];
        return owner is not null && (device is null || !either.Any(p => Policy.Decide(owner, p, device.Labels, now).Allowed))
            ? $"{run.CreatedBy} may no longer run {(isOfJobs ? "jobs" : "commands")} on this device"
            : device is null ? null : environments.WhyNot(run, owner, device, now);
    }
}
