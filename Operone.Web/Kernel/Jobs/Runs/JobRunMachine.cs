using Operone.Core;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>How an execution has ended.</summary>
internal readonly record struct ExecutionOutcome(ExecutionStatus Status, string? Reason, int? ExitCode);

/// <summary>
/// Takes a run of a job one step further. Pure: from how the run, its devices and their executions stand it makes how they stand next, what is to be
/// started and what cancelled; to store that and to do it is somebody else's. Asked twice with the same it says the same.
/// </summary>
internal sealed class JobRunMachine
{
    private readonly JobRun _run;
    private readonly IReadOnlyList<JobRunDevice> _open;
    private readonly DateTimeOffset _now;
    private readonly IReadOnlyList<JobStep> _steps;
    private readonly IReadOnlyList<(int First, int Last)> _phases;
    private readonly HashSet<JobRunDevice> _changed = [];
    private int _failed;

    /// <param name="run">The run as it stands.</param>
    /// <param name="open">Its devices that have not ended, in order. They are changed.</param>
    /// <param name="failed">How many have failed already.</param>
    /// <param name="now">The time.</param>
    public JobRunMachine(JobRun run, IReadOnlyList<JobRunDevice> open, int failed, DateTimeOffset now)
    {
        (_run, _open, _failed, _now) = (run, open, failed, now);
        (Status, Phase, Batch, ReadyAt, Reason) = (run.Status, run.Phase, run.Batch, run.ReadyAt, run.Reason);
        _steps = run.Definition.Steps!;
        _phases = PhasesOf(run.Definition);
    }

    public JobRunStatus Status { get; private set; }

    public int Phase { get; private set; }

    public int Batch { get; private set; }

    public DateTimeOffset? ReadyAt { get; private set; }

    public string? Reason { get; private set; }

    /// <summary>The devices that stand otherwise now.</summary>
    public IReadOnlyCollection<JobRunDevice> Changed => _changed;

    /// <summary>Those of them that have done their last step, and wait for what is done once after it.</summary>
    public Guid[] DoneAll => [.. _changed.Where(HasDoneAll).Select(d => d.DeviceId)];

    /// <summary>The devices whose present step is to be sent.</summary>
    public List<JobRunDevice> Starting { get; } = [];

    /// <summary>The devices whose execution is to be cancelled.</summary>
    public List<JobRunDevice> Cancelling { get; } = [];

    /// <summary>The approval step that somebody has to be asked about; null for none.</summary>
    public int? Asks { get; private set; }

    /// <summary>The step that calls something now; null for none.</summary>
    public int? Calls { get; private set; }

    /// <summary>When to look again without news; null for not before there is any.</summary>
    public DateTimeOffset? NextAt { get; private set; }

    private bool IsStopped => _run.StopAfter <= _failed;

    /// <summary>The devices that have not failed, in order.</summary>
    public IReadOnlyList<Guid> Able => [.. _open.Where(d => !d.Status.IsEnd()).Select(d => d.DeviceId)];

    /// <summary>The stretches of steps that devices do by themselves, between those that are done once for all.</summary>
    public static IReadOnlyList<(int First, int Last)> PhasesOf(JobDefinition job)
    {
        var (phases, first) = (new List<(int, int)>(), 0);
        for (var i = 0; i <= job.Steps!.Count; i++)
        {
            if (i == job.Steps.Count || !JobRules.IsForDevices(job.Steps[i]))
            {
                // two of those after each other have nothing between them
                phases.Add((first, i - 1));
                first = i + 1;
            }
        }

        return phases;
    }

