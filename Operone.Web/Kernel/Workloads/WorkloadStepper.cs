using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Hosting.Nodes;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Workloads;

/// <summary>An instance that has a device, with the run that it becomes.</summary>
internal sealed record PlacedInstance(WorkloadInstance Instance, DeviceEntry Device, PreparedRun Run);

/// <summary>
/// Takes a workload that somebody has claimed one step further: reads how it stands, asks the <see cref="WorkloadMachine"/>, places what waits, stores what comes
/// of it along with runs and reservations in one transaction, and sends after that. What was stored and not sent is sent again by whoever takes it up.
/// </summary>
internal sealed class WorkloadStepper(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, JobSight sight, CurrentStanding standing, WorkloadPlacement placement, RunStart starts,
    WorkloadRecords records, INodeBus nodes, TimeProvider time)
{
    private const int MaxPlacedInAStep = 100;

    // where the nodes do not hear of each other, a device of another one shows only in what that one stores now and then
    private static readonly TimeSpan Unseen = PresenceUpkeep.Every * 1.5;
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>Does it.</summary>
    /// <param name="workload">The workload as it was read when it was claimed. It is changed.</param>
    /// <param name="claim">The claim: where it is not the workload's any more, nothing is done.</param>
    /// <param name="isTakenOver">Whether whoever had it before did not come to the end of their step.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>When to look at it again; null for not before there is news.</returns>
    public async Task<DateTimeOffset?> StepAsync(Workload workload, Guid claim, bool isTakenOver, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var live = await db.Set<WorkloadInstance>().AsTracking().Where(i => i.WorkloadId == workload.Id && i.Status != InstanceStatus.Ended).OrderBy(i => i.Id).ToListAsync(cancellationToken);
        var before = workload.FromVersion is { } from
            ? await db.Set<WorkloadVersion>().SingleOrDefaultAsync(v => v.WorkloadId == workload.Id && v.Number == from, cancellationToken) : null;
        var actor = await standing.ActorAsync(workload.RunsAsId, workload.RunsAs, cancellationToken);
        var meant = sight.Meant(workload.Definition.Target!).ToDictionary(d => d.Id);
        var permitted = await placement.PermittedAsync(workload, actor, meant.Values, cancellationToken);
        var seen = await SeenAsync(db, live, cancellationToken);
        var machine = new WorkloadMachine(
            workload, live, await ExecutionsAsync(db, live, cancellationToken),
            id => directory.Find(id) is { } device ? new WorkloadDevice(directory.IsOnline(id), device.Intake.IsShut(), meant.ContainsKey(id), seen.GetValueOrDefault(id)) : null,
            [.. (permitted.IsError ? [] : permitted.Value).Where(d => d.Intake == DeviceIntake.Open).Select(d => d.Id)], before, now, nodes.IsAlone ? TimeSpan.Zero : Unseen);
        machine.Step();
        var placed = await PlaceAsync(machine, workload, actor, permitted, now, cancellationToken);
        db.AddRange(machine.Added);
        if (!await StoreAsync(db, workload, claim, machine, placed, now, cancellationToken))
        {
            return now;
        }

        await TellAsync(workload, actor, machine, placed, isTakenOver, cancellationToken);
        return placed.Count == MaxPlacedInAStep ? now : machine.NextAt;
    }

    private static async Task<Dictionary<Guid, InstanceExecution>> ExecutionsAsync(OperoneDb db, List<WorkloadInstance> live, CancellationToken cancellationToken)
    {
        var ids = live.Select(i => i.ExecutionId).OfType<Guid>().ToArray();
        return ids.Length == 0 ? [] : await db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.Id))
            .ToDictionaryAsync(e => e.Id, e => new InstanceExecution(e.Status, e.Reason, e.ExitCode, e.Supervision), cancellationToken);
    }

    /// <summary>When devices that are away now were connected last, which may be later than anybody here saw it.</summary>
    private async Task<Dictionary<Guid, DateTimeOffset?>> SeenAsync(OperoneDb db, List<WorkloadInstance> live, CancellationToken cancellationToken)
    {
        var away = live.Select(i => i.DeviceId).OfType<Guid>().Where(id => !directory.IsOnline(id)).Distinct().ToArray();
        return away.Length == 0 ? [] : await db.Set<Device>().Where(d => EF.Parameter(away).Contains(d.Id)).ToDictionaryAsync(d => d.Id, d => d.LastSeenAt, cancellationToken);
    }

    private async Task<List<PlacedInstance>> PlaceAsync(
        WorkloadMachine machine, Workload workload, Actor actor, Result<DeviceEntry[]> permitted, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var waiting = machine.Placeable().Take(MaxPlacedInAStep).ToArray();
        var placed = new List<PlacedInstance>();
        if (waiting.Length == 0)
        {
            return placed;
        }

        if (permitted.IsError || permitted.Value.Length == 0)
        {
            var why = permitted.Error?.Detail ?? $"The target means no device on which {workload.RunsAs} may run jobs.";
            foreach (var instance in waiting)
            {
                WorkloadMachine.Wait(instance, why);
            }

            return placed;
        }

        var (chosen, how) = await placement.ChooseAsync(workload, waiting, machine.Live, permitted.Value, cancellationToken);
        if (how is not null && !IsSame(workload.Placement, how))
        {
            workload.Placement = how;
        }

        var (request, supervision) = (WorkloadPlacement.ToRequest(workload.Definition), WorkloadRules.ToSupervision(workload.Definition));
        foreach (var (instance, device) in chosen)
        {
            var made = await starts.PrepareAsync(actor, request, device, supervision, cancellationToken);
            if (made.IsError)
            {
                WorkloadMachine.Wait(instance, made.Error!.Detail, now.AddSeconds(30));
            }
            else if (made.Value.Executions is not [{ Status: ExecutionStatus.Starting } execution])
            {
                WorkloadMachine.Wait(instance, $"{device.Name} is not connected any more.");
            }
            else
            {
                machine.Place(instance, device.Id, device.Name, made.Value.Run.Id, execution.Id);
                placed.Add(new(instance, device, made.Value));
            }
        }

        return placed;
    }

    private static bool IsSame(PlacementView? a, PlacementView b) =>
        a is not null && a.State == b.State && a.Reason == b.Reason && a.MoreDevices == b.MoreDevices && a.Devices.SequenceEqual(b.Devices);

    private static async Task<bool> StoreAsync(
        OperoneDb db, Workload workload, Guid claim, WorkloadMachine machine, List<PlacedInstance> placed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var mine = db.Set<Workload>().Where(w => w.Id == workload.Id && w.Claim == claim && w.News == workload.News);
        if (machine.IsGone)
        {
            if (await mine.ExecuteDeleteAsync(cancellationToken) == 0)
            {
                return false;
            }

            await NoteCancelledAsync(db, machine, now, cancellationToken);
            db.ChangeTracker.Clear();
            db.Publish(WorkloadRecords.Removed(workload));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }

        if (await mine.ExecuteUpdateAsync(
            w => w.SetProperty(x => x.Version, workload.Version).SetProperty(x => x.Definition, workload.Definition).SetProperty(x => x.Work, workload.Work)
                .SetProperty(x => x.Count, workload.Count).SetProperty(x => x.Phase, workload.Phase).SetProperty(x => x.FromVersion, workload.FromVersion)
                .SetProperty(x => x.Floor, workload.Floor).SetProperty(x => x.Reason, workload.Reason).SetProperty(x => x.Placement, workload.Placement), cancellationToken) == 0)
        {
            return false;
        }

        await NoteCancelledAsync(db, machine, now, cancellationToken);
        if (!await ReserveAsync(db, workload, placed, now, cancellationToken))
        {
            return false;
        }

        if (machine.RolledBack is { } rolledBack)
        {
            await db.Set<WorkloadVersion>().Where(v => v.WorkloadId == workload.Id && v.Number == rolledBack.Version)
                .ExecuteUpdateAsync(v => v.SetProperty(x => x.Problem, rolledBack.Problem), cancellationToken);
            db.Publish(WorkloadRecords.RolledBack(workload, rolledBack.Version, rolledBack.Problem));
        }

        if (machine.IsUpdated)
        {
            db.Publish(WorkloadRecords.Updated(workload));
        }

        foreach (var (type, instance) in machine.Told)
        {
            db.Publish(WorkloadRecords.Of(workload, type, instance));
        }

        await db.SaveChangesAsync(cancellationToken);
        if (machine.Told.Count > 0)
        {
            var old = now - Memory;
            await db.Set<WorkloadInstance>().Where(i => i.WorkloadId == workload.Id && i.Status == InstanceStatus.Ended && i.Since < old).ExecuteDeleteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Notes along with the step what is to end, so that it ends too where the node is killed before it has told the device.</summary>
    private static async Task NoteCancelledAsync(OperoneDb db, WorkloadMachine machine, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var ids = machine.Cancelling.Select(i => i.ExecutionId).OfType<Guid>().ToArray();
        if (ids.Length > 0)
        {
            await db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.Id) && e.CancelledAt == null && e.EndedAt == null)
                .ExecuteUpdateAsync(e => e.SetProperty(x => x.CancelledAt, now), cancellationToken);
        }
    }

    /// <summary>Takes the room with the devices' locks held. False where somebody else took it meanwhile: then all of it is tried again.</summary>
    private static async Task<bool> ReserveAsync(OperoneDb db, Workload workload, List<PlacedInstance> placed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (placed.Count == 0)
        {
            return true;
        }

        var needs = WorkloadRules.Needs(workload.Definition);
        if (!await ReservationBook.HasRoomAsync(db, [.. placed.Select(p => (p.Device.Id, p.Device.Capacity, p.Device.Kept))], needs, cancellationToken))
        {
            return false;
        }

        foreach (var (_, device, made) in placed)
        {
            await RunStart.InsertAsync(db, made, cancellationToken);
            db.Add(new Reservation
            {
                ExecutionId = made.Executions[0].Id,
                RunId = made.Run.Id,
                DeviceId = device.Id,
                CpuMillis = needs.CpuMillis,
                MemoryBytes = needs.MemoryBytes,
                DiskBytes = needs.DiskBytes,
                At = now,
            });
        }

        return true;
    }

    private async Task TellAsync(
        Workload workload, Actor actor, WorkloadMachine machine, List<PlacedInstance> placed, bool isTakenOver, CancellationToken cancellationToken)
    {
        // one that cannot be told keeps no other from being told; whoever takes the step over tells it again
        var problems = new List<Exception>();
        foreach (var made in placed)
        {
            await TryAsync(() => starts.SendAsync(actor, made.Run, cancellationToken));
        }

        foreach (var instance in isTakenOver ? machine.Live.Where(i => i.Status == InstanceStatus.Running) : [])
        {
            await TryAsync(() => starts.SendAgainAsync([instance.ExecutionId!.Value], cancellationToken));
        }

        var cancelling = isTakenOver ? machine.Live.Where(i => i.Status == InstanceStatus.Stopping).Concat(machine.Cancelling).Distinct() : machine.Cancelling;
        foreach (var some in cancelling.GroupBy(i => i.GraceSeconds))
        {
            await TryAsync(() => starts.CancelAsync(
                [.. some.Select(i => (i.DeviceId!.Value, i.ExecutionId!.Value))], some.First().Reason ?? "it is not wanted any more", cancellationToken, some.Key));
        }

        if (machine.Told.Count > 0 || machine.Added.Count > 0 || machine.HasObserved || machine.IsUpdated || machine.IsGone || machine.RolledBack is not null)
        {
            records.Signal(workload.Id);
        }

        if (problems.Count > 0)
        {
            throw new AggregateException(problems);
        }

        async Task TryAsync(Func<Task> tell)
        {
            try
            {
                await tell();
            }
#pragma warning disable CA1031 // it is thrown once the others are told
            catch (Exception problem)
#pragma warning restore CA1031
            {
                problems.Add(problem);
            }
        }
    }
}
