namespace Operone.Core.Kernel;

/// <summary>What has changed in a <see cref="ProcessTable"/> since some number of it.</summary>
/// <param name="Number">The table's number now.</param>
/// <param name="IsWhole">Whether these are all processes, and what was told before counts no more.</param>
/// <param name="Processes">Processes that are new, or of which more than figures has changed.</param>
/// <param name="Figures">Of others: figures that have changed.</param>
/// <param name="Gone">Processes that are there no more.</param>
public sealed record ProcessNews(
    long Number, bool IsWhole, IReadOnlyList<ProcessInfo> Processes, IReadOnlyList<ProcessFigures> Figures, IReadOnlyList<ProcessIdentity> Gone);

/// <summary>
/// A device's processes as its answers tell of them. The device is not trusted: what makes no sense is not taken. Each whole sample has a
/// number, so that any number of viewers can each be told what has changed since theirs. Not safe to be used from several threads.
/// </summary>
public sealed class ProcessTable
{
    private const int MaxGone = 4096;

    private readonly Dictionary<int, Entry> _entries = [];
    private readonly Queue<(ProcessIdentity Process, long Number)> _gone = new();
    private long _forgotten;
    private bool _isBegun;

    /// <summary>The number of the last whole sample; 0 before the first.</summary>
    public long Number { get; private set; }

    /// <summary>What holds of the last whole sample; null before the first.</summary>
    public ProcessSample? Sample { get; private set; }

    /// <summary>The processes of the last whole sample, in no order. What is given stays as it is.</summary>
    public IReadOnlyList<ProcessInfo> All { get; private set; } = [];

    /// <summary>Takes a part of a sample.</summary>
    /// <returns>False where it makes no sense, and nobody should go on with this device's answers.</returns>
    public bool Apply(ProcessReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.IsWhole)
        {
            _entries.Clear();
            _gone.Clear();
            _isBegun = true;
            _forgotten = Number + 1; // who has been told of an earlier sample is told of all
        }

        var next = Number + 1;
        if (!_isBegun || !(reply.Gone ?? []).All(g => Remove(g, next)) || !(reply.Processes ?? []).All(p => Put(p, next)) || !(reply.Figures ?? []).All(f => Put(f, next)))
        {
            return false;
        }

        if (reply.Sample is { } sample)
        {
            (Sample, Number, All) = (sample, next, [.. _entries.Values.Select(e => e.Info)]);
        }

        return _entries.Count <= ProcessLimits.MaxProcesses && reply.Sample is null or { Cores: >= 0 and <= 65536, Missing: null or { Count: <= 16 } };
    }

    /// <summary>What has changed since the sample with a number; everything where that is 0, or too long ago.</summary>
    public ProcessNews Since(long number)
    {
        var isWhole = number <= 0 || number < _forgotten || number > Number;
        if (isWhole)
        {
            return new(Number, true, All, [], []);
        }

        var (processes, figures) = (new List<ProcessInfo>(), new List<ProcessFigures>());
        foreach (var entry in _entries.Values)
        {
            if (entry.FactsAt > number)
            {
                processes.Add(entry.Info);
            }
            else if (entry.FiguresAt > number)
            {
                figures.Add(entry.Info.Figures);
            }
        }

        return new(Number, false, processes, figures, [.. _gone.Where(g => g.Number > number).Select(g => g.Process)]);
    }

    /// <summary>Whether a process is one that a device may tell of.</summary>
    public static bool IsSensible(ProcessInfo? process) =>
        process is { Pid: >= 0, Name: { Length: <= ProcessLimits.MaxName }, Figures: not null, User: null or { Length: <= ProcessLimits.MaxName } }
        && process.Figures.Pid == process.Pid
        && IsSensible(process.Figures)
        && (process.Arguments is null || (process.Arguments.All(a => a is not null) && process.Arguments.Sum(a => a.Length + 1L) <= ProcessLimits.MaxArguments + 1));

    private static bool IsSensible(ProcessFigures? figures) => figures is
    {
        Cpu: null or (>= 0 and <= 10_000_000), Memory: null or >= 0, Threads: null or >= 0,
    } && Enum.IsDefined(figures.State);

    private bool Remove(ProcessIdentity gone, long number)
    {
        if (_entries.TryGetValue(gone.Pid, out var known) && known.Info.Start == gone.Start)
        {
            _entries.Remove(gone.Pid);
            _gone.Enqueue((gone, number));
            while (_gone.Count > MaxGone)
            {
                _forgotten = _gone.Dequeue().Number;
            }
        }

        return true;
    }

    private bool Put(ProcessInfo process, long number)
    {
        if (!IsSensible(process))
        {
            return false;
        }

        _entries[process.Pid] = new Entry(process, number, number);
        return true;
    }

    private bool Put(ProcessFigures figures, long number)
    {
        if (!IsSensible(figures) || !_entries.TryGetValue(figures.Pid, out var known))
        {
            return false;
        }

        _entries[figures.Pid] = known with { Info = known.Info with { Figures = figures }, FiguresAt = number };
        return true;
    }

    private readonly record struct Entry(ProcessInfo Info, long FactsAt, long FiguresAt);
}
