using System.Text;

namespace Operone.Web.Files.Pages;

/// <summary>What the page's address says: the places of both panes, and how they are shown. Whoever goes to another folder takes the rest along.</summary>
/// <param name="Main">The place of the page itself, as an address.</param>
/// <param name="Beside">The folder of the pane beside it; null where there is one pane.</param>
public sealed record PaneAddress(string Main, string? Beside)
{
    /// <summary>How the page's own folder is sorted.</summary>
    public string? Sort { get; init; }

    /// <summary>What the page's own folder is filtered by.</summary>
    public string? Q { get; init; }

    /// <summary>How the folder beside is sorted.</summary>
    public string? BesideSort { get; init; }

    /// <summary>What the folder beside is filtered by.</summary>
    public string? BesideQ { get; init; }

    /// <summary><c>grid</c>, or a list.</summary>
    public string? As { get; init; }

    /// <summary>The columns that are shown, see <see cref="PaneColumns"/>.</summary>
    public string? Columns { get; init; }

    /// <summary>Whether there are two.</summary>
    public bool IsTwo => Beside is not null;

    /// <summary>One of them in another folder.</summary>
    public PaneAddress To(bool isBeside, string address) => isBeside ? this with { Beside = address, BesideQ = null } : this with { Main = address, Q = null };

    /// <summary>A file of one of them, on the page; its folder is where one comes back to.</summary>
    public PaneAddress Open(bool isBeside, string address) => isBeside ? To(true, Main).To(false, address) : To(false, address);

    /// <summary>One of them sorted in another way.</summary>
    public PaneAddress Sorted(bool isBeside, string? sort) => isBeside ? this with { BesideSort = sort } : this with { Sort = sort };

    /// <summary>One of them filtered in another way.</summary>
    public PaneAddress Filtered(bool isBeside, string? q) => isBeside ? this with { BesideQ = q } : this with { Q = q };

    /// <summary>The address itself, without the slash in front.</summary>
    public string Href()
    {
        var (href, mark) = (new StringBuilder(PathText.Href(Main)), Main.Contains('?', StringComparison.Ordinal) ? '&' : '?');
        Add("sort", Sort);
        Add("q", Q);
        Add("beside", Beside);
        Add("besideSort", BesideSort);
        Add("besideQ", BesideQ);
        Add("as", As);
        Add("columns", Columns);
        return href.ToString();

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                href.Append(mark).Append(name).Append('=').Append(Uri.EscapeDataString(value));
                mark = '&';
            }
        }
    }
}

/// <summary>The columns of a list, besides the name.</summary>
internal static class PaneColumns
{
    private static readonly string[] _usual = ["size", "modified", "mode", "owner"];

    /// <summary>Each with its title, and whether the list can be sorted by it.</summary>
    public static IReadOnlyList<(string Name, string Title, bool IsSorted)> All { get; } =
        [("kind", "Kind", true), ("size", "Size", true), ("modified", "Changed", true), ("mode", "Mode", false), ("owner", "Owner", false)];

    /// <summary>Those that an address says, in their order; the usual ones where it says none.</summary>
    public static IReadOnlySet<string> Read(string? columns) =>
        string.IsNullOrEmpty(columns) ? _usual.ToHashSet() : All.Select(c => c.Name).Intersect(columns.Split(',')).ToHashSet();

    /// <summary>With one more, or without it; null for the usual ones.</summary>
    public static string? Turn(IReadOnlySet<string> shown, string column)
    {
        string[] turned = [.. All.Select(c => c.Name).Where(c => shown.Contains(c) != (c == column))];
        return turned.SequenceEqual(_usual) ? null : turned.Length == 0 ? "name" : string.Join(',', turned);
    }
}
