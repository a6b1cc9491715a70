namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>A moment at which something is due, or none.</summary>
internal sealed class Due(TimeProvider time)
{
    /// <summary>The moment, as a timestamp; the largest number for none.</summary>
    public long At { get; private set; } = long.MaxValue;

    /// <summary>Whether it has come.</summary>
    public bool IsDue => At != long.MaxValue && time.GetTimestamp() >= At;

    /// <summary>Sets it.</summary>
    public void In(TimeSpan span) => At = time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>Sets it, where it is not set.</summary>
    public void AtLatestIn(TimeSpan span)
    {
        if (At == long.MaxValue)
        {
            In(span);
        }
    }

    /// <summary>Takes it away.</summary>
    public void Stop() => At = long.MaxValue;

    /// <summary>Another one, by the same clock.</summary>
    public Due Another() => new(time);
}

/// <summary>What a terminal waits for besides those who are at it.</summary>
internal sealed class Timers(TimeProvider time)
{
    /// <summary>Nobody was there for too long.</summary>
    public Due Idle { get; } = new(time);

    /// <summary>It has taken as long as its sandbox lets it.</summary>
    public Due Wall { get; } = new(time);

    /// <summary>The recording is written.</summary>
    public Due Flush { get; } = new(time);

    /// <summary>The size goes back to what it is, after the program was made to draw its screen again.</summary>
    public Due Redraw { get; } = new(time);

    /// <summary>No more output is waited for, after the program has ended.</summary>
    public Due Last { get; } = new(time);

    /// <summary>For how long one may sleep, in milliseconds; -1 without end.</summary>
    /// <param name="other">When something else is due, as a timestamp.</param>
    /// <param name="heldBack">Whether somebody is waited for, who may turn out to take nothing.</param>
    public int Milliseconds(long other, bool heldBack)
    {
        var next = Math.Min(other, Math.Min(Math.Min(Math.Min(Idle.At, Wall.At), Flush.At), Math.Min(Redraw.At, Last.At)));
        if (next == long.MaxValue)
        {
            return heldBack ? 100 : -1;
        }

        var left = Math.Ceiling((double)(next - time.GetTimestamp()) / time.TimestampFrequency * 1000);
        return (int)Math.Clamp(left, 0, heldBack ? 100 : 3_600_000);
    }
}
