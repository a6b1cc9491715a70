using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Operone.Web.Shell.Pages.Terminals.Workspace;

/// <summary>A part of a tab: one terminal, or two parts beside or above one another.</summary>
internal abstract record PaneNode
{
    /// <summary>Its terminals, from the first to the last.</summary>
    public abstract IEnumerable<Guid> Terminals { get; }
}

/// <summary>One terminal.</summary>
internal sealed record TerminalPaneNode(Guid Id) : PaneNode
{
    public override IEnumerable<Guid> Terminals => [Id];
}

/// <summary>Two parts.</summary>
/// <param name="IsRows">Whether they stand above one another rather than side by side.</param>
/// <param name="Share">How much of the place the first has, in percent: 5 to 95.</param>
/// <param name="First">The left or upper part.</param>
/// <param name="Second">The right or lower part.</param>
internal sealed record SplitNode(bool IsRows, int Share, PaneNode First, PaneNode Second) : PaneNode
{
    public override IEnumerable<Guid> Terminals => First.Terminals.Concat(Second.Terminals);
}

/// <summary>
/// Which terminals are open together, in which tabs, and how each tab is split. As text it is in the address:
/// tabs are parted by <c>~</c>; a tab is its tree from the top, with <c>.</c> between its parts: <c>c40</c> is two columns of which the
/// first has 40 percent, <c>r50</c> two rows, anything else a terminal's id in base64url.
/// </summary>
internal sealed record TerminalLayout(IReadOnlyList<PaneNode> Tabs)
{
    public const int MaxTerminals = 32;
    public const int LeastShare = 5;
    public const int MostShare = 95;
    private const int IdLength = 22;

    public static TerminalLayout Of(Guid id) => new([new TerminalPaneNode(id)]);

    /// <summary>Its terminals, tab after tab.</summary>
    public IEnumerable<Guid> Terminals => Tabs.SelectMany(t => t.Terminals);

    /// <summary>The index of the tab that a terminal is in, or -1.</summary>
    public int TabOf(Guid id)
    {
        for (var i = 0; i < Tabs.Count; i++)
        {
            if (Tabs[i].Terminals.Contains(id))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The same with a terminal in a tab of its own at the end; nothing changes where it is there already, or full.</summary>
    public TerminalLayout WithTab(Guid id) => CanTake(id) ? new([.. Tabs, new TerminalPaneNode(id)]) : this;

    /// <summary>The same with a terminal beside or beneath another.</summary>
    public TerminalLayout WithSplit(Guid at, bool isRows, Guid added) => CanTake(added)
        ? new([.. Tabs.Select(t => Map(t, leaf => leaf.Id == at ? new SplitNode(isRows, 50, leaf, new TerminalPaneNode(added)) : leaf))])
        : this;

    /// <summary>The same without a terminal: what it was beside takes its place.</summary>
    public TerminalLayout Without(Guid id) => new([.. Tabs.Select(t => Remove(t, id)).OfType<PaneNode>()]);

    /// <summary>The same with one line moved.</summary>
    /// <param name="tab">The tab's index.</param>
    /// <param name="path">The way to the split: 0 for the first part, 1 for the second.</param>
    /// <param name="share">In percent.</param>
    public TerminalLayout WithShare(int tab, string path, int share) => tab >= 0 && tab < Tabs.Count
        ? new([.. Tabs.Select((t, i) => i == tab ? Share(t, path, Math.Clamp(share, LeastShare, MostShare)) : t)])
        : this;

    /// <summary>Whether one more fits.</summary>
    public bool CanTakeMore => Terminals.Count() < MaxTerminals;

    private bool CanTake(Guid id) => TabOf(id) < 0 && CanTakeMore;

    private static PaneNode Map(PaneNode node, Func<TerminalPaneNode, PaneNode> change) => node switch
    {
        SplitNode split => split with { First = Map(split.First, change), Second = Map(split.Second, change) },
        TerminalPaneNode leaf => change(leaf),
        _ => node,
    };

    private static PaneNode? Remove(PaneNode node, Guid id) => node switch
    {
        SplitNode split => (Remove(split.First, id), Remove(split.Second, id)) switch
        {
            ({ } first, { } second) => split with { First = first, Second = second },
            var (first, second) => first ?? second,
        },
        TerminalPaneNode leaf when leaf.Id == id => null,
        _ => node,
    };

    private static PaneNode Share(PaneNode node, ReadOnlySpan<char> path, int share) => node is not SplitNode split ? node
        : path.IsEmpty ? split with { Share = share }
        : path[0] == '0' ? split with { First = Share(split.First, path[1..], share) }
        : split with { Second = Share(split.Second, path[1..], share) };

    /// <summary>Reads what <see cref="ToString"/> wrote; null where it is something else.</summary>
    public static TerminalLayout? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var seen = new HashSet<Guid>();
        var tabs = new List<PaneNode>();
        foreach (var tab in text.Split('~'))
        {
            var parts = new Queue<string>(tab.Split('.'));
            if (Read(parts, seen) is not { } node || parts.Count > 0)
            {
                return null;
            }

            tabs.Add(node);
        }

        return new(tabs);
    }

    private static PaneNode? Read(Queue<string> parts, HashSet<Guid> seen)
    {
        if (!parts.TryDequeue(out var part))
        {
            return null;
        }

        if (part.Length == IdLength)
        {
            return ReadId(part) is { } id && seen.Count < MaxTerminals && seen.Add(id) ? new TerminalPaneNode(id) : null;
        }

        // No tree of so few leaves is deeper: what is longer ends here.
        if (part.Length is < 2 or > 3 || part[0] is not ('r' or 'c') || parts.Count > 2 * MaxTerminals
            || !int.TryParse(part.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var share) || share is < LeastShare or > MostShare)
        {
            return null;
        }

        return Read(parts, seen) is { } first && Read(parts, seen) is { } second ? new SplitNode(part[0] == 'r', share, first, second) : null;
    }

    private static Guid? ReadId(string text)
    {
        Span<byte> bytes = stackalloc byte[16];
        return Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == 16 ? new Guid(bytes, bigEndian: true) : null;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var tab in Tabs)
        {
            Write(tab, text.Length > 0 ? text.Append('~') : text);
        }

        return text.ToString();
    }

    private static void Write(PaneNode node, StringBuilder text)
    {
        if (node is SplitNode split)
        {
            text.Append(split.IsRows ? 'r' : 'c').Append(split.Share.ToString(CultureInfo.InvariantCulture)).Append('.');
            Write(split.First, text);
            Write(split.Second, text.Append('.'));
        }
        else if (node is TerminalPaneNode leaf)
        {
            text.Append(Base64Url.EncodeToString(leaf.Id.ToByteArray(bigEndian: true)));
        }
    }
}
