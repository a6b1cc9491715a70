using Operone.Core.Kernel;
using Operone.Web.Devices.Pages.Charts;

namespace Operone.Web.Kernel.Processes.Pages;

/// <summary>By what processes are put together in the graph.</summary>
internal enum ProcessGrouping
{
    /// <summary>By short name.</summary>
    Name,
    /// <summary>By user.</summary>
    User,
    /// <summary>By Operone's run or terminal.</summary>
    Operone,
}

/// <summary>
/// What groups of processes have used, for as long as somebody looks: of each sample the largest groups, in a window that is bounded. A group
/// that was not among them has no point there, for it was not written down.
/// </summary>
internal sealed class ProcessHistory
{
    /// <summary>How many samples are kept.</summary>
    public const int MaxSamples = 360;

    private const int MaxGroups = 12;
    private const int MaxLines = 5;

    private static readonly string[] _colours = ["running", "accent", "good", "warning", "off"];
    private static readonly ProcessGrouping[] _groupings = Enum.GetValues<ProcessGrouping>();

    private readonly Queue<Point> _points = new();
    private long _number;

    /// <summary>How many samples there are.</summary>
    public int Count => _points.Count;

    /// <summary>The first sample's time.</summary>
    public DateTimeOffset From => _points.Peek().At;

    /// <summary>The last sample's time.</summary>
    public DateTimeOffset To { get; private set; }

    /// <summary>Takes a sample in; one that it has already is left out.</summary>
    public void Add(WatchView view, Func<ProcessInfo, string?> operone)
    {
        // in the first sample nobody has used anything yet, as far as is known: that is no 0
        if (view.Sample is not { } sample || view.Number == _number || view.Processes.All(p => p.Figures.Cpu is null))
        {
            return;
        }

        if (sample.At <= To)
        {
            _points.Clear(); // its clock was set back
        }

        _number = view.Number;

        var sums = _groupings.ToDictionary(g => g, g => Sum(view.Processes, g, operone));
        _points.Enqueue(new Point(sample.At, sums));
        To = sample.At;
        while (_points.Count > MaxSamples)
        {
            _points.Dequeue();
        }
    }

    /// <summary>The lines of the groups that have used most of late.</summary>
    public IReadOnlyList<ChartSeries> Lines(ProcessGrouping grouping, bool isMemory)
    {
        var recent = _points.TakeLast(15).SelectMany(p => p.Sums[grouping]).GroupBy(s => s.Key)
            .Select(g => (g.Key, Most: g.Sum(s => isMemory ? s.Value.Memory : s.Value.Cpu)))
            .OrderByDescending(g => g.Most).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MaxLines).Select(g => g.Key).ToArray();
        return [.. recent.Select((name, i) => new ChartSeries(CommandText.Plain(name), _colours[i], ChartData.Thin(
            [.. _points.Where(p => p.Sums[grouping].ContainsKey(name)).Select(p => new ChartPoint(p.At, isMemory ? p.Sums[grouping][name].Memory : p.Sums[grouping][name].Cpu))], From, To)))];
    }

    private static Dictionary<string, (double Cpu, double Memory)> Sum(IReadOnlyList<ProcessInfo> processes, ProcessGrouping grouping, Func<ProcessInfo, string?> operone)
    {
        var all = processes.Select(p => (Process: p, Group: grouping switch
        {
            ProcessGrouping.Name => p.Name,
            ProcessGrouping.User => p.User ?? "unknown user",
            _ => operone(p),
        })).Where(p => p.Group is not null).GroupBy(p => p.Group!, p => p.Process.Figures)
            .Select(g => (g.Key, Cpu: g.Sum(f => f.Cpu ?? 0), Memory: (double)g.Sum(f => f.Memory ?? 0))).ToArray();
        return all.OrderByDescending(g => g.Cpu).Take(MaxGroups).Union(all.OrderByDescending(g => g.Memory).Take(MaxGroups))
            .ToDictionary(g => g.Key, g => (Math.Round(g.Cpu, 1), g.Memory));
    }

    private sealed record Point(DateTimeOffset At, Dictionary<ProcessGrouping, Dictionary<string, (double Cpu, double Memory)>> Sums);
}
