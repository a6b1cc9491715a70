using System.Globalization;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// Watches, without the agent, whether the server was heard of: the agent touches a file each time. That it has changed counts, and how long ago
/// that was by the host's own clock; what time the file says does not.
/// </summary>
/// <param name="heardFile">The file.</param>
/// <param name="seconds">The lease.</param>
/// <param name="since">To have heard of the server since this time is as good as hearing of it now; null where it is not.</param>
/// <param name="clock">A clock that never goes back, and goes on while the device sleeps where the system has such a one.</param>
/// <param name="time">The clock of the host's waits.</param>
internal sealed class LeaseWatch(string heardFile, double seconds, DateTime? since, Func<TimeSpan> clock, TimeProvider time)
{
    /// <summary>Before the first word of it a start waits for the server.</summary>
    private static readonly TimeSpan _impatient = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _interval = TimeSpan.FromSeconds(Math.Clamp(seconds / 20, 0.25, 5));
    private DateTime _touched = Touched(heardFile); // before the other look at it, so that no touch falls between them
    private TimeSpan _heardAt = clock();

    /// <summary>Whether the server was heard of since the watch began, or the time from which on it counts.</summary>
    public bool HasHeard { get; private set; } = Touched(heardFile) >= since;

    /// <summary>Whether the lease is over. It stays so.</summary>
    public bool IsOver { get; private set; }

    /// <summary>When <see cref="Step"/> is due, as a timestamp.</summary>
    public long NextAt { get; private set; }

    /// <summary>Why a command whose lease is over is ended.</summary>
    public string Reason => string.Create(CultureInfo.InvariantCulture, $"{SupervisionRules.FenceReason} nothing was heard of the server for {seconds} seconds.");

    /// <summary>Looks, where it is due.</summary>
    public void Step()
    {
        var now = time.GetTimestamp();
        if (now < NextAt || IsOver)
        {
            return;
        }

        NextAt = now + (long)((HasHeard ? _interval : _impatient).TotalSeconds * time.TimestampFrequency);
        var touched = Touched(heardFile);
        if (touched != _touched)
        {
            (_touched, _heardAt, HasHeard) = (touched, clock(), true);
        }
        else if ((clock() - _heardAt).TotalSeconds >= seconds)
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
