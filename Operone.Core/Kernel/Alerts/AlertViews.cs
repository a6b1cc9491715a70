using System.Text.Json.Serialization;

namespace Operone.Core.Kernel.Alerts;

/// <summary>A number of devices that is over or under a limit. Exactly one of <see cref="Over"/> and <see cref="Under"/>.</summary>
public sealed record AlertTelemetry
{
    /// <summary>Which number.</summary>
    public AlertMetric Metric { get; init; }
    /// <summary>It is more than this.</summary>
    public double? Over { get; init; }
    /// <summary>It is less than this.</summary>
    public double? Under { get; init; }
}

/// <summary>What <c>POST /alert-rules</c> and <c>PUT /alert-rules/{id}</c> take. Exactly one of <see cref="Telemetry"/>, <see cref="Offline"/>, <see cref="Job"/> and <see cref="Events"/>.</summary>
public sealed record SaveAlertRule
{
    /// <summary>Its name, unique among alert rules.</summary>
    public string? Name { get; init; }
    /// <summary>What it is for, and what to do then.</summary>
    public string? Description { get; init; }
    /// <summary>How bad it is; by default a warning. It can be set, because what can only be initialized loses its default where JSON does not have it.</summary>
    public AlertSeverity Severity { get; set; } = AlertSeverity.Warning;
    /// <summary>On which devices; empty for all that whoever saved it may see. Not for jobs.</summary>
    public string? Selector { get; init; }
    /// <summary>A number of the device is over or under a limit.</summary>
    public AlertTelemetry? Telemetry { get; init; }
    /// <summary>The device is offline.</summary>
    public bool Offline { get; init; }
    /// <summary>A run of this job failed, by name or id; <c>*</c> for any job.</summary>
    public string? Job { get; init; }
    /// <summary>An event of one of these types happened; one that ends with <c>*</c> is every type that begins so.</summary>
    public IReadOnlyList<string>? Events { get; init; }
    /// <summary>For how long it must hold, a duration up to 7 days; by default not at all. For telemetry and offline devices.</summary>
    public string? For { get; init; }
    /// <summary>For how long it must not hold until it is over, a duration up to 7 days; by default as long as <see cref="For"/>, and at most 60 seconds.</summary>
    public string? Recovery { get; init; }
    /// <summary>It is told again so often while it goes on, a duration from 5 minutes to 30 days; by default once.</summary>
    public string? Repeat { get; init; }
    /// <summary>Whether it is looked at; by default it is.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>An alert rule as the API gives it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Definition">How it was saved.</param>
/// <param name="OwnerName">In whose name it looks: who saved it last. Only devices that they may see count.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="UpdatedAt">When it was changed last (UTC).</param>
/// <param name="Firing">How many of its alerts are firing, of those that there are for whoever asks.</param>
/// <param name="Text">What it waits for, in words.</param>
public sealed record AlertRuleView(
    Guid Id, string Name, SaveAlertRule Definition, string OwnerName, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Firing, string Text);

/// <summary>What came of applying a rule.</summary>
/// <param name="Outcome"><c>created</c>, <c>updated</c> or <c>unchanged</c>.</param>
/// <param name="Rule">The rule as it is now.</param>
public sealed record AppliedAlertRule(string Outcome, AlertRuleView Rule);

/// <summary>What came of applying a file with rules.</summary>
/// <param name="Rules">Each, in the order of the file.</param>
public sealed record AppliedAlertRules(IReadOnlyList<AppliedAlertRule> Rules);

/// <summary>An alert: a rule's condition that holds, or held, for a device, a job or what an event is about.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RuleId">The rule's id.</param>
/// <param name="Rule">The rule's name.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Subject">What it is about: a device's name, a job's, an event's subject.</param>
/// <param name="DeviceId">The device, where it is about one.</param>
/// <param name="Since">Since when the condition holds.</param>
/// <param name="RaisedAt">Since when it is firing; null while it is pending.</param>
/// <param name="RecoveredAt">Since when it is over.</param>
/// <param name="Value">The last value, in the unit of what is measured; of events how many there were.</param>
/// <param name="Text">What is the matter, in words.</param>
/// <param name="IsBlind">Whether nothing is known of it now: its device is offline, or tells nothing. It stands as it was.</param>
/// <param name="Reason">Why it is over, where nothing got better by itself.</param>
/// <param name="AcknowledgedBy">Who has seen it.</param>
/// <param name="AcknowledgedAt">When they said so.</param>
/// <param name="SilencedUntil">Until when nobody is told of it.</param>
/// <param name="ToldAt">When it was told last; null where it was not.</param>
public sealed record AlertView(
    Guid Id, Guid RuleId, string Rule, AlertSeverity Severity, AlertState State, string Subject, Guid? DeviceId, DateTimeOffset Since, DateTimeOffset? RaisedAt,
    DateTimeOffset? RecoveredAt, double? Value, string Text, bool IsBlind, string? Reason, string? AcknowledgedBy, DateTimeOffset? AcknowledgedAt,
    DateTimeOffset? SilencedUntil, DateTimeOffset? ToldAt);

/// <summary>What <c>POST /silences</c> takes. At least one of <see cref="Rule"/>, <see cref="Device"/> and <see cref="Selector"/>; all that is given must hold.</summary>
public sealed record SaveSilence
{
    /// <summary>Of this rule alone, by name or id.</summary>
    public string? Rule { get; init; }
    /// <summary>Of this device alone, by name or id.</summary>
    public string? Device { get; init; }
    /// <summary>Of devices with these labels alone.</summary>
    public string? Selector { get; init; }
    /// <summary>From this time on; by default now.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Until this time. Or give <see cref="For"/>.</summary>
    public DateTimeOffset? Until { get; init; }
    /// <summary>For so long, a duration up to 90 days.</summary>
    public string? For { get; init; }
    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>A silence: from one time to another nobody is told of the alerts that it is for.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RuleId">Of this rule alone.</param>
/// <param name="Rule">Its name.</param>
/// <param name="DeviceId">Of this device alone.</param>
/// <param name="Device">Its name.</param>
/// <param name="Selector">Of devices with these labels alone; empty for all.</param>
/// <param name="From">From when.</param>
/// <param name="Until">Until when; it ends by itself.</param>
/// <param name="Reason">Why.</param>
/// <param name="MadeBy">By whom.</param>
/// <param name="EndedBy">Who ended it before its time.</param>
/// <param name="IsActive">Whether it holds now.</param>
public sealed record SilenceView(
    Guid Id, Guid? RuleId, string? Rule, Guid? DeviceId, string? Device, string Selector, DateTimeOffset From, DateTimeOffset Until, string Reason, string MadeBy,
    string? EndedBy, bool IsActive);

/// <summary>What <c>POST /alert-rules/preview</c> gives: what a rule would do now.</summary>
/// <param name="Text">What it waits for, in words.</param>
/// <param name="Devices">How many devices it looks at; null for jobs and for events of everything.</param>
/// <param name="Holds">On how many of them the condition holds now, whatever for how long; of jobs and events how many there were within a day, at most 500.</param>
/// <param name="Names">Some of those devices.</param>
/// <param name="Unknown">How many of the devices tell nothing now.</param>
public sealed record AlertPreview(string Text, int? Devices, int Holds, IReadOnlyList<string> Names, int Unknown);

/// <summary>How many alerts are firing, of those that there are for whoever asks.</summary>
/// <param name="Firing">How many.</param>
/// <param name="Critical">How many of those are critical.</param>
public sealed record AlertCount(int Firing, int Critical)
{
    /// <summary>Whether there are none.</summary>
    [JsonIgnore]
    public bool IsNone => Firing == 0;
}
