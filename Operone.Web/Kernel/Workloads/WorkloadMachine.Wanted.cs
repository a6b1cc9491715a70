using Operone.Core.Events;
using Operone.Core.Kernel.Workloads;

namespace Operone.Web.Kernel.Workloads;

/// <summary>How many there are to be, where, and of which version.</summary>
internal sealed partial class WorkloadMachine
{
    private bool IsWell(WorkloadInstance instance) =>
        instance.Status == InstanceStatus.Completed || instance is { Status: InstanceStatus.Running, AwaySince: null, HealthySince: not null };

    private bool IsSettled(WorkloadInstance instance) =>
        instance.Work == workload.Work
        && (instance.Status == InstanceStatus.Completed ? instance.Failures == 0 || instance.DueAt is null
            : IsWell(instance) && instance.HealthySince!.Value.AddSeconds(WorkloadRules.Seconds(workload.Definition.Update?.Healthy, 10)) <= now);

    /// <summary>Whether nothing is to be expected of it that is not told: it is well, or only waits, or is away.</summary>
    private bool IsCalm(WorkloadInstance instance) =>
        instance.Status == InstanceStatus.Waiting || instance.AwaySince is not null || (IsWell(instance) && (instance.Work == workload.Work || !workload.IsStarted));

    /// <summary>When its host has ended it, so that another one may take its place; null for never, as far as is known.</summary>
    private DateTimeOffset? GivenUpAt(WorkloadInstance instance) => IsCounted && instance is { AwaySince: { } away, LeaseSeconds: { } lease }
        ? away + new[] { TimeSpan.FromSeconds(lease + instance.GraceSeconds) + Silence, unseen }.Max() + Margin : null;

    /// <summary>Whether it waits for a device that is away.</summary>
    private bool IsHeldUp(WorkloadInstance instance) => instance is { Status: InstanceStatus.Waiting, Wish: { } wish } && devices(wish) is not { IsOnline: true };

    /// <summary>How many fewer than these run, without those whose device is away: nobody knows when it returns.</summary>
    private int Fewer(int floor) => Math.Max(0, Math.Min(floor, IsCounted ? Count : every.Count)
        - _live.Count(i => i is { Status: InstanceStatus.Running or InstanceStatus.Completed } or { Status: InstanceStatus.Stopping, AwaySince: not null } || IsHeldUp(i)));

    /// <summary>Says who leaves their device, and who goes where somebody wants them.</summary>
    private void Leave()
    {
        foreach (var instance in _live.Where(i => i.Status == InstanceStatus.Running).ToArray())
        {
            var device = devices(instance.DeviceId!.Value);
            var why = instance.IsMoved ? "somebody moves it" : device is { IsShut: true } ? "its device is drained" : device is { IsMeant: false } ? "its device is not meant any more" : null;
            if ((why is not null) != instance.Leaves)
            {
                (instance.Leaves, instance.Reason) = (why is not null, why);
                if (why is not null)
                {
                    Told.Add((EventTypes.WorkloadInstanceMoved, instance));
                }
            }

            if (instance.IsMoved && !_live.Exists(i => i.Replaces == instance.Id) && Staying().Count() < Count)
            {
                var next = Add();
                (next.Replaces, next.Wish, next.Avoid) = (instance.Id, instance.MoveTo, instance.DeviceId);
            }
        }

        var leaving = _live.Where(i => i.Status == InstanceStatus.Running && i.Leaves).OrderBy(i => i.Id).ToArray();
        var well = _live.Count(i => !i.Leaves && IsWell(i));

        // with more than one the others come first; those that are not well are no loss
        var may = Count > 1 ? well + leaving.Count(IsWell) - Count : leaving.Length;
        foreach (var instance in leaving)
        {
            if (!IsWell(instance) || may-- > 0)
            {
                Stop(instance, instance.Reason ?? "it is moved");
            }
        }
    }

    private IEnumerable<WorkloadInstance> Staying() => _live.Where(i => !i.Leaves && i.Status is InstanceStatus.Waiting or InstanceStatus.Running or InstanceStatus.Completed);

