using System.Globalization;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;

namespace Operone.Core.Kernel.Alerts;

/// <summary>The limits of alert rules and silences, their check, and what they say in words. Pure, so that every door can use it.</summary>
public static class AlertRules
{
    /// <summary>How many rules there may be.</summary>
    public const int Most = 500;
    /// <summary>How many silences may hold at once.</summary>
    public const int MostSilences = 500;
    /// <summary>The longest name, in characters.</summary>
    public const int MaxName = 63;
    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescription = 2000;
    /// <summary>The longest reason of a silence, in characters.</summary>
    public const int MaxReason = 500;
    /// <summary>The longest time that a condition must hold, or not hold.</summary>
    public static readonly TimeSpan MaxFor = TimeSpan.FromDays(7);
    /// <summary>The shortest pause between two times that an alert is told.</summary>
    public static readonly TimeSpan MinRepeat = TimeSpan.FromMinutes(5);
    /// <summary>The longest one.</summary>
    public static readonly TimeSpan MaxRepeat = TimeSpan.FromDays(30);
    /// <summary>The longest silence.</summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromDays(90);
    /// <summary>For how long a condition must not hold where the rule does not say.</summary>
    public static readonly TimeSpan DefaultRecovery = TimeSpan.FromMinutes(1);

    /// <summary>Everything that is wrong with a rule, or null.</summary>
    public static Error? Check(SaveAlertRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var errors = new FieldErrors();
        errors.AddIf(!IsName(rule.Name), "name", $"is 1 to {MaxName} letters, digits, '.', '_' and '-', begins with a letter or digit, and is no id");
        CheckWhat(rule, errors);
        return errors.ToError();
    }

    /// <summary>The same, without a look at its name.</summary>
    public static Error? CheckCondition(SaveAlertRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var errors = new FieldErrors();
        CheckWhat(rule, errors);
        return errors.ToError();
    }

    /// <summary>Everything that is wrong with a silence, or null.</summary>
    /// <param name="silence">The silence.</param>
    /// <param name="now">The time.</param>
    public static Error? Check(SaveSilence silence, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(silence);
        var errors = new FieldErrors();
        errors.AddIf(string.IsNullOrWhiteSpace(silence.Rule) && string.IsNullOrWhiteSpace(silence.Device) && string.IsNullOrWhiteSpace(silence.Selector), "rule", "say of which rule, device or labels");
        errors.AddIf(string.IsNullOrWhiteSpace(silence.Reason), "reason", "says why");
        errors.AddIf(silence.Reason?.Length > MaxReason, "reason", $"is longer than {MaxReason} characters");
        if (Selector.Parse(silence.Selector) is { IsError: true } wrong)
        {
            errors.Add("selector", wrong.Error!.Detail);
        }

        if (silence.From > now.AddDays(366))
        {
            errors.Add("from", "is at most a year from now");
        }
        else if (silence.Until is null == silence.For is null)
        {
            errors.Add("until", "give either until or for");
        }
        else if (silence.For is not null && IsWrong(silence.For, TimeSpan.FromSeconds(1), MaxSilence))
        {
            errors.Add("for", "is a duration such as 30m or 8h, at most 90d");
        }
        else
        {
            var (from, until) = Span(silence, now);
            errors.AddIf(until <= from || until <= now, "until", "is after now, and after from");
            errors.AddIf(until > from && until - from > MaxSilence, "until", "is at most 90 days after from");
        }

        return errors.ToError();
    }

    /// <summary>From when to when a silence holds. It was checked.</summary>
    public static (DateTimeOffset From, DateTimeOffset Until) Span(SaveSilence silence, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(silence);
        var from = silence.From ?? now;
        return (from, silence.Until ?? from + Quantities.ParseDuration(silence.For).Value);
    }

