namespace Operone.Web.Access.Pages;

/// <summary>Keeps a sign-in from leading to another site. Every address to return to that comes from outside goes through here.</summary>
internal static class LocalAddress
{
    /// <summary>The longest address that is followed.</summary>
    public const int MaxLength = 2000;

    /// <summary>
    /// The address if it is one of this site, else the other. A browser reads <c>//host</c> and <c>/\host</c> as another site,
    /// and drops tabs and line ends before it looks; a proxy may decode <c>/%2fhost</c> on the way.
    /// </summary>
    public static string Or(string? address, string other) => IsLocal(address) ? address! : other;

    /// <summary>Whether an address is one of this site.</summary>
    public static bool IsLocal(string? address)
    {
        // Browsers and our own links encode everything else, and an answer's header takes nothing else.
        if (address is not ['/', ..] || address.Length > MaxLength || address.Any(c => c is < '!' or > '~'))
        {
            return false;
        }

        // However often it is decoded on its way, it must not become another site's.
        var path = PathOf(address);
        for (var i = 0; i < 4; i++)
        {
            if (path.Contains("//", StringComparison.Ordinal) || path.Any(c => char.IsControl(c) || c is '\\'))
            {
                return false;
            }

            var decoded = Uri.UnescapeDataString(path);
            if (decoded == path)
            {
                return true;
            }

            path = decoded;
        }

        return false;
    }

    // What stands in the query leads nowhere, and may well hold encoded line ends or another address.
    private static string PathOf(string address) => address.AsSpan().IndexOfAny('?', '#') is >= 0 and var end ? address[..end] : address;
}
