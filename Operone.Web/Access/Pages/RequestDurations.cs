namespace Operone.Web.Access.Pages;

/// <summary>How long an access request can be for, as forms offer it.</summary>
internal static class RequestDurations
{
    private const long Hour = 3600;
    private const long Day = 24 * Hour;

    public static IReadOnlyList<(long Seconds, string Text)> All { get; } =
    [
        (15 * 60, "15 minutes"), (Hour, "1 hour"), (4 * Hour, "4 hours"), (8 * Hour, "8 hours"), (Day, "1 day"), (3 * Day, "3 days"), (7 * Day, "7 days"),
        (14 * Day, "14 days"), (30 * Day, "30 days"),
    ];

    public static string Text(long seconds) => All.FirstOrDefault(d => d.Seconds == seconds).Text ?? Core.Quantities.FormatDuration(TimeSpan.FromSeconds(seconds));
}
