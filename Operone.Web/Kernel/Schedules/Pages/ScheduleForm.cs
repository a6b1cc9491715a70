using System.Globalization;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;

namespace Operone.Web.Kernel.Schedules.Pages;

/// <summary>What makes a schedule fire, as one chooses it.</summary>
public enum ScheduleKind
{
    /// <summary>Calendar words.</summary>
    Calendar,
    /// <summary>Cron text.</summary>
    Cron,
    /// <summary>An interval.</summary>
    Every,
    /// <summary>Once.</summary>
    Once,
    /// <summary>An event.</summary>
    Event,
    /// <summary>A webhook.</summary>
    Webhook,
    /// <summary>A file that changes.</summary>
    File,
}

/// <summary>A schedule as it is typed.</summary>
internal sealed class ScheduleForm
{
    public ScheduleKind Kind { get; set; }
    public string Name { get; set; } = "";
    public string Description { get; set; } = "";
    public string Job { get; set; } = "";
    public string Calendar { get; set; } = "every weekday at 03:00";
    public string Cron { get; set; } = "";
    public string Every { get; set; } = "";
    public string At { get; set; } = "";
    public string Event { get; set; } = "";
    public string Selector { get; set; } = "";
    public bool OnlyThatDevice { get; set; }
    public string File { get; set; } = "";
    public string Pause { get; set; } = "";
    public string TimeZone { get; set; } = "UTC";
    public string Jitter { get; set; } = "";
    public string StartsAt { get; set; } = "";
    public string EndsAt { get; set; } = "";
    public MissedPolicy Missed { get; set; }
    public OfflinePolicy Offline { get; set; }
    public OutsidePolicy Outside { get; set; }
    public string Parameters { get; set; } = "";
    public bool Enabled { get; set; } = true;

    /// <summary>When something happens, as it is typed.</summary>
    public static ScheduleForm Of(ScheduleWhen saved) => new()
    {
        Kind = saved.Calendar is not null ? ScheduleKind.Calendar : saved.Cron is not null ? ScheduleKind.Cron : saved.Every is not null ? ScheduleKind.Every
            : saved.At is not null ? ScheduleKind.Once : saved.On!.Event is not null ? ScheduleKind.Event : saved.On.File is not null ? ScheduleKind.File : ScheduleKind.Webhook,
        Calendar = saved.Calendar ?? "",
        Cron = saved.Cron ?? "",
        Every = saved.Every ?? "",
        At = Text(saved.At),
        Event = saved.On?.Event ?? "",
        Selector = saved.On?.Selector ?? "",
        OnlyThatDevice = saved.On?.OnlyThatDevice ?? false,
        File = saved.On?.File ?? "",
        Pause = saved.On?.Pause ?? "",
        TimeZone = saved.TimeZone ?? "UTC",
        StartsAt = Text(saved.StartsAt),
        EndsAt = Text(saved.EndsAt),
    };

    public static ScheduleForm From(SaveSchedule saved)
    {
        var form = Of(saved);
        (form.Name, form.Description, form.Job, form.Jitter) = (saved.Name ?? "", saved.Description ?? "", saved.Job ?? "", saved.Jitter ?? "");
        (form.Missed, form.Offline, form.Outside, form.Enabled) = (saved.Missed, saved.Offline, saved.Outside, saved.Enabled != false);
        form.Parameters = string.Join('\n', (saved.Parameters ?? new Dictionary<string, string>()).Select(p => $"{p.Key}={p.Value}"));
        return form;
    }

    /// <summary>What was typed, or what of it cannot be read at all.</summary>
    public Result<SaveSchedule> Read()
    {
        var errors = new FieldErrors();
        var (at, starts, ends) = (Time(At, "at", errors), Time(StartsAt, "startsAt", errors), Time(EndsAt, "endsAt", errors));
        var parameters = ReadParameters(errors);
        if (Kind == ScheduleKind.Once && At.Length == 0)
        {
            errors.Add("at", "is missing");
        }

        if (errors.ToError() is { } error)
        {
            return error;
        }

        var isTrigger = Kind is ScheduleKind.Event or ScheduleKind.Webhook or ScheduleKind.File;
        return new SaveSchedule
        {
            Name = Name.Trim(),
            Description = Given(Description),
            Job = Job.Trim(),
            Calendar = Kind == ScheduleKind.Calendar ? Calendar.Trim() : null,
            Cron = Kind == ScheduleKind.Cron ? Cron.Trim() : null,
            Every = Kind == ScheduleKind.Every ? Every.Trim() : null,
            At = Kind == ScheduleKind.Once ? at : null,
            On = !isTrigger ? null : new ScheduleTrigger
            {
                Event = Kind == ScheduleKind.Event ? Event.Trim() : null,
                Selector = Kind == ScheduleKind.Event ? Given(Selector) : null,
                OnlyThatDevice = Kind == ScheduleKind.Event && OnlyThatDevice,
                Webhook = Kind == ScheduleKind.Webhook,
                File = Kind == ScheduleKind.File ? File.Trim() : null,
                Pause = Given(Pause),
            },
            TimeZone = Kind is ScheduleKind.Calendar or ScheduleKind.Cron ? Given(TimeZone) : null,
            Jitter = Given(Jitter),
            StartsAt = starts,
            EndsAt = ends,
            Missed = Missed,
            Offline = Offline,
            Outside = Outside,
            Parameters = parameters.Count == 0 ? null : parameters,
            Enabled = Enabled ? null : false,
        };
    }

    private Dictionary<string, string> ReadParameters(FieldErrors errors)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Parameters.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Trim().Length > 0))
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
            {
                errors.Add("parameters", $"'{line}' is not NAME=VALUE");
                continue;
            }

            parameters[line[..at].Trim()] = line[(at + 1)..];
        }

        return parameters;
    }

    private static DateTimeOffset? Time(string text, string field, FieldErrors errors)
    {
        if (text.Trim().Length == 0)
        {
            return null;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return at;
        }

        errors.Add(field, "is not a time such as 2026-12-24 18:00 (UTC), or 2026-12-24T18:00+01:00");
        return null;
    }

    private static string? Given(string text) => text.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    private static string Text(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";
}
