using Operone.Core.Kernel.Alerts;
using Operone.Web.Console.Parts;

namespace Operone.Web.Kernel.Alerts.Pages;

/// <summary>How alerts look: a colour, an icon and a word, so that none stands alone.</summary>
internal static class AlertLook
{
    /// <summary>How bad it is.</summary>
    public static (string Kind, string Icon, string Word) Of(AlertSeverity severity) => severity switch
    {
        AlertSeverity.Critical => ("bad", Glyphs.Failed, "critical"),
        AlertSeverity.Warning => ("warning", Glyphs.Warning, "warning"),
        _ => ("running", Glyphs.Info, "info"),
    };

    /// <summary>Where it stands.</summary>
    public static (string Kind, string Icon, string Word) Of(AlertView alert) => alert switch
    {
        { State: AlertState.Recovered } => ("good", Glyphs.Succeeded, "recovered"),
        { State: AlertState.Pending } => ("", Glyphs.Queued, "pending"),
        { SilencedUntil: not null } => ("", Glyphs.BellOff, "silenced"),
        { AcknowledgedAt: not null } => ("warning", Glyphs.Check, "acknowledged"),
        _ => ("bad", Glyphs.Bell, "firing"),
    };

    /// <summary>Why it stands there, on hover.</summary>
    public static string? Why(AlertView alert) => alert switch
    {
        { Reason: { } reason } => reason,
        { SilencedUntil: { } until } => $"silenced until {until.UtcDateTime:yyyy-MM-dd HH:mm}Z",
        { AcknowledgedBy: { } by } => $"by {by}",
        { IsBlind: true } => "nothing is heard of it now: it stands as it was",
        _ => null,
    };
}
