using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Kernel.Documents;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>What a file with maintenance windows looks like, and how it is read. A test holds it in step with <see cref="SaveMaintenanceWindow"/>.</summary>
internal static class MaintenanceWindowDocument
{
    /// <summary>One window, or a list of them.</summary>
    public static SeveralShape Windows { get; } = new("Maintenance windows of Operone.", new("When schedules may work on devices. Exactly one of cron, calendar and at.", new Dictionary<string, Shape>
    {
        ["name"] = new TextShape("Its name, unique.", Pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"),
        ["description"] = new TextShape("What it is for."),
        ["selector"] = new TextShape("Of which devices, such as role=web; left out: all."),
        ["mode"] = new TextShape("Whether schedules work on them only, or never, while it is open; by default only.", ["only", "never"]),
        ["duration"] = JobShape.Duration("How long it stays open."),
        ["cron"] = new TextShape("When it opens: cron text of five fields, or of six with seconds before them."),
        ["calendar"] = new TextShape("When it opens: calendar words, as every weekday at 22:00."),
        ["at"] = new TimeShape("It opens once, at this time."),
        ["timeZone"] = new TextShape("The zone of cron and calendar words, as Europe/Berlin; by default UTC."),
        ["startsAt"] = new TimeShape("It does not open before this time."),
        ["endsAt"] = new TimeShape("It does not open after this time."),
        ["enabled"] = new TruthShape("Whether it counts; by default yes."),
    }, "name", "duration"), MaintenanceWindowService.Most);

    /// <summary>The windows, or everything that is wrong with the text.</summary>
    public static Result<SaveMaintenanceWindow[]> Read(string text) =>
        SeveralDocument.Read(text, Windows, OperoneJson.Default.SaveMaintenanceWindow, WindowRules.Check, w => w.Name);

    /// <summary>Whether two say the same.</summary>
    public static bool IsSame(SaveMaintenanceWindow one, SaveMaintenanceWindow other) =>
        JsonSerializer.Serialize(one, OperoneJson.Default.SaveMaintenanceWindow) == JsonSerializer.Serialize(other, OperoneJson.Default.SaveMaintenanceWindow);
}
