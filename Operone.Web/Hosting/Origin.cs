namespace Operone.Web.Hosting;

/// <summary>An origin (RFC 6454): scheme, host and port, as browsers write it.</summary>
internal readonly record struct Origin(string Scheme, string Host, int Port)
{
    /// <summary>The origin that a text is, or null where it is anything besides. <c>null</c>, as a sandboxed page sends it, is none.</summary>
    public static Origin? Parse(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri is { UserInfo: "", PathAndQuery: "/", Fragment: "" } && uri.Host.Length > 0 ? Of(uri) : null;

    /// <summary>The origin of an address.</summary>
    public static Origin Of(Uri uri) => new(uri.Scheme, uri.IdnHost.ToLowerInvariant(), uri.Port);

    /// <summary>The origin that was asked.</summary>
    public static Origin? Of(HttpRequest request) => Parse($"{request.Scheme}://{request.Host.ToUriComponent()}");

    public override string ToString()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) && Host[0] != '[' ? $"[{Host}]" : Host;
        return (Scheme, Port) is ("http", 80) or ("https", 443) ? $"{Scheme}://{host}" : $"{Scheme}://{host}:{Port}";
    }

    internal static IEnumerable<string> FindProblems(IEnumerable<string> origins) => origins.Where(o => Parse(o) is null)
        .Select(o => $"{OperoneOptions.Section}:AllowedOrigins: '{o}' is not an origin, such as https://ops.example.org");
}
