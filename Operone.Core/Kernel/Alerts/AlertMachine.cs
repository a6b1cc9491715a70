namespace Operone.Core.Kernel.Alerts;

/// <summary>What is known about a condition at one moment.</summary>
public enum AlertReading
{
    /// <summary>Nothing new.</summary>
    Nothing,
    /// <summary>There should be something, and there is not: the device is offline, or tells nothing.</summary>
    Missing,
    /// <summary>The condition does not hold.</summary>
    Within,
    /// <summary>The condition holds.</summary>
    Beyond,
}

/// <summary>One look at a condition.</summary>
/// <param name="Reading">What was seen.</param>
/// <param name="At">For when it says so.</param>
/// <param name="Value">The value, where it is a number.</param>
/// <param name="Since">Since when it is so, where that is known to be earlier than <paramref name="At"/>.</param>
public readonly record struct AlertObservation(AlertReading Reading, DateTimeOffset At, double? Value = null, DateTimeOffset? Since = null)
{
    /// <summary>Whether nothing was known for long before it: what it says holds since then, and not since before.</summary>
    public bool IsAfterGap { get; init; }
}

/// <summary>The times of a rule.</summary>
/// <param name="For">For how long the condition must hold.</param>
/// <param name="Recovery">For how long it must not hold.</param>
/// <param name="Repeat">How often it is told again; null for never.</param>
public sealed record AlertTimes(TimeSpan For, TimeSpan Recovery, TimeSpan? Repeat);

/// <summary>Where an alert stands: all that the next step depends on.</summary>
public sealed record AlertStanding
{
    /// <summary>Its state.</summary>
    public required AlertState State { get; init; }
    /// <summary>Since when the condition holds.</summary>
    public required DateTimeOffset Since { get; init; }
    /// <summary>Since when it is firing.</summary>
    public DateTimeOffset? RaisedAt { get; init; }
    /// <summary>Since when the condition does not hold any more, while it is firing.</summary>
    public DateTimeOffset? CalmSince { get; init; }
    /// <summary>When it was told last; null where it was not.</summary>
    public DateTimeOffset? ToldAt { get; init; }
    /// <summary>How often it was told again.</summary>
    public int Repeats { get; init; }
    /// <summary>Whether somebody has seen it.</summary>
    public bool IsAcknowledged { get; init; }
    /// <summary>Whether nothing is known of it now.</summary>
    public bool IsBlind { get; init; }
    /// <summary>The last value.</summary>
    public double? Value { get; init; }
}

/// <summary>What is to be told.</summary>
public enum AlertNews
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>It is firing.</summary>
    Raised,
    /// <summary>It is firing still.</summary>
    Repeated,
    /// <summary>It is over.</summary>
    Recovered,
}

/// <summary>A step: where the alert stands after it (null where there is none), and what is to be told.</summary>
public readonly record struct AlertStep(AlertStanding? Standing, AlertNews News);

/// <summary>
/// How an alert goes on. Pure: what was, what is seen and the time say all. It is raised when the condition has held for the whole time, and is over when
/// it has not held for the recovery time; what is missing counts as neither. Whoever does a step twice from the same standing gets the same.
/// </summary>
public static class AlertMachine
{
    // two who saw the same, each at their look, do not say the same moment
    private static readonly TimeSpan SameMoment = TimeSpan.FromSeconds(15);

    /// <summary>The next step.</summary>
    /// <param name="before">Where it stands; null where there is no open alert.</param>
    /// <param name="seen">What was seen. It is no older than what was seen before.</param>
    /// <param name="times">The times of the rule.</param>
    /// <param name="isSilenced">Whether nobody is to be told now.</param>
    /// <param name="now">The time.</param>
    public static AlertStep Next(AlertStanding? before, AlertObservation seen, AlertTimes times, bool isSilenced, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(times);
        var standing = before is { State: AlertState.Recovered } ? null : before;
        if (standing is null)
        {
            if (seen.Reading != AlertReading.Beyond)
            {
                return new(null, AlertNews.None);
            }

            standing = new() { State = AlertState.Pending, Since = seen.Since is { } since && since < seen.At ? since : seen.At };
        }

        else if (seen.IsAfterGap && standing.State == AlertState.Pending)
        {
            standing = standing with { Since = seen.At };
        }

        else if (seen is { Reading: AlertReading.Beyond, Since: { } later } && later - standing.Since > SameMoment && standing.State == AlertState.Pending)
        {
            // it did not hold in between, though nobody here saw that
            standing = standing with { Since = later };
        }

        return standing.State == AlertState.Pending ? Await(standing, seen, times, isSilenced, now) : Go(standing, seen, times, isSilenced, now);
    }

    /// <summary>Ends it, whatever is seen: what it is about is gone, or somebody has seen to it.</summary>
    public static AlertStep End(AlertStanding before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return before.State switch
        {
            AlertState.Recovered => new(before, AlertNews.None),
            AlertState.Pending => new(null, AlertNews.None),
            _ => new(before with { State = AlertState.Recovered, IsBlind = false }, before.ToldAt is null ? AlertNews.None : AlertNews.Recovered),
        };
    }

    private static AlertStep Await(AlertStanding standing, AlertObservation seen, AlertTimes times, bool isSilenced, DateTimeOffset now)
    {
        switch (seen.Reading)
        {
            case AlertReading.Within:
                return new(null, AlertNews.None);
            case AlertReading.Beyond when seen.At - standing.Since >= times.For:
                return Tell(standing with { State = AlertState.Firing, RaisedAt = now, Value = seen.Value, IsBlind = false }, times, isSilenced, now);
            case AlertReading.Beyond:
                return new(standing with { Value = seen.Value, IsBlind = false }, AlertNews.None);
            default:
                return new(standing with { IsBlind = standing.IsBlind || seen.Reading == AlertReading.Missing }, AlertNews.None);
        }
    }

    private static AlertStep Go(AlertStanding standing, AlertObservation seen, AlertTimes times, bool isSilenced, DateTimeOffset now)
    {
        switch (seen.Reading)
        {
            case AlertReading.Within:
                var calm = seen.IsAfterGap ? seen.At : standing.CalmSince ?? seen.At;
                standing = standing with { CalmSince = calm, Value = seen.Value, IsBlind = false };
                if (seen.At - calm >= times.Recovery)
                {
                    return End(standing);
                }

                break;
            case AlertReading.Beyond:
                standing = standing with { CalmSince = null, Value = seen.Value, IsBlind = false };
                break;
            case AlertReading.Missing:
                standing = standing with { IsBlind = true };
                break;
        }

        return Tell(standing, times, isSilenced, now);
    }

    /// <summary>Tells it where that is due. Of one that gets better nothing is repeated.</summary>
    private static AlertStep Tell(AlertStanding standing, AlertTimes times, bool isSilenced, DateTimeOffset now)
    {
        if (isSilenced || standing.IsAcknowledged)
        {
            return new(standing, AlertNews.None);
        }

        if (standing.ToldAt is not { } told)
        {
            return new(standing with { ToldAt = now }, AlertNews.Raised);
        }

        return times.Repeat is { } repeat && now - told >= repeat && standing.CalmSince is null
            ? new(standing with { ToldAt = now, Repeats = standing.Repeats + 1 }, AlertNews.Repeated)
            : new(standing, AlertNews.None);
    }
}