    /// <summary>Takes in how executions have ended.</summary>
    /// <param name="ends">By execution.</param>
    /// <param name="isEnding">Whether the run is to end: then nothing is tried again, and nothing comes after.</param>
    public void Harvest(IReadOnlyDictionary<Guid, ExecutionOutcome> ends, bool isEnding)
    {
        foreach (var device in _open)
        {
            if (device.Status != JobDeviceStatus.Running || !ends.TryGetValue(device.ExecutionId!.Value, out var end))
            {
                continue;
            }

            _changed.Add(device);
            var step = _steps[device.Step];
            if (end.Status == ExecutionStatus.Succeeded)
            {
                (device.Step, device.Attempt, device.Reason) = (device.Step + 1, 0, null);
                device.Status = device.Step >= _steps.Count ? JobDeviceStatus.Succeeded : JobDeviceStatus.Pending;
            }
            else if (!isEnding && end.Status is ExecutionStatus.Failed or ExecutionStatus.TimedOut
                && JobRules.PauseBefore(step.Retries ?? _run.Definition.Retries, device.Attempt) is { } pause)
            {
                (device.Status, device.RetryAt, device.Reason) = (JobDeviceStatus.Retrying, _now + pause, Words(step, end));
            }
            else
            {
                Fail(device, end.Status == ExecutionStatus.Cancelled ? JobDeviceStatus.Cancelled : JobDeviceStatus.Failed, Words(step, end));
            }
        }
    }

    /// <summary>A device cannot do its step at all.</summary>
    public void Refuse(JobRunDevice device, string reason)
    {
        _changed.Add(device);
        Fail(device, JobDeviceStatus.Failed, reason);
    }

    /// <summary>Its yes has come: for the whole, or for the steps after the one that asked.</summary>
    public void Approve(bool isWhole)
    {
        if (!isWhole)
        {
            Pass();
        }

        Status = isWhole && _run.Definition.Concurrency == JobConcurrency.Replace ? JobRunStatus.Waiting : JobRunStatus.Running;
    }

    /// <summary>How what a step called stands: where it has succeeded the steps after it come, where it failed nothing does.</summary>
    public void Take(int step, CallOutcome outcome)
    {
        if (outcome.Status == JobCallStatus.Succeeded)
        {
            Pass();
        }
        else if (outcome.Status != JobCallStatus.Running)
        {
            End(JobRunStatus.Failed, $"{JobRunReader.NameOf(_steps[step])}: {outcome.Reason}", again: false);
        }
    }

    private void Pass() => (Phase, Batch, ReadyAt) = (Phase + 1, 0, null);

    /// <summary>The run that it replaces has ended.</summary>
    public void Begin() => Status = JobRunStatus.Running;

    /// <summary>Ends it as soon as nothing is at work: what has not begun does not, what runs is cancelled.</summary>
    /// <param name="status">As what it ends.</param>
    /// <param name="reason">Why.</param>
    /// <param name="again">Whether what is to be cancelled may not have been told.</param>
    /// <param name="isGone">Whether a device is not waited for any more; it is told when it is back. Null where all are.</param>
    public void End(JobRunStatus status, string reason, bool again, Func<JobRunDevice, bool>? isGone = null)
    {
        foreach (var device in _open.Where(d => !d.Status.IsEnd()))
        {
            if (HasDoneAll(device))
            {
                device.Status = JobDeviceStatus.Succeeded;
                _changed.Add(device);
            }
            else if (device.Status != JobDeviceStatus.Running)
            {
                var isNew = device.RunId is null;
                Fail(device, isNew ? JobDeviceStatus.NotStarted : JobDeviceStatus.Cancelled, isNew ? reason : $"{reason}, before its step {device.Step + 1}");
                _changed.Add(device);
            }
            else if (isGone?.Invoke(device) == true)
            {
                Fail(device, JobDeviceStatus.Cancelled, $"{reason}; the device is away, and is told when it is back");
                _changed.Add(device);
                Cancelling.Add(device);
            }
            else if (again || device.Reason != ShortText.Shorten(reason, 1000))
            {
                device.Reason = ShortText.Shorten(reason, 1000);
                _changed.Add(device);
                Cancelling.Add(device);
            }
        }

        if (!_open.Any(d => d.Status == JobDeviceStatus.Running))
        {
            (Status, Reason) = (status, ShortText.Shorten(reason, 1000));
        }
    }

