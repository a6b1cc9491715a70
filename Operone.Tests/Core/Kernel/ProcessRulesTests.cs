using CsCheck;
using Operone.Core.Kernel;
using Xunit;

namespace Operone.Tests.Core.Kernel;

public sealed class ProcessRulesTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\nb\tc\rd", "a\\nb\\tc\\rd")]
    [InlineData("\e[31mred\u0007", "\\e[31mred\\x07")]
    [InlineData("turned\u202Earound", "turned\\u{202e}around")]
    [InlineData("\u2028line\u200b", "\\u{2028}line\\u{200b}")]
    [InlineData("grüße 😀", "grüße 😀")]
    public void Plain_OfAnyText_ShowsWhatIsNotSeen(string text, string shown) => Assert.Equal(shown, CommandText.Plain(text));

    [Fact]
    public void Plain_OfAnyText_IsOneLineWithoutControls() => Gen.String.Sample(text =>
        !CommandText.Plain(text).Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202e'));

    [Fact]
    public void Of_AProcess_QuotesWhatWouldReadAsSeveral()
    {
        Assert.Equal("sh -c 'a  b' '' \"it's\"", CommandText.Of(Process(1) with { Arguments = ["sh", "-c", "a  b", "", "it's"] }));
        Assert.Equal("nginx: master process", CommandText.Of(Process(1) with { Arguments = ["nginx: master process"] }));
        Assert.Equal("[kthreadd]", CommandText.Of(Process(1) with { Name = "kthreadd", IsKernel = true }));
        Assert.StartsWith("sh (arguments withheld", CommandText.Of(Process(1) with { Name = "sh", Arguments = ["sh", "secret"], IsWithheld = true }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM", "TERM")]
    [InlineData(" sigkill ", "KILL")]
    [InlineData("9", "9")]
    [InlineData("64", "64")]
    [InlineData("0", null)]
    [InlineData("65", null)]
    [InlineData("-9", null)]
    [InlineData("NOPE", null)]
    [InlineData(null, null)]
    public void Signal_ByNameOrNumber_IsReadOrRefused(string? text, string? signal) => Assert.Equal(signal, ProcessSignals.Parse(text));

    [Fact]
    public void Tree_OfProcesses_PlacesEachBehindItsParent()
    {
        var placed = ProcessOrder.Tree([Process(5, 2), Process(1), Process(2, 1), Process(9, 77), Process(3, 1)], ProcessSort.Pid);
        Assert.Equal([(1, 0, 3), (2, 1, 1), (5, 2, 0), (3, 1, 0), (9, 0, 0)], placed.Select(p => (p.Process.Pid, p.Depth, p.Descendants)));
    }

    [Fact]
    public void Tree_OfParentsThatMakeNoSense_HasEachOnceWithConsistentDepths() => Gen.Int[0, 30].Array[0, 30].Sample(parents =>
    {
        var all = parents.Select((parent, i) => Process(i, parent)).ToArray();
        var placed = ProcessOrder.Tree(all, ProcessSort.Pid);
        Assert.Equal(all.Select(p => p.Pid).Order(), placed.Select(p => p.Process.Pid).Order());
        for (var i = 1; i < placed.Count; i++)
        {
            Assert.InRange(placed[i].Depth, 0, placed[i - 1].Depth + 1);
        }

        foreach (var process in all)
        {
            Assert.DoesNotContain(process, ProcessOrder.Descendants(all, process.Pid));
        }
    });

    [Fact]
    public void Tree_OfTwentyThousandInARow_IsPlacedWithoutEnd()
    {
        var placed = ProcessOrder.Tree([.. Enumerable.Range(1, 20_000).Select(i => Process(i, i - 1))], ProcessSort.Cpu);
        Assert.Equal((19_999, 19_999), (placed[^1].Depth, placed[0].Descendants));
    }

    [Fact]
    public void Sort_ByFigures_HasTheMostFirstAndTheUnknownLast()
    {
        ProcessInfo[] all = [Process(1) with { Figures = new(1, null, 5, 1, ProcessState.Running) }, Process(2) with { Figures = new(2, 1, 9, 1, ProcessState.Running) }, Process(3) with { Figures = new(3, 50, null, 1, ProcessState.Running) }];
        Assert.Equal([3, 2, 1], ProcessOrder.Flat(all, ProcessSort.Cpu).Select(p => p.Process.Pid));
        Assert.Equal([2, 1, 3], ProcessOrder.Flat(all, ProcessSort.Memory).Select(p => p.Process.Pid));
        Assert.Equal([3, 2, 1], ProcessOrder.Flat(all, ProcessSort.Pid, reversed: true).Select(p => p.Process.Pid));
    }

    [Fact]
    public void Table_OfSamples_TellsEachViewerWhatHasChangedSinceTheirs()
    {
        var table = new ProcessTable();
        Assert.False(table.Apply(new ProcessReply { Figures = [], Sample = Sample() }), "a difference to nothing");
        Assert.True(table.Apply(new ProcessReply { IsWhole = true, Processes = [Process(1), Process(2)] }));
        Assert.Empty(table.All);
        Assert.True(table.Apply(new ProcessReply { Processes = [Process(3)], Sample = Sample() }));
        var first = table.Since(0);
        Assert.Equal((true, 3), (first.IsWhole, first.Processes.Count));

        Assert.True(table.Apply(new ProcessReply { Gone = [new(2, 2), new(3, 99)] }));
        Assert.True(table.Apply(new ProcessReply { Figures = [new(1, 7, 8, 9, ProcessState.Sleeping)], Sample = Sample() }));
        var then = table.Since(first.Number);
        Assert.False(then.IsWhole);
        Assert.Equal([new(2, 2)], then.Gone);
        Assert.Equal(7, Assert.Single(then.Figures).Cpu);
        Assert.Empty(then.Processes);
        Assert.Equal([1, 3], table.All.Select(p => p.Pid).Order());

        Assert.True(table.Apply(new ProcessReply { IsWhole = true, Processes = [Process(4)], Sample = Sample() }));
        var anew = table.Since(then.Number);
        Assert.Equal((true, 4), (anew.IsWhole, Assert.Single(anew.Processes).Pid));
    }

    [Fact]
    public void Table_OfWhatMakesNoSense_IsRefused()
    {
        ProcessInfo[] senseless =
        [
            Process(1) with { Figures = new(2, 0, 0, 0, ProcessState.Running) }, Process(1) with { Figures = null! }, Process(1) with { Name = null! }, Process(-1),
            Process(1) with { Name = new string('x', 1000) }, Process(1) with { User = new string('x', 1000) }, Process(1) with { Arguments = [new string('x', 10_000)] },
            Process(1) with { Arguments = [null!] }, Process(1) with { Figures = new(1, -1, 0, 0, ProcessState.Running) }, Process(1) with { Figures = new(1, double.NaN, 0, 0, ProcessState.Running) },
            Process(1) with { Figures = new(1, 0, 0, 0, (ProcessState)77) }, null!,
        ];
        Assert.All(senseless, process => Assert.False(new ProcessTable().Apply(new ProcessReply { IsWhole = true, Processes = [process] }), $"{process}"));
        var many = Enumerable.Range(0, ProcessLimits.MaxProcesses + 1).Select(i => Process(i)).ToArray();
        Assert.False(new ProcessTable().Apply(new ProcessReply { IsWhole = true, Processes = many, Sample = Sample() }));
        var unknown = new ProcessTable();
        Assert.True(unknown.Apply(new ProcessReply { IsWhole = true, Sample = Sample() }));
        Assert.False(unknown.Apply(new ProcessReply { Figures = [new(5, 0, 0, 0, ProcessState.Running)] }), "figures of nobody");
    }

    private static ProcessInfo Process(int pid, int parent = 0) => new()
    {
        Pid = pid,
        Start = pid,
        Parent = parent,
        Name = $"p{pid}",
        User = "root",
        Figures = new(pid, 0, 0, 1, ProcessState.Sleeping),
    };

    private static ProcessSample Sample() => new(DateTimeOffset.UnixEpoch, 2, 1 << 30, 1, null);
}
