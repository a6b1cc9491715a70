using System.Globalization;

namespace Operone.Web.Shell.Pages.Terminals.Workspace;

/// <summary>Where a terminal is drawn.</summary>
/// <param name="Id">The terminal.</param>
/// <param name="Tab">The tab's index.</param>
/// <param name="Style">Its place, as a style.</param>
internal sealed record PanePlace(Guid Id, int Tab, string Style);

/// <summary>Where the line between two parts is drawn.</summary>
/// <param name="Name">The variable that says where in <paramref name="Style"/> it stands.</param>
/// <param name="Tab">The tab's index.</param>
/// <param name="IsRows">Whether it lies, between two rows.</param>
/// <param name="Share">How much the first part has, in percent.</param>
/// <param name="Style">The place of both parts, as a style.</param>
internal sealed record SplitPlace(string Name, int Tab, bool IsRows, int Share, string Style);

/// <summary>
/// The places of a layout's panes. They are drawn as a flat list, so that no split moves a terminal from one element to
/// another; and they are sums over variables, one a line, so that a line can be moved in the browser alone.
/// </summary>
internal sealed class PanePlaces
{
    private readonly List<PanePlace> _panes = [];
    private readonly List<SplitPlace> _splits = [];

    public PanePlaces(TerminalLayout layout)
    {
        for (var tab = 0; tab < layout.Tabs.Count; tab++)
        {
            Put(layout.Tabs[tab], tab, "", new("0", "0", "1", "1"));
        }
    }

    public IReadOnlyList<PanePlace> Panes => _panes;

    public IReadOnlyList<SplitPlace> Splits => _splits;

    /// <summary>The variables with their values, as a style.</summary>
    public string Variables => string.Concat(_splits.Select(
        s => string.Create(CultureInfo.InvariantCulture, $"{s.Name}:{s.Share / 100.0:0.##};")));

    /// <summary>The tab and the way to the split that a variable is for; null where it is none.</summary>
    public static (int Tab, string Path)? Find(string name)
    {
        var parts = name.Split('-');
        return parts is ["", "", ['s', .. var tab], var path] && path.All(c => c is '0' or '1')
            && int.TryParse(tab, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? (index, path) : null;
    }

    private void Put(PaneNode node, int tab, string path, Area area)
    {
        if (node is TerminalPaneNode leaf)
        {
            _panes.Add(new(leaf.Id, tab, area.Style));
            return;
        }

        var split = (SplitNode)node;
        var name = string.Create(CultureInfo.InvariantCulture, $"--s{tab}-{path}");
        _splits.Add(new(name, tab, split.IsRows, split.Share, area.Style));
        var (first, second) = area.Split(split.IsRows, $"var({name})");
        Put(split.First, tab, path + "0", first);
        Put(split.Second, tab, path + "1", second);
    }

    private sealed record Area(string Left, string Top, string Width, string Height)
    {
        public string Style => $"left:calc(100% * ({Left}));top:calc(100% * ({Top}));width:calc(100% * ({Width}));height:calc(100% * ({Height}))";

        public (Area First, Area Second) Split(bool isRows, string share) => isRows
            ? (this with { Height = $"{Height} * {share}" }, this with { Top = $"{Top} + {Height} * {share}", Height = $"{Height} * (1 - {share})" })
            : (this with { Width = $"{Width} * {share}" }, this with { Left = $"{Left} + {Width} * {share}", Width = $"{Width} * (1 - {share})" });
    }
}
