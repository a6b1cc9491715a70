using System.Runtime.Versioning;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// Ends everything that descends from this host: asks each process once to terminate, and after the grace kills whatever
/// is there, again and again until nothing is left.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class TreeKiller(IProcessTree tree, TimeProvider time)
{
    /// <summary>How long after a round of killing the next one comes; a process may have forked in between.</summary>
    private static readonly TimeSpan _again = TimeSpan.FromMilliseconds(20);

    /// <summary>A process in an uninterruptible wait, or of another user, may not go at all. This long is tried.</summary>
    private static readonly TimeSpan _giveUp = TimeSpan.FromSeconds(15);

    private readonly HashSet<int> _asked = [];
    private long _killFrom;
    private long _endAt;

    /// <summary>A process that is killed and never asked: asked to terminate, it would kill all the others at once.</summary>
    public int Spared { get; set; }

    /// <summary>Whether it has begun.</summary>
    public bool IsActive { get; private set; }

    /// <summary>Whether it has given up.</summary>
    public bool HasGivenUp => IsActive && time.GetTimestamp() >= _endAt;

    /// <summary>How many there were at the last round.</summary>
    public int Left { get; private set; }

    /// <summary>When the next round is due, as a timestamp.</summary>
    public long NextAt { get; private set; }

    /// <summary>Asks all to terminate. A second call can only shorten the grace.</summary>
    public void Begin(TimeSpan grace)
    {
        var killFrom = time.GetTimestamp() + Ticks(grace);
        _killFrom = IsActive ? Math.Min(_killFrom, killFrom) : killFrom;
        _endAt = _killFrom + Ticks(_giveUp);
        IsActive = true;
        Round();
    }

    /// <summary>Does what is due.</summary>
    public void Round()
    {
        var now = time.GetTimestamp();
        var kill = now >= _killFrom;
        var found = tree.Descendants();
        Left = found.Count;
        foreach (var pid in found)
        {
            if (kill)
            {
                Libc.Kill(pid, Libc.SigKill);
            }
            else if (pid != Spared && _asked.Add(pid))
            {
                Libc.Kill(pid, Libc.SigTerm);
                Libc.Kill(pid, Libc.SigCont); // a stopped process takes the request only when it goes on
            }
        }

        // until the grace is over, whoever was started since is asked every quarter of a second
        NextAt = kill ? now + Ticks(_again) : Math.Min(_killFrom, now + Ticks(TimeSpan.FromMilliseconds(250)));
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
