using System.Globalization;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// Watches, without the agent, whether the server was heard of: the agent touches a file each time. That it has changed counts, and how long ago
/// that was by the host's own clock. What time the file says counts once, for what was heard in the moment before the watch began.
/// </summary>
internal sealed class LeaseWatch
{
    /// <summary>What was heard before the watch began counts for this long.</summary>
    private static readonly TimeSpan _fresh = TimeSpan.FromSeconds(5);

    /// <summary>Before the first word of it a start waits for the server.</summary>
    private static readonly TimeSpan _impatient = TimeSpan.FromMilliseconds(100);

    private readonly string _heardFile;
    private readonly double _seconds;
    private readonly Func<TimeSpan> _clock;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private DateTime _touched;
    private TimeSpan _heardAt;

    /// <summary>Begins to watch.</summary>
    /// <param name="heardFile">The file.</param>
    /// <param name="seconds">The lease.</param>
    /// <param name="since">To have heard of the server since this time, and a moment ago, is as good as hearing of it now; null where it is not.</param>
    /// <param name="clock">The time since the device was started; it never goes back, and goes on while the device sleeps where the system has such a one.</param>
    /// <param name="time">The clock of the host's waits.</param>
    public LeaseWatch(string heardFile, double seconds, DateTime? since, Func<TimeSpan> clock, TimeProvider time)
    {
        (_heardFile, _seconds, _clock, _time) = (heardFile, seconds, clock, time);
        _interval = TimeSpan.FromSeconds(Math.Clamp(seconds / 20, 0.25, 5));
        (_touched, _heardAt) = (Touched(heardFile), clock());
        var ago = time.GetUtcNow().UtcDateTime - _touched;
        if (_touched >= since && ago >= TimeSpan.Zero && ago <= _fresh && ago <= _heardAt)
        {
            (_heardAt, HasHeard) = (_heardAt - ago, true);
        }
    }

    /// <summary>Whether the server was heard of since the watch began, or in the moment before.</summary>
    public bool HasHeard { get; private set; }

    /// <summary>Whether the lease is over. It stays so.</summary>
    public bool IsOver { get; private set; }

    /// <summary>When <see cref="Step"/> is due, as a timestamp.</summary>
    public long NextAt { get; private set; }

    /// <summary>Why a command whose lease is over is ended.</summary>
    public string Reason => string.Create(CultureInfo.InvariantCulture, $"{SupervisionRules.FenceReason} nothing was heard of the server for {_seconds} seconds.");

    /// <summary>Looks, where it is due.</summary>
    public void Step()
    {
        var now = _time.GetTimestamp();
        if (now < NextAt || IsOver)
        {
            return;
        }

        NextAt = now + (long)((HasHeard ? _interval : _impatient).TotalSeconds * _time.TimestampFrequency);
        var touched = Touched(_heardFile);
        if (touched != _touched)
        {
            (_touched, _heardAt, HasHeard) = (touched, _clock(), true);
        }
        else if ((_clock() - _heardAt).TotalSeconds >= _seconds)
        {
            IsOver = true;
            NextAt = long.MaxValue;
        }
    }

    private static DateTime Touched(string file)
    {
        try
        {
            return File.GetLastWriteTimeUtc(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
