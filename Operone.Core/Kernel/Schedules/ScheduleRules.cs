using Operone.Core.Errors;

namespace Operone.Core.Kernel.Schedules;

/// <summary>The limits of schedules, and the check of one against them. Pure, so that every door can use it.</summary>
public static class ScheduleRules
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxName = 63;
    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescription = 2000;
    /// <summary>The most parameters.</summary>
    public const int MaxParameters = 50;
    /// <summary>The longest value of a parameter, in characters.</summary>
    public const int MaxValue = 10_000;
    /// <summary>The longest jitter and the longest pause of a trigger: a day.</summary>
    public static readonly TimeSpan MaxJitter = TimeSpan.FromDays(1);

    /// <summary>The last year of times.</summary>
    public const int LastYear = 2999;

    /// <summary>Everything that is wrong with a schedule, or null.</summary>
    public static Error? Check(SaveSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var errors = new FieldErrors();
        errors.AddIf(!IsName(schedule.Name), "name", $"is 1 to {MaxName} letters, digits, '.', '_' and '-', begins with a letter or digit, and is no id");
        errors.AddIf(schedule.Description?.Length > MaxDescription, "description", $"is longer than {MaxDescription} characters");
        errors.AddIf(string.IsNullOrWhiteSpace(schedule.Job), "job", "says which job it starts, by name or id");
        errors.AddIf(schedule.Parameters?.Count > MaxParameters, "parameters", $"are more than {MaxParameters}");
        errors.AddIf(schedule.Parameters?.Values.Any(v => v is null || v.Length > MaxValue) == true, "parameters", $"have values of at most {MaxValue} characters");
        CheckDuration(schedule.Jitter, "jitter", errors);
        CheckYears(schedule, errors);
        if (schedule.On is { } on)
        {
            CheckTrigger(on, errors);
        }

        foreach (var (field, messages) in ScheduleTimes.Parse(schedule, DateTimeOffset.UnixEpoch).Error?.Fields ?? new Dictionary<string, string[]>())
        {
            errors.Add(field, messages[0]);
        }

        return errors.ToError();
    }

    /// <summary>When a schedule fires, for people, in few words.</summary>
    public static string Describe(ScheduleWhen when)
    {
        ArgumentNullException.ThrowIfNull(when);
        return when.Calendar ?? when.Cron ?? (when.Every is { } every ? $"every {every}" : when.At is { } at ? $"once at {at.UtcDateTime:u}"
            : when.On is not { } on ? "-" : on.Event is { } type ? $"on {type}{(on.Selector is { Length: > 0 } selector ? $" of {selector}" : "")}"
            : on.File is { } file ? $"when {file} changes" : "on its webhook");
    }

    /// <summary>Whether an event of this type is what a trigger waits for.</summary>
    public static bool Matches(ScheduleTrigger trigger, string type)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        ArgumentNullException.ThrowIfNull(type);
        return trigger.Event is { } waited
            && (waited.EndsWith(".*", StringComparison.Ordinal) ? type.StartsWith(waited[..^1], StringComparison.Ordinal) : type == waited);
    }

    private static void CheckTrigger(ScheduleTrigger on, FieldErrors errors)
    {
        errors.AddIf((on.Event is null ? 0 : 1) + (on.Webhook ? 1 : 0) + (on.File is null ? 0 : 1) != 1, "on", "give exactly one of event, webhook and file");
        errors.AddIf(on.Event is { } type && !IsEventType(type), "on.event", "is an event's type such as 'device.connected', or 'device.*'");

        // Each run of a job is told of by events: it would start itself for ever.
        errors.AddIf(on.Event is { } own && (own.StartsWith("job", StringComparison.Ordinal) || own.StartsWith("schedule", StringComparison.Ordinal) || own.StartsWith("run.", StringComparison.Ordinal) || own.StartsWith("approval", StringComparison.Ordinal)),
            "on.event", "is told of by every job that runs, so that the schedule would start itself again and again");
        errors.AddIf(on.Event is null && (on.Selector is not null || on.OnlyThatDevice), "on.selector", "is for events of devices");
        if (on.Selector is { } selector && Selector.Parse(selector) is { IsError: true } wrong)
        {
            errors.Add("on.selector", wrong.Error!.Detail);
        }

        errors.AddIf(on.File is { } file && (file.Length > 4096 || !file.StartsWith('/')), "on.file", "is a path of the file tree, such as /devices/web-1/etc/hosts");
        CheckDuration(on.Pause, "on.pause", errors);
        errors.AddIf(on.Pause is not null && (on.OnlyThatDevice || on.Webhook), "on.pause", "is for events and files: several devices would become one, and who posts says when");
    }

    /// <summary>Times are in years with which can be counted. Asked where something is saved alone, so that nothing that was saved before becomes wrong.</summary>
    internal static void CheckYears(ScheduleWhen when, FieldErrors errors)
    {
        foreach (var (field, time) in (ReadOnlySpan<(string, DateTimeOffset?)>)[("at", when.At), ("startsAt", when.StartsAt), ("endsAt", when.EndsAt)])
        {
            errors.AddIf(time is { } at && at.UtcDateTime.Year is < 1970 or > LastYear, field, $"is a time from 1970 to {LastYear}");
        }
    }

    private static void CheckDuration(string? text, string field, FieldErrors errors)
    {
        if (text is not null)
        {
            var duration = Quantities.ParseDuration(text);
            errors.AddIf(duration.IsError || duration.Value < TimeSpan.Zero || duration.Value > MaxJitter, field, "is a duration such as 30s or 10m, at most 1d");
        }
    }

    internal static bool IsName(string? name) =>
        name is { Length: > 0 and <= MaxName } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
        && !Guid.TryParse(name, out _);

    private static bool IsEventType(string type) =>
        type.Length <= 100 && type.Split('.') is [{ Length: > 0 } noun, { Length: > 0 } verb] && noun.All(IsWord) && (verb == "*" || verb.All(IsWord));

    private static bool IsWord(char c) => char.IsAsciiLetterLower(c) || c == '-';
}
