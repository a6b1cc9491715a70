using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;

namespace Operone.Web.Kernel.Workloads;

/// <summary>How the execution of an instance stands.</summary>
internal sealed record InstanceExecution(ExecutionStatus Status, string? Reason, int? ExitCode, SupervisionState? Supervision);

/// <summary>A device as a workload looks at it.</summary>
/// <param name="IsOnline">Whether its agent is connected.</param>
/// <param name="IsShut">Whether it is to be emptied.</param>
/// <param name="IsMeant">Whether the workload's target means it.</param>
/// <param name="LastSeenAt">When it was connected last, as far as that was stored.</param>
internal readonly record struct WorkloadDevice(bool IsOnline, bool IsShut, bool IsMeant, DateTimeOffset? LastSeenAt = null);

/// <summary>
/// Takes a workload one step further. Pure: from how it, its instances, their executions and devices stand it makes how they stand next, what is to
/// be started and what ended; to place, to store and to do that is somebody else's. Asked twice with the same it says the same.
/// </summary>
/// <param name="workload">What is wanted. It is changed where the version before comes back.</param>
/// <param name="instances">Its instances that are not over. They are changed.</param>
/// <param name="executions">How their executions stand, by id.</param>
/// <param name="devices">Their devices; null for one that was removed.</param>
/// <param name="every">With one on every device: the devices that are to have one.</param>
/// <param name="before">The version that would come back.</param>
/// <param name="now">The time.</param>
/// <param name="unseen">For how long a device may be connected to another node, which answers it, before that is known here.</param>
internal sealed partial class WorkloadMachine(
    Workload workload, IReadOnlyList<WorkloadInstance> instances, IReadOnlyDictionary<Guid, InstanceExecution> executions, Func<Guid, WorkloadDevice?> devices,
    IReadOnlyCollection<Guid> every, WorkloadVersion? before, DateTimeOffset now, TimeSpan unseen = default)
{
    /// <summary>How long it may take until both sides know that their connection is lost.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(ProtocolVersion.SilenceSeconds);
    /// <summary>What is added to the time after which an instance must be over.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(15);
    private const int MaxStartsInUpdate = 3;
    private const double MaxPauseSeconds = 300;

    private readonly List<WorkloadInstance> _live = [.. instances];

    /// <summary>The instances that are new.</summary>
    public List<WorkloadInstance> Added { get; } = [];

    /// <summary>Those whose execution is to be ended.</summary>
    public HashSet<WorkloadInstance> Cancelling { get; } = [];

    /// <summary>What happened to which.</summary>
    public List<(string Type, WorkloadInstance Instance)> Told { get; } = [];

    /// <summary>The version that was given up, and why; null for none.</summary>
    public (int Version, string Problem)? RolledBack { get; private set; }

    /// <summary>Whether an update has come to its end.</summary>
    public bool IsUpdated { get; private set; }

    /// <summary>Whether an instance is well or away that was not, or the other way round, or was started again.</summary>
    public bool HasObserved { get; private set; }

    /// <summary>Whether nothing of it is left that would have to end before it is removed.</summary>
    public bool IsGone => workload.RemovedAt is not null && _live.Count == 0;

    /// <summary>When to look again without news, as it stands with what was placed; null for not before there is any.</summary>
    public DateTimeOffset? NextAt => _live.Count == 0 && !workload.IsStarted ? null
        : workload.Phase != WorkloadPhase.Steady || !_live.TrueForAll(IsCalm) ? now.AddSeconds(1)
        : _live.SelectMany(i => new[] { i.NotBefore, GivenUpAt(i) }).OfType<DateTimeOffset>().Where(at => at > now).Append(now.AddSeconds(10)).Min();

    /// <summary>Those that are not over.</summary>
    public IReadOnlyList<WorkloadInstance> Live => _live;

    private bool IsCounted => workload.Definition.Count is not null;

    private int Count => workload.Count ?? 0;

    private DateTimeOffset? DueAt => workload.Phase == WorkloadPhase.Updating ? now.AddSeconds(WorkloadRules.Seconds(workload.Definition.Update?.Deadline, 300)) : null;

    /// <summary>Looks at everything once.</summary>
    public void Step()
    {
        Harvest();
        if (workload is { IsStarted: true, RemovedAt: null })
        {
            Renew();
            if (IsCounted)
            {
                Leave();
                Fill();
                Update();
                Fill();
            }
            else
            {
                Cover();
                Update();
                Cover();
            }
        }
        else
        {
            (workload.Phase, workload.FromVersion) = (WorkloadPhase.Steady, null);
            foreach (var instance in _live.ToArray())
            {
                Stop(instance, workload.RemovedAt is null ? "the workload was stopped" : "the workload is removed");
            }
        }

        foreach (var instance in _live.Where(i => i.Status == InstanceStatus.Stopping && i.NotBefore <= now))
        {
            instance.NotBefore = now + AskAgain;
            Cancelling.Add(instance);
        }
    }

    /// <summary>Those that wait and may be placed now, in order. What may not says why.</summary>
    public IReadOnlyList<WorkloadInstance> Placeable()
    {
        var waiting = _live.Where(i => i.Status == InstanceStatus.Waiting && !(i.NotBefore > now)).OrderBy(i => i.Replaces is null).ThenBy(i => i.Id).ToArray();
        var taken = _live.Where(i => i.Status is InstanceStatus.Running or InstanceStatus.Stopping).ToArray();
        if (!IsCounted)
        {
            return [.. waiting.Where(i => May(i, taken.All(t => t.DeviceId != i.Wish)))];
        }

        var room = Count + (Count > 1 ? taken.Count(t => t.Leaves) : 0) - taken.Length - _live.Count(i => i.Status == InstanceStatus.Completed);
        return [.. waiting.Where((i, n) => May(i, n < room))];
    }

    /// <summary>An instance has a device and an execution there.</summary>
    public void Place(WorkloadInstance instance, Guid deviceId, string deviceName, Guid runId, Guid executionId)
    {
        (instance.Status, instance.Since, instance.Reason) = (InstanceStatus.Running, now, null);
        (instance.DeviceId, instance.DeviceName, instance.RunId, instance.ExecutionId) = (deviceId, deviceName, runId, executionId);
        (instance.LeaseSeconds, instance.GraceSeconds) = (WorkloadRules.ToSupervision(workload.Definition).LeaseSeconds, WorkloadRules.Seconds(workload.Definition.StopGrace, 10));
        (instance.Wish, instance.Avoid, instance.NotBefore) = (null, null, null);
        instance.DueAt ??= DueAt;
        Told.Add((EventTypes.WorkloadInstanceStarted, instance));
    }

    /// <summary>It has not: somebody else was faster, or it may not be.</summary>
    public static void Wait(WorkloadInstance instance, string reason, DateTimeOffset? notBefore = null) =>
        (instance.Reason, instance.NotBefore) = (ShortText.Shorten(reason, 1000), notBefore);

    private static bool May(WorkloadInstance instance, bool may)
    {
        if (!may)
        {
            Wait(instance, "It waits for another one to end.");
        }

        return may;
    }

    private void Harvest()
    {
        foreach (var instance in _live.Where(i => i.ExecutionId is not null && i.Status is InstanceStatus.Running or InstanceStatus.Stopping).ToArray())
        {
            if (executions.GetValueOrDefault(instance.ExecutionId!.Value) is not { } execution)
            {
                Lose(instance, "its run is not there any more");
            }
            else if (execution.Status.IsEnd())
            {
                Take(instance, execution);
            }
            else if (devices(instance.DeviceId!.Value) is not { } device)
            {
                Lose(instance, "its device was removed");
            }
            else
            {
                Observe(instance, execution, device);
            }
        }
    }

    private void Take(WorkloadInstance instance, InstanceExecution execution)
    {
        var words = execution.Reason ?? (execution.ExitCode is { } code ? $"exit code {code}" : execution.Status.ToText());
        var mode = workload.Definition.Restart?.Mode ?? RestartMode.Always;

        // what its host ended for want of the server says nothing about the program
        var isFence = SupervisionRules.IsFence(execution.Reason);
        if (instance.Status == InstanceStatus.Stopping)
        {
            End(instance, instance.Reason ?? words);
        }
        else if (!isFence && ((execution.Status == ExecutionStatus.Succeeded && mode != RestartMode.Always)
            || (execution.Status is ExecutionStatus.Failed or ExecutionStatus.TimedOut && mode == RestartMode.Never)))
        {
            (instance.Status, instance.Since, instance.Reason) = (InstanceStatus.Completed, now, ShortText.Shorten(words, 1000));
            Told.Add((EventTypes.WorkloadInstanceEnded, instance));
            instance.Failures = execution.Status == ExecutionStatus.Succeeded ? 0 : instance.Failures + 1;
            if (instance.Failures > 0 && instance.Work == workload.Work)
            {
                RollBack($"an instance on {instance.DeviceName} ended: {words}");
            }
        }
        else
        {
            Lose(instance, words);
            if (!isFence && instance.Work == workload.Work && execution.Status is ExecutionStatus.Failed or ExecutionStatus.Refused)
            {
                RollBack($"an instance on {instance.DeviceName} ended: {words}");
            }
        }
    }

    private void Observe(WorkloadInstance instance, InstanceExecution execution, WorkloadDevice device)
    {
        var lastSeen = device.LastSeenAt ?? DateTimeOffset.MinValue;
        var before = (instance.HealthySince is null, instance.AwaySince is null, instance.Starts);
        instance.AwaySince = device.IsOnline ? null : instance.AwaySince is { } since ? (lastSeen > since ? lastSeen : since) : now;
        var state = execution.Supervision;
        if (state is not null && state.Starts != instance.Starts)
        {
            (instance.Starts, instance.HealthySince) = (state.Starts, null);
        }

        instance.HealthySince = state is { Phase: SupervisedPhase.Running, Health: HealthState.Healthy } ? instance.HealthySince ?? now : null;
        HasObserved |= before != (instance.HealthySince is null, instance.AwaySince is null, instance.Starts);
        if (GivenUpAt(instance) <= now)
        {
            // its host has ended it by now: it was not heard of for the lease
            Cancelling.Add(instance);
            Told.Add((EventTypes.WorkloadInstanceMoved, instance));
            Lose(instance, $"its device {instance.DeviceName} is away for longer than {Quantities.FormatDuration(TimeSpan.FromSeconds(instance.LeaseSeconds!.Value))}");
        }
        else if (instance.Status == InstanceStatus.Running && instance.Work == workload.Work && instance.AwaySince is null && !IsSettled(instance)
            && (state?.Health == HealthState.Unhealthy || instance.Starts > MaxStartsInUpdate || instance.DueAt <= now))
        {
            RollBack(state?.Health == HealthState.Unhealthy ? $"an instance on {instance.DeviceName} is unhealthy: {state.LastReason}"
                : instance.Starts > MaxStartsInUpdate ? $"an instance on {instance.DeviceName} was started {instance.Starts} times: {state?.LastReason}"
                : $"an instance on {instance.DeviceName} was not well in time");
        }
    }

    /// <summary>What is of another version waits for this one; what has completed runs again. What waits for too long in an update brings the version before back.</summary>
    private void Renew()
    {
        if (_live.Find(i => i.Status == InstanceStatus.Waiting && i.Work == workload.Work && i.DueAt <= now && !IsHeldUp(i)) is { } late && Fewer(workload.Floor) > 0)
        {
            RollBack($"an instance was not started in time: {late.Reason}");
        }

        foreach (var instance in _live.Where(i => i.Work != workload.Work && i.Status is InstanceStatus.Waiting or InstanceStatus.Completed).ToArray())
        {
            if (instance.Status == InstanceStatus.Completed)
            {
                End(instance, "another version takes its place", isTold: true);
            }
            else
            {
                (instance.Version, instance.Work, instance.DueAt) = (workload.Version, workload.Work, null);
                (instance.Failures, instance.NotBefore) = (0, null);
            }
        }

        // once the one before is over, its device is as good as none at all
        foreach (var instance in _live.Where(i => i.Replaces is { } id && i.Status == InstanceStatus.Waiting && !_live.Exists(o => o.Id == id)))
        {
            instance.Replaces = null;
        }

        // what runs the same is of the version that is wanted
        foreach (var instance in _live.Where(i => i.Work == workload.Work))
        {
            instance.Version = workload.Version;
        }
    }

    private void RollBack(string problem)
    {
        if (workload is not { Phase: WorkloadPhase.Updating, FromVersion: { } from } || before?.Number != from || workload.Definition.Update?.Rollback == false)
        {
            workload.Reason = workload.Phase == WorkloadPhase.Updating ? ShortText.Shorten(problem, 1000) : workload.Reason;
            return;
        }

        RolledBack = (workload.Version, ShortText.Shorten(problem, 1000));
        if (workload.Definition.Count != before.Definition.Count)
        {
            workload.Count = before.Definition.Count;
        }

        (workload.Phase, workload.FromVersion, workload.Reason) = (WorkloadPhase.RollingBack, null, ShortText.Shorten($"Version {workload.Version} was rolled back: {problem}", 1000));
        workload.Floor = _live.Count(i => i.Status == InstanceStatus.Running);
        (workload.Version, workload.Work, workload.Definition) = (before.Number, before.Work, before.Definition);
    }

    /// <summary>An instance ended though it was wanted.</summary>
    private void Lose(WorkloadInstance instance, string reason)
    {
        var isWanted = instance.Status == InstanceStatus.Running && !instance.Leaves && workload is { IsStarted: true, RemovedAt: null };
        End(instance, reason);
        if (!isWanted)
        {
            return;
        }

        var failures = instance.HealthySince <= now - Stable ? 0 : instance.Failures + 1;
        var next = Add();
        next.Replaces = instance.Replaces;
        (next.Failures, next.Avoid, next.Reason) = (failures, instance.DeviceId, ShortText.Shorten($"The one before on {instance.DeviceName} ended: {reason}", 1000));
        next.NotBefore = failures == 0 ? null : now.AddSeconds(Math.Min(Math.Pow(2, Math.Min(failures, 20)), MaxPauseSeconds));
        next.Wish = IsCounted ? null : instance.DeviceId;
    }

    private void Stop(WorkloadInstance instance, string reason)
    {
        switch (instance.Status)
        {
            case InstanceStatus.Running:
                (instance.Status, instance.Since, instance.Reason, instance.NotBefore) = (InstanceStatus.Stopping, now, reason, now + AskAgain);
                Cancelling.Add(instance);
                break;
            case InstanceStatus.Waiting or InstanceStatus.Completed:
                End(instance, reason, isTold: true);
                break;
        }
    }

    private void End(WorkloadInstance instance, string reason, bool isTold = false)
    {
        (instance.Status, instance.Since, instance.Reason, instance.AwaySince) = (InstanceStatus.Ended, now, ShortText.Shorten(reason, 1000), null);
        _live.Remove(instance);
        Added.Remove(instance);
        if (!isTold)
        {
            Told.Add((EventTypes.WorkloadInstanceEnded, instance));
        }
    }

    private WorkloadInstance Add()
    {
        var instance = new WorkloadInstance
        {
            Id = Guid.CreateVersion7(now),
            WorkloadId = workload.Id,
            Version = workload.Version,
            Work = workload.Work,
            Since = now,
            DueAt = DueAt,
        };
        _live.Add(instance);
        Added.Add(instance);
        return instance;
    }
}
