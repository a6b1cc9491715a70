namespace Operone.Web.Console.Parts;

/// <summary>How long a token is good for, as forms offer it.</summary>
internal static class Expiry
{
    private const long Hour = 3600;
    private const long Day = 24 * Hour;

    public static IReadOnlyList<(long Seconds, string Text)> Short { get; } =
        [(15 * 60, "15 minutes"), (Hour, "1 hour"), (Day, "1 day"), (7 * Day, "7 days"), (30 * Day, "30 days"), (90 * Day, "90 days")];

    /// <summary>The same for API tokens; 0 is for ever.</summary>
    public static IReadOnlyList<(long Seconds, string Text)> Long { get; } =
        [(Day, "1 day"), (7 * Day, "7 days"), (30 * Day, "30 days"), (90 * Day, "90 days"), (365 * Day, "1 year"), (0, "No end")];
}
