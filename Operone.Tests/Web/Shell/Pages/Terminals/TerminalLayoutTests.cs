using CsCheck;
using Operone.Web.Shell.Pages.Terminals.Workspace;
using Xunit;

namespace Operone.Tests.Web.Shell.Pages.Terminals;

public sealed class TerminalLayoutTests
{
    private static readonly Guid _a = new("0192a000-0000-7000-8000-000000000001");
    private static readonly Guid _b = new("0192a000-0000-7000-8000-000000000002");
    private static readonly Guid _c = new("0192a000-0000-7000-8000-000000000003");

    /// <summary>Layouts as they come to be: terminals are opened in tabs and splits, closed, and lines are moved.</summary>
    private static readonly Gen<TerminalLayout> _layouts = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 40], Gen.Int[-20, 120]).List[0, 60].Select(acts =>
    {
        var layout = TerminalLayout.Of(_a);
        foreach (var (act, at, share) in acts)
        {
            var open = layout.Terminals.ToArray();
            var id = open[at % open.Length];
            layout = act switch
            {
                0 => layout.WithTab(Guid.CreateVersion7()),
                1 => layout.WithSplit(id, isRows: false, Guid.CreateVersion7()),
                2 => layout.WithSplit(id, isRows: true, Guid.CreateVersion7()),
                3 => layout.WithShare(at % layout.Tabs.Count, "", share),
                _ => open.Length > 1 ? layout.Without(id) : layout,
            };
        }

        return layout;
    });

    [Fact]
    public void Text_OfAnyLayout_ReadsBackAsTheSame() => _layouts.Sample(layout =>
    {
        var text = layout.ToString();
        var read = TerminalLayout.Parse(text);
        return read is not null && read.ToString() == text && read.Tabs.SequenceEqual(layout.Tabs);
    });

    [Fact]
    public void Text_OfAnyLayout_NeedsNoEscapingInAnAddress() =>
        _layouts.Sample(layout => Uri.EscapeDataString(layout.ToString()) == layout.ToString());

    [Fact]
    public void Text_OfAnybody_IsALayoutOrNothing() => Gen.String[Gen.Char["rc0123456789.~-_AZaz"], 0, 80].Sample(text =>
    {
        var layout = TerminalLayout.Parse(text);
        return layout is null || (layout.Terminals.Count() is > 0 and <= TerminalLayout.MaxTerminals && layout.ToString().Length > 0);
    });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("~")]
    [InlineData("c50")]
    [InlineData("c50.AZKgAAAAcACAAAAAAAAAAQ")]
    [InlineData("c4.AZKgAAAAcACAAAAAAAAAAQ.AZKgAAAAcACAAAAAAAAAAg")]
    [InlineData("c96.AZKgAAAAcACAAAAAAAAAAQ.AZKgAAAAcACAAAAAAAAAAg")]
    [InlineData("x50.AZKgAAAAcACAAAAAAAAAAQ.AZKgAAAAcACAAAAAAAAAAg")]
    [InlineData("AZKgAAAAcACAAAAAAAAAAQ.AZKgAAAAcACAAAAAAAAAAg")]
    [InlineData("AZKgAAAAcACAAAAAAAAAAQ~AZKgAAAAcACAAAAAAAAAAQ")]
    [InlineData("AZKgAAAAcACAAAAAA!AAAQ")]
    public void Text_ThatIsNoLayout_IsNothing(string? text) => Assert.Null(TerminalLayout.Parse(text));

    [Fact]
    public void Text_ThatIsVeryDeep_IsNothing() =>
        Assert.Null(TerminalLayout.Parse(string.Concat(Enumerable.Repeat("c50.", 100_000)) + "AZKgAAAAcACAAAAAAAAAAQ"));

    [Fact]
    public void Layout_OfTwoColumnsAndATab_IsShort()
    {
        var layout = TerminalLayout.Of(_a).WithSplit(_a, isRows: false, _b).WithTab(_c).WithShare(0, "", 35);
        Assert.Equal("c35.AZKgAAAAcACAAAAAAAAAAQ.AZKgAAAAcACAAAAAAAAAAg~AZKgAAAAcACAAAAAAAAAAw", layout.ToString());
    }

    [Fact]
    public void Without_OneOfASplit_LeavesTheOtherInItsPlace()
    {
        var layout = TerminalLayout.Of(_a).WithSplit(_a, isRows: false, _b).WithSplit(_b, isRows: true, _c).Without(_b);
        Assert.Equal(TerminalLayout.Of(_a).WithSplit(_a, isRows: false, _c).ToString(), layout.ToString());
        Assert.Empty(layout.Without(_a).Without(_c).Tabs);
    }

    [Fact]
    public void WithTab_OfOneThatIsOpen_ChangesNothing()
    {
        var layout = TerminalLayout.Of(_a).WithSplit(_a, isRows: false, _b);
        Assert.Same(layout, layout.WithTab(_b));
        Assert.Same(layout, layout.WithSplit(_a, isRows: true, _b));
    }

    [Fact]
    public void WithTab_WhereItIsFull_ChangesNothing()
    {
        var layout = Enumerable.Range(0, 100).Aggregate(TerminalLayout.Of(_a), (so, _) => so.WithTab(Guid.CreateVersion7()));
        Assert.Equal(TerminalLayout.MaxTerminals, layout.Terminals.Count());
        Assert.False(layout.CanTakeMore);
    }

    [Fact]
    public void Places_OfAnyLayout_AreOneForEachTerminalAndOneForEachLine() => _layouts.Sample(layout =>
    {
        var places = new PanePlaces(layout);
        return places.Panes.Select(p => p.Id).SequenceEqual(layout.Terminals)
            && places.Splits.Count == layout.Terminals.Count() - layout.Tabs.Count
            && places.Splits.Select(s => s.Name).Distinct().Count() == places.Splits.Count
            && places.Splits.All(s => PanePlaces.Find(s.Name) is var (tab, _) && tab == s.Tab);
    });

    [Fact]
    public void Line_ThatIsMovedByItsName_IsTheOneThatChanges() => Gen.Select(_layouts, Gen.Int[0, 100]).Sample((layout, at) =>
    {
        var splits = new PanePlaces(layout).Splits;
        if (splits.Count == 0)
        {
            return true;
        }

        var split = splits[at % splits.Count];
        var (tab, path) = PanePlaces.Find(split.Name)!.Value;
        var moved = new PanePlaces(layout.WithShare(tab, path, 77)).Splits;
        return moved.Zip(splits).All(pair => pair.First.Share == (pair.Second.Name == split.Name ? 77 : pair.Second.Share));
    });

    [Theory]
    [InlineData("--s0-", 0, "")]
    [InlineData("--s12-0101", 12, "0101")]
    public void Line_ByItsName_IsFound(string name, int tab, string path) => Assert.Equal((tab, path), PanePlaces.Find(name));

    [Theory]
    [InlineData("")]
    [InlineData("--s-")]
    [InlineData("--s0-2")]
    [InlineData("--accent")]
    [InlineData("--s0-0-1")]
    public void Line_ByAnotherName_IsNot(string name) => Assert.Null(PanePlaces.Find(name));
}
