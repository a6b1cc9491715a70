using Operone.Core.Kernel;
using Operone.Web.Kernel.Processes;
using Operone.Web.Kernel.Processes.Pages;
using Xunit;

namespace Operone.Tests.Web.Kernel;

/// <summary>What of the page is logic.</summary>
public sealed class ProcessPagesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rows_UnderThePointer_StayWhereTheyAre_AndSayWhatIsNewAndWhatHasEnded()
    {
        var shown = new ShownProcesses();
        shown.Take(Flat(Process(1, cpu: 9), Process(2, cpu: 5), Process(3, cpu: 1)));
        shown.Hold();
        shown.Take(Flat(Process(3, cpu: 50), Process(1, cpu: 2), Process(4, cpu: 1), Process(2, start: 99)));
        Assert.Equal([(1, 2, false), (2, 5, true), (3, 50, false)], shown.Rows.Select(r => (r.Process.Pid, (int)r.Process.Figures.Cpu!, r.HasEnded)));
        Assert.Equal(2, shown.News);
        shown.Take(Flat(Process(3, cpu: 60)));
        Assert.Equal((3, 0), (shown.Rows.Count, shown.News));
        shown.Release();
        Assert.Equal([3], shown.Rows.Select(r => r.Process.Pid));
    }

    [Fact]
    public void History_OfSamples_IsBounded_AndKnowsNoZeroThatNobodyMeasured()
    {
        var history = new ProcessHistory();
        history.Add(View(0, Process(1, cpu: null)), _ => null);
        Assert.Equal(0, history.Count);
        for (var i = 1; i <= ProcessHistory.MaxSamples + 50; i++)
        {
            history.Add(View(i, Process(1, cpu: 10, name: "a"), Process(2, cpu: 20, name: "a"), Process(3, cpu: 5, name: "b\n")), p => p.Pid == 3 ? "run 1" : null);
        }

        history.Add(View(ProcessHistory.MaxSamples + 50, Process(1, cpu: 99)), _ => null);
        Assert.Equal(ProcessHistory.MaxSamples, history.Count);
        var lines = history.Lines(ProcessGrouping.Name, isMemory: false);
        Assert.Equal(["a", "b\\n"], lines.Select(l => l.Name));
        Assert.All(lines[0].Points, p => Assert.Equal(30, p.Value, 3));
        Assert.Equal(["run 1"], history.Lines(ProcessGrouping.Operone, isMemory: true).Select(l => l.Name));
        Assert.Equal(["root"], history.Lines(ProcessGrouping.User, isMemory: true).Select(l => l.Name));

        // a device whose clock is set back begins anew
        history.Add(View(3, Process(1, cpu: 99)), _ => null);
        Assert.Equal((1, Now.AddSeconds(3)), (history.Count, history.From));
    }

    [Fact]
    public void Warning_BeforeASignal_NamesAllThatEnds()
    {
        var run = new ProcessOwner(ProcessOwnerKind.Run, new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c"));
        var text = ProcessText.Warning("web-1", Process(1, name: "sh\e") with { Part = ProcessPart.Command }, run, "KILL", [Process(2, name: "w"), Process(3, name: "w"), Process(4, name: "x")]);
        Assert.Equal(
            "'sh\\e' (1) of root on web-1 and the 3 processes that descend from it (2 × w, x) will be ended at once, without a chance to save anything. It belongs to Operone: run 8e4a5b6c.", text);
        Assert.Contains("cancel it instead", ProcessText.Warning("web-1", Process(1) with { Part = ProcessPart.Host }, run, "TERM", []), StringComparison.Ordinal);
        Assert.Equal("'p1' (1) of root on web-1 will be asked to end.", ProcessText.Warning("web-1", Process(1), null, "TERM", []));
    }

    [Fact]
    public void Filter_OfATree_KeepsTheAncestorsOfWhatMatches()
    {
        ProcessInfo[] all = [Process(1), Process(2) with { Parent = 1 }, Process(3, name: "needle") with { Parent = 2 }, Process(4) with { Parent = 1 }];
        Assert.Equal([1, 2, 3], ProcessFilter.Place(all, new ProcessQuery(ProcessSort.Pid, Tree: true, Text: "NEEDLE")).Select(p => p.Process.Pid));
        Assert.Equal([3], ProcessFilter.Place(all, new ProcessQuery(ProcessSort.Pid, Text: "needle")).Select(p => p.Process.Pid));
        Assert.Equal([4], ProcessFilter.Place(all, new ProcessQuery(ProcessSort.Pid, Text: "4")).Select(p => p.Process.Pid));
    }

    private static IReadOnlyList<PlacedProcess> Flat(params ProcessInfo[] processes) => [.. processes.Select(p => new PlacedProcess(p, 0, 0))];

    private static WatchView View(int second, params ProcessInfo[] processes) =>
        new(second + 1, new ProcessSample(Now.AddSeconds(second), 2, 1 << 30, 1, null), processes, null);

    private static ProcessInfo Process(int pid, double? cpu = 0, long start = 0, string? name = null) => new()
    {
        Pid = pid,
        Start = start == 0 ? pid : start,
        Name = name ?? $"p{pid}",
        User = "root",
        Figures = new(pid, cpu, 4096, 1, ProcessState.Sleeping),
    };
}
