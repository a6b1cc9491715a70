using Cronos;
using Operone.Core.Errors;

namespace Operone.Core.Kernel.Schedules;

/// <summary>
/// The times that something happens by the clock, in a time zone. A time that a change of the clocks leaves out comes right behind the
/// gap; one that comes twice counts once, and what goes on in steps ("every 15 minutes") goes through both hours. Pure.
/// </summary>
public sealed class ScheduleTimes
{
    /// <summary>The shortest interval.</summary>
    public static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);

    /// <summary>The longest interval: a year.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromDays(366);

    private readonly IReadOnlyList<CronExpression> _crons;
    private readonly TimeZoneInfo _zone;
    private readonly TimeSpan _interval;
    private readonly DateTimeOffset? _once;
    private readonly DateTimeOffset _anchor;
    private readonly DateTimeOffset? _starts;
    private readonly DateTimeOffset? _ends;

    private ScheduleTimes(IReadOnlyList<CronExpression> crons, TimeZoneInfo zone, TimeSpan interval, ScheduleWhen when, DateTimeOffset anchor) =>
        (_crons, _zone, _interval, _once, _anchor, _starts, _ends)
            = (crons, zone, interval, Whole(when.At), Whole(when.StartsAt ?? anchor)!.Value, Whole(when.StartsAt), Whole(when.EndsAt));

    /// <summary>Whether the clock says when; otherwise something that happens does.</summary>
    public bool IsByClock => _crons.Count > 0 || _interval > TimeSpan.Zero || _once is not null;

    /// <summary>The last moment of all; null where there is none.</summary>
    public DateTimeOffset? EndsAt => _ends;

    /// <summary>Reads when it is, or says all that is wrong by field.</summary>
    /// <param name="when">When.</param>
    /// <param name="anchor">Where intervals are counted from if it has no start: when it was made.</param>
    public static Result<ScheduleTimes> Parse(ScheduleWhen when, DateTimeOffset anchor)
    {
        ArgumentNullException.ThrowIfNull(when);
        var errors = new FieldErrors();
        string?[] given = [when.Cron, when.Calendar, when.Every, when.At is null ? null : "at", when.On is null ? null : "on"];
        errors.AddIf(given.Count(g => g is not null) != 1, "cron", "give exactly one of cron, calendar, every, at and on");
        IReadOnlyList<CronExpression> crons = when.Cron is not null ? ParseCron(when.Cron, errors) : when.Calendar is not null ? ParseWords(when.Calendar, errors) : [];
        var interval = when.Every is null ? TimeSpan.Zero : ParseInterval(when.Every, errors);
        var zone = ZoneOf(when.TimeZone);
        if (zone is null)
        {
            errors.Add("timeZone", $"there is no time zone '{Shorten(when.TimeZone)}'. Write it as in 'Europe/Berlin', or 'UTC'");
        }

        errors.AddIf(when.StartsAt >= when.EndsAt, "endsAt", "must be after startsAt");
        errors.AddIf(when.StartsAt is { } starts && starts < DateTimeOffset.UnixEpoch, "startsAt", "must not be before 1970");
        return errors.ToError() is { } error ? error : new ScheduleTimes(crons, zone!, interval, when, anchor.ToUniversalTime());
    }

    /// <summary>The next time after one, in UTC; null where there is none any more.</summary>
    public DateTimeOffset? After(DateTimeOffset from)
    {
        // the first time may be the start itself
        if (_starts is { } starts && from < starts)
        {
            from = starts.AddTicks(-1);
        }

        var next = _once is { } once ? (once > from ? once : null) : _interval > TimeSpan.Zero ? NextStep(from) : NextCron(from);
        return next is { } at && !(at > _ends) ? at.ToUniversalTime() : null;
    }

    /// <summary>The next few times after one.</summary>
    public IEnumerable<DateTimeOffset> Following(DateTimeOffset from, int count)
    {
        for (var next = After(from); next is { } at && count > 0; next = After(at))
        {
            count--;
            yield return at;
        }
    }

    /// <summary>In whole milliseconds: every database keeps those as they are, so that a time that was stored is the same time.</summary>
    private static DateTimeOffset? Whole(DateTimeOffset? at) => at is { } time ? time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond)) : null;

    private DateTimeOffset? NextCron(DateTimeOffset from)
    {
        DateTimeOffset? next = null;
        foreach (var cron in _crons)
        {
            if (cron.GetNextOccurrence(from, _zone) is { } at && !(at >= next))
            {
                next = at;
            }
        }

        return next;
    }

    private DateTimeOffset? NextStep(DateTimeOffset from)
    {
        if (from < _anchor)
        {
            return _starts is null ? _anchor + _interval : _anchor;
        }

        // in whole numbers: what is rounded could be the same time again
        var steps = ((from - _anchor).Ticks / _interval.Ticks) + 1;
        var ahead = (Int128)_interval.Ticks * steps;
        return ahead < (DateTimeOffset.MaxValue - _anchor).Ticks ? _anchor.AddTicks((long)ahead) : null;
    }

    private static IReadOnlyList<CronExpression> ParseCron(string text, FieldErrors errors)
    {
        if (text.Length > CalendarWords.MaxLength)
        {
            errors.Add("cron", $"is longer than {CalendarWords.MaxLength} characters");
            return [];
        }

        var hasSeconds = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length == 6;
        if (CronExpression.TryParse(text, hasSeconds ? CronFormat.IncludeSeconds : CronFormat.Standard, out var cron))
        {
            // 30 February is well formed, and never comes
            errors.AddIf(cron.GetNextOccurrence(DateTime.UnixEpoch, TimeZoneInfo.Utc) is null, "cron", "never comes");
            return [cron];
        }

        errors.Add("cron", $"'{Shorten(text)}' is not a cron text of five fields (minute hour day month weekday), or of six with seconds before them");
        return [];
    }

    private static IReadOnlyList<CronExpression> ParseWords(string text, FieldErrors errors)
    {
        var crons = CalendarWords.ToCron(text);
        if (crons.IsError)
        {
            errors.Add("calendar", crons.Error!.Fields!["calendar"][0]);
            return [];
        }

        var parsed = crons.Value.Select(c => CronExpression.Parse(c)).ToArray();
        errors.AddIf(parsed.All(c => c.GetNextOccurrence(DateTime.UnixEpoch, TimeZoneInfo.Utc) is null), "calendar", "never comes");
        return parsed;
    }

    private static TimeSpan ParseInterval(string text, FieldErrors errors)
    {
        var interval = Quantities.ParseDuration(text);
        if (!interval.IsError && interval.Value >= ShortestInterval && interval.Value <= LongestInterval && interval.Value.Ticks % TimeSpan.TicksPerSecond == 0)
        {
            return interval.Value;
        }

        errors.Add("every", interval.IsError ? $"'{Shorten(text)}' is not a duration such as 90s, 15m, 1h 30m or 7d" : "must be 1 second to 366 days, in whole seconds");
        return TimeSpan.Zero;
    }

    private static TimeZoneInfo? ZoneOf(string? name) =>
        string.IsNullOrWhiteSpace(name) ? TimeZoneInfo.Utc : name.Length <= 100 && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;

    private static string Shorten(string? text) => text is { Length: > 60 } ? text[..60] + "…" : text ?? "";
}
