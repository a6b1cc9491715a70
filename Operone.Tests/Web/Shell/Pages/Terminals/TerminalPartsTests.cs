using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Shell;
using Operone.Web.Shell.Pages.Terminals;
using Operone.Web.Shell.Pages.Terminals.Workspace;
using Xunit;

namespace Operone.Tests.Web.Shell.Pages.Terminals;

public sealed class TerminalPartsTests : BunitContext
{
    private static readonly DateTimeOffset _now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public TerminalPartsTests() => Services.AddSingleton<TimeProvider>(new FakeTimeProvider(_now));

    [Fact]
    public void Row_LeadsToTheTerminal_AndNamesItByItsTitle()
    {
        var table = Render<TerminalTable>(p => p.Add(t => t.Terminals, [Terminal() with { Title = "deploy", People = [Person("Ada")] }]));
        var link = table.Find("a.row");
        Assert.Equal("deploy", link.TextContent);
        Assert.EndsWith(Terminal().Id.ToString(), link.GetAttribute("href"), StringComparison.Ordinal);
        Assert.Contains("Ada", table.Find("tbody tr").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExecutionStatus.Running, null, "running")]
    [InlineData(ExecutionStatus.Succeeded, 0, "ended")]
    [InlineData(ExecutionStatus.Failed, 3, "ended, exit code 3")]
    [InlineData(ExecutionStatus.Lost, null, "lost")]
    public void State_SaysHowItStands(ExecutionStatus status, int? code, string words)
    {
        var terminal = Terminal() with { Status = status, ExitCode = code, EndedAt = status.IsEnd() ? _now : null };
        Assert.Equal(words, Render<TerminalState>(p => p.Add(s => s.Terminal, terminal)).Find(".state").TextContent.Trim());
    }

    [Fact]
    public void Pane_OfARunningTerminal_IsAttached_AndSaysWhoIsIn()
    {
        var terminal = Terminal() with { IsYours = false };
        var report = new PaneReport("<b>vim</b>", "live", MayType: false, [Person("Ada") with { IsOwner = true, MayType = true }, Person("You") with { IsYou = true }], null, null);
        var pane = Render(terminal, report);
        Assert.True(pane.Find("[data-pane]").HasAttribute("data-attach"));
        Assert.Equal("false", pane.Find("[data-pane]").GetAttribute("data-may-type"));
        Assert.Equal("<b>vim</b>", pane.Find(".title").TextContent);
        Assert.Contains("Ada", pane.Find(".people").TextContent, StringComparison.Ordinal);
        Assert.Equal(2, pane.FindAll(".drop li").Count);
        // Somebody else's: nothing to rename, to share or to end.
        Assert.DoesNotContain("Rename", pane.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("End the terminal", pane.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("Let type", pane.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Owner_LetsAGuestType_AndTakesItBack()
    {
        TerminalViewer? asked = null;
        var people = Render<PanePeople>(p => p
            .Add(x => x.Terminal, Terminal())
            .Add(x => x.People, [Person("Owner") with { IsOwner = true, IsYou = true, MayType = true }, Person("Ada"), Person("Bob") with { MayType = true }])
            .Add(x => x.Allow, person =>
            {
                asked = person;
                return Task.CompletedTask;
            }));
        var buttons = people.FindAll("button");
        Assert.Equal(["Let type", "Take typing back"], buttons.Select(b => b.TextContent));
        await buttons[0].ClickAsync(new());
        Assert.Equal("Ada", asked?.Name);
    }

    [Fact]
    public void Pane_OfATerminalThatHadEnded_ShowsItsCodeAndRecording_AndIsNotAttached()
    {
        var terminal = Terminal() with { Status = ExecutionStatus.Failed, ExitCode = 3, Reason = "The shell ended.", EndedAt = _now, RecordingBytes = 10 };
        var pane = Render(terminal, report: null, hasLived: false);
        Assert.False(pane.Find("[data-pane]").HasAttribute("data-attach"));
        Assert.Contains("Exit code 3. The shell ended.", pane.Find(".instead").TextContent, StringComparison.Ordinal);
        Assert.Equal($"recordings/{terminal.Id}", pane.Find(".instead a").GetAttribute("href"));
    }

    [Fact]
    public void Pane_ThatEndedWhileItWasLookedAt_KeepsItsScreen()
    {
        var terminal = Terminal() with { Status = ExecutionStatus.Succeeded, ExitCode = 0, EndedAt = _now };
        var pane = Render(terminal, report: null);
        Assert.True(pane.Find("[data-pane]").HasAttribute("data-attach"));
        Assert.Contains("Exit code 0.", pane.Find("footer").TextContent, StringComparison.Ordinal);
        Assert.Empty(pane.FindAll(".instead"));
    }

    private IRenderedComponent<TerminalPane> Render(TerminalView terminal, PaneReport? report, bool hasLived = true) => Render<TerminalPane>(p => p
        .Add(x => x.Id, terminal.Id)
        .Add(x => x.Terminal, terminal)
        .Add(x => x.Problem, null)
        .Add(x => x.Report, report)
        .Add(x => x.Place, "left:0")
        .Add(x => x.IsSeen, true)
        .Add(x => x.IsActive, true)
        .Add(x => x.IsAlone, true)
        .Add(x => x.HasLived, hasLived)
        .Add(x => x.Act, _ => Task.CompletedTask)
        .Add(x => x.Allow, (_, _) => Task.CompletedTask));

    private static TerminalView Terminal() => new(
        new("0192a000-0000-7000-8000-000000000001"), Guid.Empty, "web-1", null, "owner@example.org", true, ExecutionStatus.Running, null, "/bin/bash",
        RecordMode.Off, false, [], _now, null, null, null, 0);

    private static TerminalViewer Person(string name) => new(Guid.CreateVersion7(), name, false, false, false, _now);
}
