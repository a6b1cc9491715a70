using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Kernel.Documents;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Alerts;

/// <summary>What a file with alert rules looks like, and how it is read. A test holds it in step with <see cref="SaveAlertRule"/>.</summary>
internal static class AlertRuleDocument
{
    /// <summary>One rule, or a list of them.</summary>
    public static SeveralShape Rules { get; } = new("Alert rules of Operone.", new("When there is an alert. Exactly one of telemetry, offline, job and events.", new Dictionary<string, Shape>
    {
        ["name"] = new TextShape("Its name, unique.", Pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"),
        ["description"] = new TextShape("What it is for, and what to do then."),
        ["severity"] = new TextShape("How bad it is; by default warning.", ["info", "warning", "critical"]),
        ["selector"] = new TextShape("On which devices, such as env=prod; not for jobs."),
        ["telemetry"] = new ObjectShape("A number of the device is over or under a limit.", new Dictionary<string, Shape>
        {
            ["metric"] = new TextShape("Which number.", ["cpu", "memory", "disk", "load", "swap", "processes", "received", "sent"]),
            ["over"] = new NumberShape("It is more than this.", 0, 1e12, IsWhole: false),
            ["under"] = new NumberShape("It is less than this.", 0, 1e12, IsWhole: false),
        }),
        ["offline"] = new TruthShape("The device is offline."),
        ["job"] = new TextShape("A run of this job failed; * is any job."),
        ["events"] = new ListShape("An event of one of these types happened, as device.connected or device.*.", new TextShape("A type."), WebhookLimits.MaxTypes),
        ["for"] = JobShape.Duration("For how long it must hold."),
        ["recovery"] = JobShape.Duration("For how long it must not hold until it is over."),
        ["repeat"] = JobShape.Duration("It is told again so often."),
        ["enabled"] = new TruthShape("Whether it is looked at; by default yes."),
    }, "name"), AlertRules.Most);

    /// <summary>The rules, or everything that is wrong with the text.</summary>
    public static Result<SaveAlertRule[]> Read(string text) => SeveralDocument.Read(text, Rules, OperoneJson.Default.SaveAlertRule, AlertRules.Check, r => r.Name);

    /// <summary>Whether two say the same.</summary>
    public static bool IsSame(SaveAlertRule one, SaveAlertRule other) =>
        JsonSerializer.Serialize(one, OperoneJson.Default.SaveAlertRule) == JsonSerializer.Serialize(other, OperoneJson.Default.SaveAlertRule);
}
