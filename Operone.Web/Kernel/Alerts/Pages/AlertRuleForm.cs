using System.Globalization;
using Operone.Core.Errors;
using Operone.Core.Kernel.Alerts;

namespace Operone.Web.Kernel.Alerts.Pages;

/// <summary>At what a rule looks, as one chooses it.</summary>
public enum AlertRuleKind
{
    /// <summary>A number of devices.</summary>
    Telemetry,
    /// <summary>Devices that are offline.</summary>
    Offline,
    /// <summary>Jobs that failed.</summary>
    Job,
    /// <summary>Events.</summary>
    Events,
}

/// <summary>An alert rule as it is typed.</summary>
internal sealed class AlertRuleForm
{
    public string Name { get; set; } = "";
    public string Description { get; set; } = "";
    public AlertSeverity Severity { get; set; } = AlertSeverity.Warning;
    public string Selector { get; set; } = "";
    public AlertRuleKind Kind { get; set; }
    public AlertMetric Metric { get; set; }
    public bool IsUnder { get; set; }
    public string Limit { get; set; } = "90";
    public string Job { get; set; } = "*";
    public string Events { get; set; } = "";
    public string For { get; set; } = "5m";
    public string Recovery { get; set; } = "";
    public string Repeat { get; set; } = "";
    public bool Enabled { get; set; } = true;

    /// <summary>Whether it must hold for a time.</summary>
    public bool Holds => Kind is AlertRuleKind.Telemetry or AlertRuleKind.Offline;

    public static AlertRuleForm From(SaveAlertRule saved) => new()
    {
        Name = saved.Name ?? "",
        Description = saved.Description ?? "",
        Severity = saved.Severity,
        Selector = saved.Selector ?? "",
        Kind = saved.Telemetry is not null ? AlertRuleKind.Telemetry : saved.Offline ? AlertRuleKind.Offline : saved.Job is not null ? AlertRuleKind.Job : AlertRuleKind.Events,
        Metric = saved.Telemetry?.Metric ?? AlertMetric.Cpu,
        IsUnder = saved.Telemetry?.Under is not null,
        Limit = (saved.Telemetry?.Over ?? saved.Telemetry?.Under ?? 90).ToString(CultureInfo.InvariantCulture),
        Job = saved.Job ?? "*",
        Events = string.Join('\n', saved.Events ?? []),
        For = saved.For ?? "",
        Recovery = saved.Recovery ?? "",
        Repeat = saved.Repeat ?? "",
        Enabled = saved.Enabled != false,
    };

    /// <summary>What was typed, or what of it cannot be read at all.</summary>
    public Result<SaveAlertRule> Read()
    {
        var limit = 0.0;
        if (Kind == AlertRuleKind.Telemetry && !double.TryParse(Limit, NumberStyles.Float, CultureInfo.InvariantCulture, out limit))
        {
            return Error.InvalidField("telemetry.over", "is a number such as 90 or 1.5");
        }

        return new SaveAlertRule
        {
            Name = Name.Trim(),
            Description = Given(Description),
            Severity = Severity,
            Selector = Kind == AlertRuleKind.Job ? null : Given(Selector),
            Telemetry = Kind != AlertRuleKind.Telemetry ? null : new() { Metric = Metric, Over = IsUnder ? null : limit, Under = IsUnder ? limit : null },
            Offline = Kind == AlertRuleKind.Offline,
            Job = Kind == AlertRuleKind.Job ? Job.Trim() : null,
            Events = Kind == AlertRuleKind.Events ? Events.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : null,
            For = Holds ? Given(For) : null,
            Recovery = Holds ? Given(Recovery) : null,
            Repeat = Given(Repeat),
            Enabled = Enabled ? null : false,
        };
    }

    private static string? Given(string text) => text.Trim() is { Length: > 0 } trimmed ? trimmed : null;
}