    /// <summary>As many as there are to be, by number.</summary>
    private void Fill()
    {
        var staying = Staying().ToArray();
        for (var i = staying.Length; i < Count; i++)
        {
            Add();
        }

        foreach (var instance in staying.OrderBy(i => i.Status != InstanceStatus.Waiting).ThenBy(i => i.Work == workload.Work).ThenBy(IsWell).ThenByDescending(i => i.Id)
            .Take(staying.Length - Count).ToArray())
        {
            Stop(instance, "there are enough");
        }
    }

    /// <summary>One on every device.</summary>
    private void Cover()
    {
        var covered = new HashSet<Guid>();
        foreach (var instance in _live.Where(i => i.Status != InstanceStatus.Stopping).OrderBy(i => i.Status == InstanceStatus.Waiting).ThenBy(i => i.Id).ToArray())
        {
            var id = instance.DeviceId ?? instance.Wish;
            if (id is not { } on || devices(on) is not { IsShut: false, IsMeant: true } || (instance.Status == InstanceStatus.Waiting && !every.Contains(on)))
            {
                Stop(instance, "its device is not meant any more, or is drained");
            }
            else if (!covered.Add(on))
            {
                Stop(instance, "its device has one already");
            }
            else if (instance.IsMoved)
            {
                // there is nowhere else to go
                (instance.IsMoved, instance.MoveTo) = (false, null);
            }
        }

        foreach (var id in every.Where(id => !covered.Contains(id)))
        {
            Add().Wish = id;
        }
    }

    /// <summary>The next ones of another version, where those before are well.</summary>
    private void Update()
    {
        var outdated = _live.Where(i => i.Work != workload.Work && i is { Status: InstanceStatus.Running, Leaves: false, AwaySince: null })
            .OrderBy(IsWell).ThenBy(i => i.Id).ToList();
        var unsettled = Missing()
            + _live.Count(i => i is { Status: InstanceStatus.Running, AwaySince: null, Leaves: false } or { Status: InstanceStatus.Completed } && i.Work == workload.Work && !IsSettled(i));
        var budget = (workload.Definition.Update?.Batch ?? 1) - unsettled;
        foreach (var instance in outdated.ToArray())
        {
            // on the way back, what is not well is no loss
            if ((workload.Phase == WorkloadPhase.RollingBack && !IsWell(instance)) || budget-- > 0)
            {
                Stop(instance, workload.Phase == WorkloadPhase.RollingBack ? "the version before comes back" : "another version takes its place");
                outdated.Remove(instance);
            }
        }

        // those that are away follow when they return; but one at least must have shown that it can be done
        var isUntried = _live.Exists(i => i.Work != workload.Work && i is { Status: InstanceStatus.Running, AwaySince: not null }) && !_live.Exists(IsSettled);
        if (workload.Phase != WorkloadPhase.Steady && !isUntried && outdated.Count == 0 && unsettled == 0 && !_live.Exists(i => i is { Status: InstanceStatus.Stopping, AwaySince: null }))
        {
            IsUpdated = workload.Phase == WorkloadPhase.Updating;
            workload.Reason = workload.Phase == WorkloadPhase.Updating ? null : workload.Reason;
            (workload.Phase, workload.FromVersion, workload.Floor) = (WorkloadPhase.Steady, null, 0);
            foreach (var instance in _live)
            {
                instance.DueAt = null;
            }
        }
    }

    /// <summary>How many fewer run than before the update. On the way back, and at a restart, those that found no room for long are not waited for.</summary>
    private int Missing()
    {
        var missing = Fewer(workload.Phase == WorkloadPhase.Steady ? int.MaxValue : workload.Floor);
        if (workload is { Phase: WorkloadPhase.Updating, FromVersion: not null })
        {
            return missing;
        }

        var patience = now.AddSeconds(-WorkloadRules.Seconds(workload.Definition.Update?.Deadline, 300));
        return Math.Min(missing, _live.Count(i => i is { Status: InstanceStatus.Stopping, AwaySince: null } || (i.Status == InstanceStatus.Waiting && i.Since > patience && !IsHeldUp(i))));
    }
}
