using System.Globalization;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Recordings;

/// <summary>How moments and matches of recordings are written.</summary>
internal static class RecordingText
{
    /// <summary>A moment as players show it: 1:02:03.</summary>
    public static string Moment(double seconds)
    {
        var at = TimeSpan.FromSeconds(Math.Floor(Math.Clamp(seconds, 0, 1e9)));
        return at.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)at.TotalHours}:{at:mm\\:ss}")
            : string.Create(CultureInfo.InvariantCulture, $"{at.Minutes}:{at:ss}");
    }

    /// <summary>A number of seconds in an address.</summary>
    public static string Seconds(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>The address of a match's moment.</summary>
    public static string Address(RecordingMatch match, string? text) =>
        $"recordings/{match.RecordingId}?t={Seconds(match.Seconds)}{(string.IsNullOrWhiteSpace(text) ? "" : "&q=" + Uri.EscapeDataString(text.Trim()))}";

    /// <summary>A text cut where another was found in it.</summary>
    public static IEnumerable<(string Part, bool IsFound)> Parts(string text, string? found)
    {
        var rest = text;
        while (found?.Trim() is { Length: > 0 } wanted && rest.IndexOf(wanted, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
        {
            if (at > 0)
            {
                yield return (rest[..at], false);
            }

            yield return (rest.Substring(at, wanted.Length), true);
            rest = rest[(at + wanted.Length)..];
        }

        if (rest.Length > 0)
        {
            yield return (rest, false);
        }
    }
}