    /// <summary>Starts what may start, moves on to the next batch, asks for the next yes, or comes to the end.</summary>
    public void Drive(bool isPaused)
    {
        var pause = JobRules.Time(_run.Definition.Rollout?.Pause) ?? TimeSpan.Zero;
        while (Phase < _phases.Count)
        {
            var (first, last) = _phases[Phase];
            if (_open.Any(d => d.Batch == Batch && IsAtWork(d, last, first)))
            {
                break;
            }

            if (IsStopped)
            {
                End(JobRunStatus.Failed, $"stopped after {_failed} of {_run.Devices} devices failed", again: false);
                return;
            }

            var had = _open.Any(d => d.Batch == Batch);
            var next = _open.Where(d => d.Batch > Batch && d.Status == JobDeviceStatus.Pending && d.Step <= last).Select(d => (int?)d.Batch).Min();
            if (next is { } batch)
            {
                (Batch, ReadyAt) = (batch, had && pause > TimeSpan.Zero ? _now + pause : null);
                continue;
            }

            var goOn = _open.Count(d => !d.Status.IsEnd());
            if (goOn == 0 || Phase == _phases.Count - 1)
            {
                foreach (var device in _open.Where(d => !d.Status.IsEnd()))
                {
                    device.Status = JobDeviceStatus.Succeeded;
                    _changed.Add(device);
                }

                (Status, Reason) = _failed > 0 || _open.Any(d => d.Status is JobDeviceStatus.Cancelled)
                    ? (JobRunStatus.Failed, _failed > 0 ? $"{_failed} of {_run.Devices} devices failed" : "executions were cancelled") : (JobRunStatus.Succeeded, null);
                return;
            }

            if (_steps[last + 1].Approval is not null)
            {
                Asks = last + 1;
                Status = JobRunStatus.Approval;
            }
            else if (!isPaused)
            {
                Calls = last + 1;
            }

            return;
        }

        if (!isPaused)
        {
            Start();
        }

        NextAt = new[] { isPaused ? null : ReadyAt > _now ? ReadyAt : null, isPaused ? null : _open.Where(d => d.Status == JobDeviceStatus.Retrying).Min(d => d.RetryAt) }.Min();
    }

    private void Start()
    {
        if (ReadyAt > _now)
        {
            return;
        }

        var (first, last) = _phases[Phase];
        var here = _open.Where(d => d.Batch == Batch).ToList();
        var free = _run.AtOnce - here.Count(d => IsAtWork(d, last, first) && !IsNew(d, first));
        foreach (var device in here)
        {
            var isNew = IsNew(device, first);
            var isDue = device.Status == JobDeviceStatus.Retrying ? device.RetryAt <= _now : device.Status == JobDeviceStatus.Pending && Math.Max(device.Step, first) <= last;
            if (!isDue || (isNew && (IsStopped || free <= 0)))
            {
                continue;
            }

            free -= isNew ? 1 : 0;
            device.Step = Math.Max(device.Step, first);
            (device.Status, device.Attempt, device.RetryAt, device.Reason) = (JobDeviceStatus.Running, device.Attempt + 1, null, null);
            _changed.Add(device);
            Starting.Add(device);
        }
    }

    // what has to end before the batch has
    private bool IsAtWork(JobRunDevice device, int last, int first) =>
        device.Status is JobDeviceStatus.Running or JobDeviceStatus.Retrying
        || (device.Status == JobDeviceStatus.Pending && Math.Max(device.Step, first) <= last && !(IsStopped && IsNew(device, first)));

    // what comes after it is called for all
    private bool HasDoneAll(JobRunDevice device) => device.Status == JobDeviceStatus.Pending && (device.RunId is not null || device.Step > 0) && _steps.Skip(device.Step).All(s => !JobRules.IsForDevices(s));

    private static bool IsNew(JobRunDevice device, int first) => device.Status == JobDeviceStatus.Pending && device.Step <= first && device.Attempt == 0;

    private void Fail(JobRunDevice device, JobDeviceStatus status, string reason)
    {
        (device.Status, device.RetryAt, device.Reason) = (status, null, ShortText.Shorten(reason, 1000));
        _failed += status == JobDeviceStatus.Failed ? 1 : 0;
    }

    private static string Words(JobStep step, ExecutionOutcome end) =>
        $"{JobRunReader.NameOf(step)}: {end.Reason ?? (end.ExitCode is { } code ? $"exit code {code}" : end.Status.ToText())}";
}
