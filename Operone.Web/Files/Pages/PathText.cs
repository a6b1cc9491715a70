using System.Text.RegularExpressions;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages;

/// <summary>
/// Places in the tree as people read and type them: names as they are, and percent-encoded where they would not come back right
/// (bytes that are not UTF-8, characters that nobody sees, percent signs).
/// </summary>
internal static partial class PathText
{
    private const string Page = "files";

    /// <summary>The address of a place's page, without the slash in front.</summary>
    public static string Href(TreePath path) => path.IsTop ? Page : Page + path.ToAddress();

    /// <summary>The same from the path that the API gives.</summary>
    public static string Href(string address) => address == "/" ? Page : Page + address;

    /// <summary>The place that a page's address is of. It is read from the address as it was sent: decoding loses bytes.</summary>
    public static Result<TreePath> FromUri(string uri)
    {
        var path = uri.Split('?', '#')[0];
        var authority = path.IndexOf("://", StringComparison.Ordinal);
        var from = path.IndexOf("/" + Page, authority < 0 ? 0 : path.IndexOf('/', authority + 3) is var slash and >= 0 ? slash : 0, StringComparison.OrdinalIgnoreCase);
        return TreePath.Parse(from < 0 ? "" : path[(from + Page.Length + 1)..]);
    }

    /// <summary>A whole path, to be typed into.</summary>
    public static string Write(TreePath path) => "/" + string.Join('/', path.Names.Select(WriteName));

    /// <summary>A place as the command line takes it: <c>web-1:/etc/hosts</c>, <c>:/mounts/nas/hosts</c>.</summary>
    public static string Command(TreePath path) => path.Depth > 1 && path.Names[0] == FileTree.Devices
        ? $"{path.Names[1]}:/{string.Join('/', path.Names.Skip(2))}"
        : path.Depth > 1 ? $":/{string.Join('/', path.Names)}"
        : Write(path);

    /// <summary>A name, to be typed into.</summary>
    public static string WriteName(string name) =>
        name.Contains('%', StringComparison.Ordinal) || FileName.Display(name) != name ? FileName.ToSegment(name) : name;

    /// <summary>A whole path that was typed. A percent sign without two hexadecimal digits behind it is one.</summary>
    public static Result<TreePath> Read(string typed) => TreePath.Parse(LonePercent().Replace(typed.Trim(), "%25"));

    /// <summary>A name that was typed, or what is wrong with it.</summary>
    public static (string? Name, string? Problem) ReadName(string typed)
    {
        var name = FileName.FromSegment(LonePercent().Replace(typed.Trim(), "%25"))!;
        return FileName.Check(name) is { } problem ? (null, problem) : (name, null);
    }

    /// <summary>Where a link leads to, to be read.</summary>
    public static string ShowTarget(string target) => FileName.Display(FileName.FromSegment(target) ?? target);

    [GeneratedRegex("%(?![0-9A-Fa-f]{2})")]
    private static partial Regex LonePercent();
}
