namespace Operone.Web.Access.Pages;

/// <summary>Keeps a sign-in from leading to another site.</summary>
internal static class LocalAddress
{
    /// <summary>The address if it is one of this site, else the other. A browser reads <c>//host</c> and <c>/\host</c> as another site.</summary>
    public static string Or(string? address, string other) =>
        address is ['/', not ('/' or '\\'), ..] or "/" && !address.Any(char.IsControl) ? address : other;
}