    /// <summary>The times of a rule that was checked.</summary>
    public static AlertTimes TimesOf(SaveAlertRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var held = rule.For is { } text ? Quantities.ParseDuration(text).Value : TimeSpan.Zero;
        var recovery = rule.Recovery is { } given ? Quantities.ParseDuration(given).Value : held < DefaultRecovery ? held : DefaultRecovery;
        return new(held, recovery, rule.Repeat is { } repeat ? Quantities.ParseDuration(repeat).Value : null);
    }

    /// <summary>The value of a number, or null where the device does not tell it.</summary>
    /// <param name="metric">Which number.</param>
    /// <param name="sample">What the device told.</param>
    /// <param name="cpuMillis">How many processors it has, in thousandths; null where that is not known.</param>
    public static double? ValueOf(AlertMetric metric, TelemetrySample sample, long? cpuMillis)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return metric switch
        {
            AlertMetric.Cpu => sample.CpuPercent,
            AlertMetric.Memory => sample.MemoryTotalBytes > 0 ? 100.0 * sample.MemoryUsedBytes / sample.MemoryTotalBytes : null,
            AlertMetric.Disk => FullestDisk(sample),
            AlertMetric.Load => cpuMillis > 0 ? sample.Load1 * 1000 / cpuMillis : null,
            AlertMetric.Swap => sample.SwapUsedBytes / (1024.0 * 1024),
            AlertMetric.Processes => sample.Processes,
            AlertMetric.Received => sample.NetworkReceivedPerSecond / (1024.0 * 1024),
            AlertMetric.Sent => sample.NetworkSentPerSecond / (1024.0 * 1024),
            _ => null,
        };
    }

    /// <summary>Whether a value is beyond the limit.</summary>
    public static bool IsBeyond(AlertTelemetry condition, double value)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition.Over is { } over ? value > over : value < condition.Under;
    }

    /// <summary>Whether an event of this type is what a rule waits for. Alerts are no news of their own.</summary>
    public static bool IsFor(SaveAlertRule rule, string type)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentNullException.ThrowIfNull(type);
        return rule.Events is { Count: > 0 } types && !type.StartsWith("alert", StringComparison.Ordinal) && WebhookLimits.Matches(types, type);
    }

    /// <summary>What a rule waits for, in words.</summary>
    public static string Describe(SaveAlertRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var what = rule.Telemetry is { } telemetry ? $"{Name(telemetry.Metric)} {Limit(telemetry)}"
            : rule.Offline ? "device offline"
            : rule.Job is { } job ? job == "*" ? "any job failed" : $"job {job} failed"
            : $"event {string.Join(", ", rule.Events ?? [])}";
        return $"{what}{(rule.For is { } held ? $" for {held}" : "")}{(string.IsNullOrWhiteSpace(rule.Selector) ? "" : $" on {rule.Selector}")}";
    }

    /// <summary>A number with its unit: <c>97 %</c>.</summary>
    public static string Format(AlertMetric metric, double value) => metric switch
    {
        AlertMetric.Cpu or AlertMetric.Memory or AlertMetric.Disk => $"{Number(value)} %",
        AlertMetric.Load => $"{Number(value)} a processor",
        AlertMetric.Processes => Number(value),
        AlertMetric.Swap => $"{Number(value)} MiB",
        _ => $"{Number(value)} MiB/s",
    };

    /// <summary>What a number is called.</summary>
    public static string Name(AlertMetric metric) => metric switch
    {
        AlertMetric.Cpu => "CPU",
        AlertMetric.Memory => "memory",
        AlertMetric.Disk => "fullest disk",
        AlertMetric.Load => "load",
        AlertMetric.Swap => "swap",
        AlertMetric.Processes => "processes",
        AlertMetric.Received => "network in",
        _ => "network out",
    };

    /// <summary>The limit in words: <c>over 90 %</c>.</summary>
    public static string Limit(AlertTelemetry condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition.Over is { } over ? $"over {Format(condition.Metric, over)}" : $"under {Format(condition.Metric, condition.Under ?? 0)}";
    }

    private static void CheckWhat(SaveAlertRule rule, FieldErrors errors)
    {
        errors.AddIf(rule.Description?.Length > MaxDescription, "description", $"is longer than {MaxDescription} characters");
        errors.AddIf(!Enum.IsDefined(rule.Severity), "severity", "is info, warning or critical");
        errors.AddIf((rule.Telemetry is null ? 0 : 1) + (rule.Offline ? 1 : 0) + (rule.Job is null ? 0 : 1) + (rule.Events is null ? 0 : 1) != 1,
            "telemetry", "give exactly one of telemetry, offline, job and events");
        if (Selector.Parse(rule.Selector) is { IsError: true } wrong)
        {
            errors.Add("selector", wrong.Error!.Detail);
        }

        errors.AddIf(rule.Job is not null && !string.IsNullOrWhiteSpace(rule.Selector), "selector", "is not for jobs: name the job");
        if (rule.Telemetry is { } telemetry)
        {
            errors.AddIf(!Enum.IsDefined(telemetry.Metric), "telemetry.metric", "is not said, or none that devices tell");
            errors.AddIf(telemetry.Over is null == telemetry.Under is null, "telemetry.over", "give exactly one of over and under");
            errors.AddIf((telemetry.Over ?? telemetry.Under) is { } limit && !(double.IsFinite(limit) && limit is >= 0 and <= 1e12), "telemetry.over", "is a number, not less than 0");
            errors.AddIf(telemetry.Metric <= AlertMetric.Disk && (telemetry.Over >= 100 || telemetry.Under > 100), "telemetry.over", "is in per cent: nothing is over 100");
        }

        errors.AddIf(rule.Job is { } job && (string.IsNullOrWhiteSpace(job) || job.Length > 100), "job", "is a job's name or id, or *");
        CheckEvents(rule.Events, errors);
        var holds = rule.Telemetry is not null || rule.Offline;
        errors.AddIf(!holds && rule.For is not null, "for", "is for telemetry and offline devices: an event is a moment");
        errors.AddIf(!holds && rule.Recovery is not null, "recovery", "is for telemetry and offline devices");
        errors.AddIf(IsWrong(rule.For, TimeSpan.Zero, MaxFor), "for", "is a duration such as 30s or 5m, at most 7d");
        errors.AddIf(IsWrong(rule.Recovery, TimeSpan.Zero, MaxFor), "recovery", "is a duration such as 30s or 5m, at most 7d");
        errors.AddIf(IsWrong(rule.Repeat, MinRepeat, MaxRepeat), "repeat", "is a duration such as 30m or 4h, from 5m to 30d");
    }

    private static void CheckEvents(IReadOnlyList<string>? types, FieldErrors errors)
    {
        if (types is null)
        {
            return;
        }

        errors.AddIf(types.Count is 0 or > WebhookLimits.MaxTypes, "events", $"are 1 to {WebhookLimits.MaxTypes} types");
        foreach (var type in types.Where(t => !WebhookLimits.IsType(t)).Take(3))
        {
            errors.Add("events", $"'{type}' is no type of events, as device.connected, device.* or *");
        }

        errors.AddIf(types.Any(t => t?.StartsWith("alert", StringComparison.Ordinal) == true), "events", "of alerts raise no alerts");
    }

    private static bool IsWrong(string? text, TimeSpan least, TimeSpan most) =>
        text is not null && (Quantities.ParseDuration(text) is var read && (read.IsError || read.Value < least || read.Value > most));

    private static bool IsName(string? name) => name is { Length: > 0 and <= MaxName } && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && !Guid.TryParse(name, out _);

    private static double? FullestDisk(TelemetrySample sample)
    {
        double? fullest = null;
        foreach (var disk in sample.Disks)
        {
            if (disk.TotalBytes > 0 && 100.0 * disk.UsedBytes / disk.TotalBytes is var part && !(part <= fullest))
            {
                fullest = part;
            }
        }

        return fullest;
    }

    private static string Number(double value) => Math.Round(value, value < 10 ? 2 : 1).ToString("0.##", CultureInfo.InvariantCulture);
}
