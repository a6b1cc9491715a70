using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// What a host knows of a supervised command from one start to the next: how often it was started, how it does, and whether it may go on.
/// Each change is written down, for the agent and for a host that comes after this one.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Caretaker
{
    /// <summary>Where nobody is to be asked, a command that has run this long is well.</summary>
    private static readonly TimeSpan _moment = TimeSpan.FromSeconds(1);

    private readonly ExecutionFolder _folder;
    private readonly Supervision _how;
    private readonly Action _told;
    private readonly TimeProvider _time;
    private readonly HealthWatch? _health;
    private readonly LeaseWatch? _lease;
    private SupervisionNote _note;
    private long _startedAt = -1;
    private long _wellAt = -1;

    /// <summary>Begins, where nothing has been started yet, or where another host has left off.</summary>
    /// <param name="folder">The execution's folder.</param>
    /// <param name="request">The request; it is supervised.</param>
    /// <param name="before">What another host has noted.</param>
    /// <param name="requestedAt">When the request was written: to have heard of the server since will do for the first start; null where nothing before now will.</param>
    /// <param name="check">Begins a check.</param>
    /// <param name="told">Called when something new is written down.</param>
    /// <param name="time">The clock.</param>
    public Caretaker(
        ExecutionFolder folder, StartExecution request, SupervisionNote? before, DateTime? requestedAt, Func<HealthCheck, IProbe> check, Action told, TimeProvider time)
    {
        (_folder, _how, _told, _time) = (folder, request.Supervision!, told, time);
        _health = _how.Health is { } health ? new HealthWatch(health, () => check(health), time) : null;
        _lease = _how.LeaseSeconds is { } seconds ? new LeaseWatch(folder.Heard, seconds, requestedAt, Libc.ClockWithSleep, time) : null;
        _note = new SupervisionNote(
            before?.State ?? new SupervisionState(0, SupervisedPhase.Waiting, HealthState.Unknown, time.GetUtcNow()), before?.Restarts ?? 0, _how.LeaseSeconds, GraceSeconds: _how.StopGraceSeconds);
    }

    /// <summary>How often it was started.</summary>
    public int Starts => _note.State.Starts;

    /// <summary>How long after being asked to terminate it is killed.</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(_how.StopGraceSeconds);

    /// <summary>When something is due while it runs, as a timestamp.</summary>
    public long NextAt => Math.Min(LeaseNextAt, _health?.NextAt ?? (_note.State.Health == HealthState.Unknown && _startedAt >= 0 ? _startedAt + Ticks(_moment) : long.MaxValue));

    /// <summary>When the lease is to be looked at, as a timestamp.</summary>
    public long LeaseNextAt => _lease?.NextAt ?? long.MaxValue;

    /// <summary>Why the device ends it by itself: its lease is over. Null while it is not.</summary>
    public string? Fence => _lease is { IsOver: true } ? _lease.Reason : null;

    /// <summary>Whether it may be started as far as the lease says: the server must have been heard first, for it may have given up on this device.</summary>
    public bool MayGoOn => _lease?.HasHeard != false;

    /// <summary>Writes down the lease before anything is started: an agent that comes meanwhile may find no request any more, and must keep it.</summary>
    public void NoteLease()
    {
        if (_lease is not null)
        {
            _folder.TryWriteNote(_note);
        }
    }

    /// <summary>It waits, for what the words say.</summary>
    public void Wait(string reason, int? exitCode, HealthState health, DateTimeOffset? until) =>
        Note(_note.State with { Phase = SupervisedPhase.Waiting, Health = health, LastExitCode = exitCode, LastReason = reason, NextStartAt = until });

    /// <summary>It has been started.</summary>
    public void Begin(int pid)
    {
        (_startedAt, _wellAt) = (_time.GetTimestamp(), -1);
        _health?.Begin();
        _note = _note with { Boot = OperatingSystem.IsLinux() ? LinuxLeftovers.Boot : null, Pid = pid, ProcessStart = OperatingSystem.IsLinux() ? LinuxLeftovers.StartOf(pid) : 0 };
        Note(_note.State with { Starts = _note.State.Starts + 1, Phase = SupervisedPhase.Running, Health = HealthState.Unknown, NextStartAt = null });
    }

    /// <summary>Looks at the lease.</summary>
    public void CheckLease() => _lease?.Step();

    /// <summary>Does what is due while it runs. Gives why it must be ended, in words; or null.</summary>
    public string? Check()
    {
        CheckLease();
        _health?.Step();
        if (_health?.IsWell == true)
        {
            _wellAt = _time.GetTimestamp();
        }

        var health = _health?.State ?? (_time.GetElapsedTime(_startedAt) >= _moment ? HealthState.Healthy : HealthState.Unknown);
        if (health != _note.State.Health)
        {
            Note(_note.State with { Health = health, LastReason = health == HealthState.Unhealthy ? _health!.Problem : _note.State.LastReason });
        }

        return Fence ?? (health == HealthState.Unhealthy ? $"Unhealthy: {(_how.Health!.Failures == 1 ? "a check failed:" : $"{_how.Health.Failures} checks in a row failed. The last one:")} {_health!.Problem}" : null);
    }

    /// <summary>It has ended, or could not be started. Gives what the policy says.</summary>
    public RestartDecision End(bool hasFailed)
    {
        // where it is asked whether it is well, it has lasted for as long as it was
        var ran = _startedAt < 0 ? TimeSpan.Zero : _health?.IsWell != false ? _time.GetElapsedTime(_startedAt) : _wellAt < 0 ? TimeSpan.Zero : _time.GetElapsedTime(_startedAt, _wellAt);
        _startedAt = -1;
        var decision = Restarts.Decide(_how.Restart, hasFailed, ran, _note.Restarts);
        _note = _note with { Restarts = decision.Count, Pid = 0, ProcessStart = 0 };
        return decision;
    }

    /// <summary>Its checks end with it.</summary>
    public void StopChecks() => _health?.Stop();

    /// <summary>Whether it was found unhealthy.</summary>
    public bool IsUnhealthy => _note.State.Health == HealthState.Unhealthy;

    private void Note(SupervisionState state)
    {
        _note = _note with { State = state with { At = _time.GetUtcNow() } };
        _folder.TryWriteNote(_note);
        _told();
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
