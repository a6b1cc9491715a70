namespace Operone.Web.Access;

/// <summary>Makes words of what a browser says of itself (RFC 9110, section 10.1.5). It may say anything: it is shown, and nothing depends on it.</summary>
internal static class UserAgentText
{
    // The first that is found counts: most browsers name others besides.
    private static readonly (string Mark, string Name)[] Browsers =
    [
        ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
    ];

    private static readonly (string Mark, string Name)[] Systems =
    [
        ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "macOS"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
    ];

    /// <summary>For example <c>Firefox on Linux</c>.</summary>
    public static string Describe(string userAgent)
    {
        var browser = Find(Browsers, userAgent) ?? "Unknown browser";
        return Find(Systems, userAgent) is { } system ? $"{browser} on {system}" : browser;
    }

    private static string? Find((string Mark, string Name)[] names, string text) =>
        names.FirstOrDefault(n => text.Contains(n.Mark, StringComparison.Ordinal)).Name;
}
