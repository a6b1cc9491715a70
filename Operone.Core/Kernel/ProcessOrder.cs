using System.Text.Json.Serialization;

namespace Operone.Core.Kernel;

/// <summary>By what processes are sorted. Figures go downwards by themselves, the rest upwards.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProcessSort>))]
public enum ProcessSort
{
    /// <summary>The processor's time, the most first.</summary>
    [JsonStringEnumMemberName("cpu")] Cpu,
    /// <summary>Memory, the most first.</summary>
    [JsonStringEnumMemberName("memory")] Memory,
    /// <summary>The number.</summary>
    [JsonStringEnumMemberName("pid")] Pid,
    /// <summary>The short name.</summary>
    [JsonStringEnumMemberName("name")] Name,
    /// <summary>The user.</summary>
    [JsonStringEnumMemberName("user")] User,
    /// <summary>When it started, the newest first.</summary>
    [JsonStringEnumMemberName("started")] Started,
    /// <summary>Threads, the most first.</summary>
    [JsonStringEnumMemberName("threads")] Threads,
    /// <summary>How it stands.</summary>
    [JsonStringEnumMemberName("state")] State,
}

/// <summary>A process at its place in a list or a tree.</summary>
/// <param name="Process">The process.</param>
/// <param name="Depth">How many ancestors it has in the list; 0 in a flat one.</param>
/// <param name="Descendants">How many descend from it; 0 in a flat list.</param>
public readonly record struct PlacedProcess(ProcessInfo Process, int Depth, int Descendants);

/// <summary>Sorts processes, makes trees of them, and finds what descends from one. Pure, and at ease with parents that make no sense.</summary>
public static class ProcessOrder
{
    /// <summary>Compares by what is sorted by; what is equal goes by number, so that nothing jumps.</summary>
    public static IComparer<ProcessInfo> Comparer(ProcessSort sort, bool reversed = false)
    {
        Comparison<ProcessInfo> by = sort switch
        {
            ProcessSort.Cpu => static (a, b) => (b.Figures.Cpu ?? -1).CompareTo(a.Figures.Cpu ?? -1),
            ProcessSort.Memory => static (a, b) => (b.Figures.Memory ?? -1).CompareTo(a.Figures.Memory ?? -1),
            ProcessSort.Threads => static (a, b) => (b.Figures.Threads ?? -1).CompareTo(a.Figures.Threads ?? -1),
            ProcessSort.Started => static (a, b) => (b.StartedAt ?? DateTimeOffset.MinValue).CompareTo(a.StartedAt ?? DateTimeOffset.MinValue),
            ProcessSort.Name => static (a, b) => string.Compare(a.Name, b.Name, StringComparison.OrdinalIgnoreCase),
            ProcessSort.User => static (a, b) => string.Compare(a.User, b.User, StringComparison.OrdinalIgnoreCase),
            ProcessSort.State => static (a, b) => a.Figures.State.CompareTo(b.Figures.State),
            _ => static (_, _) => 0,
        };
        return Comparer<ProcessInfo>.Create((a, b) => by(a, b) is var order && order != 0 ? (reversed ? -order : order)
            : sort == ProcessSort.Pid && reversed ? b.Pid.CompareTo(a.Pid) : a.Pid.CompareTo(b.Pid));
    }

    /// <summary>A flat list.</summary>
    public static IReadOnlyList<PlacedProcess> Flat(IEnumerable<ProcessInfo> processes, ProcessSort sort, bool reversed = false) =>
        [.. processes.Order(Comparer(sort, reversed)).Select(p => new PlacedProcess(p, 0, 0))];

    /// <summary>
    /// A tree, each process behind its parent, siblings sorted. One whose parent is not in the list is at the top; so is one of a ring of
    /// parents, which no system has, and an agent that lies may tell of.
    /// </summary>
    public static IReadOnlyList<PlacedProcess> Tree(IReadOnlyCollection<ProcessInfo> processes, ProcessSort sort, bool reversed = false)
    {
        ArgumentNullException.ThrowIfNull(processes);
        var comparer = Comparer(sort, reversed);
        var byPid = processes.ToDictionary(p => p.Pid);
        var children = ChildrenOf(processes);
        var placed = new List<PlacedProcess>(processes.Count);
        var seen = new HashSet<int>(processes.Count);
        Place(processes.Where(p => p.Parent == p.Pid || !byPid.ContainsKey(p.Parent)));
        if (placed.Count < processes.Count)
        {
            // rings have no top: each is entered at its lowest number
            foreach (var process in processes.OrderBy(p => p.Pid).Where(p => !seen.Contains(p.Pid)).ToArray())
            {
                Place(seen.Contains(process.Pid) ? [] : [process]);
            }
        }

        return Counted(placed);

        void Place(IEnumerable<ProcessInfo> tops)
        {
            var waiting = new Stack<(ProcessInfo Process, int Depth)>(tops.OrderDescending(comparer).Select(p => (p, 0)));
            while (waiting.TryPop(out var next))
            {
                if (!seen.Add(next.Process.Pid))
                {
                    continue;
                }

                placed.Add(new(next.Process, next.Depth, 0));
                foreach (var child in children[next.Process.Pid].OrderDescending(comparer))
                {
                    waiting.Push((child, next.Depth + 1));
                }
            }
        }
    }

    /// <summary>What descends from a process, each behind its parent; without itself.</summary>
    public static IReadOnlyList<ProcessInfo> Descendants(IReadOnlyCollection<ProcessInfo> processes, int pid)
    {
        ArgumentNullException.ThrowIfNull(processes);
        var children = ChildrenOf(processes);
        var found = new List<ProcessInfo>();
        var seen = new HashSet<int> { pid };
        var waiting = new Queue<int>([pid]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var child in children[next].Where(c => seen.Add(c.Pid)))
            {
                found.Add(child);
                waiting.Enqueue(child.Pid);
            }
        }

        return found;
    }

    private static ILookup<int, ProcessInfo> ChildrenOf(IEnumerable<ProcessInfo> processes) => processes.Where(p => p.Parent != p.Pid).ToLookup(p => p.Parent);

    /// <summary>Counts what descends from each, from the end: what follows a process and is deeper descends from it.</summary>
    private static List<PlacedProcess> Counted(List<PlacedProcess> placed)
    {
        var open = new Stack<int>();
        for (var i = 0; i <= placed.Count; i++)
        {
            while (open.TryPeek(out var last) && (i == placed.Count || placed[last].Depth >= placed[i].Depth))
            {
                open.Pop();
                placed[last] = placed[last] with { Descendants = i - last - 1 };
            }

            open.Push(i);
        }

        return placed;
    }
}
