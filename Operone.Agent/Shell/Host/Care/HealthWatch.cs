using System.Globalization;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// Asks again and again whether a command is well, one check at a time. It never waits: a check that hangs counts as failed when its time
/// is over, and the next one begins when it is gone.
/// </summary>
/// <param name="check">What is asked.</param>
/// <param name="start">Begins one check.</param>
/// <param name="time">The clock.</param>
internal sealed class HealthWatch(HealthCheck check, Func<IProbe> start, TimeProvider time)
{
    /// <summary>Until the first success, it is asked at least this often: one that is ready soon is known to be so soon.</summary>
    private static readonly TimeSpan _atFirst = TimeSpan.FromSeconds(1);

    /// <summary>A check that knocks ends by itself in time, and says at what it stopped.</summary>
    private static readonly TimeSpan _ownEnd = TimeSpan.FromSeconds(1);

    private IProbe? _probe;
    private bool _isLate;
    private bool _hasSucceeded;
    private int _failures;
    private long _nextAt = long.MaxValue;
    private long _deadline;
    private long _failuresFrom;

    /// <summary>What is known.</summary>
    public HealthState State { get; private set; }

    /// <summary>Whether the last check has succeeded.</summary>
    public bool IsWell => State == HealthState.Healthy && _failures == 0;

    /// <summary>What the last check that failed has found.</summary>
    public string? Problem { get; private set; }

    /// <summary>When <see cref="Step"/> is due at the latest, as a timestamp.</summary>
    public long NextAt => Math.Min(_nextAt, _probe is not null && !_isLate ? _deadline : long.MaxValue);

    /// <summary>The command has been started.</summary>
    public void Begin()
    {
        var now = time.GetTimestamp();
        (State, Problem, _failures, _hasSucceeded, _probe) = (HealthState.Unknown, null, 0, false, null);
        _failuresFrom = now + Ticks(check.StartSeconds);
        _nextAt = now + Ticks(Math.Min(check.IntervalSeconds, _atFirst.TotalSeconds));
    }

    /// <summary>The command has ended.</summary>
    public void Stop()
    {
        _probe?.Abandon();
        (_probe, _nextAt) = (null, long.MaxValue);
    }

    /// <summary>Does what is due.</summary>
    public void Step()
    {
        var now = time.GetTimestamp();
        if (_probe?.Result is { } result)
        {
            _probe = null;
            if (!_isLate)
            {
                Take(result.Problem, now);
            }
        }
        else if (_probe is not null && !_isLate && now >= _deadline)
        {
            _isLate = true;
            _probe.Abandon();
            Take(string.Create(CultureInfo.InvariantCulture, $"The check took longer than {check.TimeoutSeconds} s."), now);
        }

        if (now < _nextAt)
        {
            return;
        }

        if (_probe is not null)
        {
            Take("The check before is still not over, though its time is.", now);
            return;
        }

        (_isLate, _deadline, _nextAt) = (false, now + Ticks(check.TimeoutSeconds) + (check.Argv is null ? Ticks(_ownEnd.TotalSeconds) : 0), long.MaxValue);
        _probe = start();
    }

    private void Take(string? problem, long now)
    {
        var interval = problem is not null && !_hasSucceeded && now < _failuresFrom ? Math.Min(check.IntervalSeconds, _atFirst.TotalSeconds) : check.IntervalSeconds;
        _nextAt = now + Ticks(interval);
        if (problem is null)
        {
            (State, _failures, _hasSucceeded) = (HealthState.Healthy, 0, true);
            return;
        }

        Problem = problem;
        if (!_hasSucceeded && now < _failuresFrom)
        {
            return;
        }

        State = ++_failures >= check.Failures ? HealthState.Unhealthy : State;
    }

    private long Ticks(double seconds) => (long)(seconds * time.TimestampFrequency);
}
