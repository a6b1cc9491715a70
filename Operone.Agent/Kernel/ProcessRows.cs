using Operone.Agent.Platforms;
using Operone.Core.Kernel;

namespace Operone.Agent.Kernel;

/// <summary>What has changed since a sample.</summary>
internal sealed record ProcessDifferences(
    long Number, bool IsWhole, IReadOnlyList<ProcessInfo> Processes, IReadOnlyList<ProcessFigures> Figures, IReadOnlyList<ProcessIdentity> Gone, ProcessSample Sample);

/// <summary>
/// The processes of the last sample, each with the number of the sample in which it changed last: so each of any number of viewers gets what
/// has changed since the sample that it had, however long it takes to take it. Not safe to be used from several threads.
/// </summary>
internal sealed class ProcessRows(IProcesses source, ProcessOwners owners, TimeProvider time)
{
    /// <summary>How many processes that have ended are remembered. Who has waited for longer gets all anew.</summary>
    private const int MaxGone = 4096;

    /// <summary>A process may change its arguments and its user at any time: each is looked at anew once in so many samples.</summary>
    private const int FactsRound = 16;

    private readonly List<ProcessReading> _readings = [];
    private readonly Dictionary<int, ProcessReading> _byPid = [];
    private readonly Dictionary<int, Row> _rows = [];
    private readonly Queue<(ProcessIdentity Process, long Number)> _gone = new();
    private long _forgotten;
    private long _readAt;
    private ProcessSample? _sample;

    /// <summary>The number of the last sample; 0 before the first.</summary>
    public long Number { get; private set; }

    /// <summary>Takes a sample.</summary>
    public void Update()
    {
        var began = time.GetTimestamp();
        var at = time.GetUtcNow();
        source.Read(_readings);
        var seconds = _readAt == 0 ? 0 : time.GetElapsedTime(_readAt, began).TotalSeconds;
        _readAt = began;
        Number++;
        _byPid.Clear();
        foreach (var reading in _readings)
        {
            _byPid[reading.Pid] = reading;
        }

        owners.Refresh(_byPid);
        foreach (var reading in _readings)
        {
            Take(reading, seconds);
        }

        Forget();
        _sample = new ProcessSample(
            at, Environment.ProcessorCount, source.MemoryTotal, Math.Round(time.GetElapsedTime(began).TotalMilliseconds, 2), source.Missing.Count > 0 ? source.Missing : null);
    }

    /// <summary>What has changed since the sample with a number; everything where that is 0, or too long ago.</summary>
    public ProcessDifferences Since(long number)
    {
        var isWhole = number == 0 || number < _forgotten || number > Number;
        var since = isWhole ? 0 : number;
        var processes = new List<ProcessInfo>();
        var figures = new List<ProcessFigures>();
        foreach (var row in _rows.Values)
        {
            if (row.FactsAt > since)
            {
                processes.Add(row.ToInfo());
            }
            else if (row.FiguresAt > since)
            {
                figures.Add(row.ToFigures());
            }
        }

        return new ProcessDifferences(
            Number, isWhole, processes, figures, isWhole ? [] : [.. _gone.Where(g => g.Number > since).Select(g => g.Process)], _sample!);
    }

    private void Take(in ProcessReading reading, double seconds)
    {
        if (!_rows.TryGetValue(reading.Pid, out var row) || row.Reading.Start != reading.Start)
        {
            if (source.Facts(reading) is not { } facts)
            {
                return; // it has ended meanwhile
            }

            if (row is not null)
            {
                Remember(row.Reading.Identity);
            }

            _rows[reading.Pid] = new Row(reading, facts, owners.Of(reading, facts, _byPid), Number);
            return;
        }

        var before = row.Reading;
        if (before.Name != reading.Name || (reading.Pid + Number) % FactsRound == 0)
        {
            if (source.Facts(reading) is not { } facts)
            {
                return;
            }

            row.Take(facts, Number);
        }

        row.Take(reading, owners.Of(reading, row.Facts, _byPid), Share(before.Cpu, reading.Cpu, seconds), Number);
    }

    /// <summary>In per cent of one core, to a tenth.</summary>
    private static double? Share(long before, long now, double seconds) =>
        before < 0 || now < 0 || seconds <= 0 ? null : Math.Round(Math.Max(0, now - before) / (seconds * TimeSpan.TicksPerSecond) * 100, 1);

    private void Forget()
    {
        foreach (var (pid, row) in _rows)
        {
            if (row.SeenAt != Number)
            {
                _rows.Remove(pid);
                Remember(row.Reading.Identity);
            }
        }
    }

    private void Remember(ProcessIdentity gone)
    {
        _gone.Enqueue((gone, Number));
        while (_gone.Count > MaxGone)
        {
            _forgotten = _gone.Dequeue().Number;
        }
    }

    private sealed class Row(ProcessReading reading, ProcessFacts facts, ProcessOwnership owner, long number)
    {
        private ProcessOwnership _owner = owner;
        private double? _cpu;

        public ProcessReading Reading { get; private set; } = reading;

        public ProcessFacts Facts { get; private set; } = facts;

        public long FactsAt { get; private set; } = number;

        public long FiguresAt { get; private set; } = number;

        public long SeenAt { get; private set; } = number;

        public void Take(ProcessFacts facts, long number)
        {
            var isSame = facts.Name == Facts.Name && facts.User == Facts.User && facts.IsCut == Facts.IsCut
                && (facts.Arguments ?? []).SequenceEqual(Facts.Arguments ?? [], StringComparer.Ordinal);
            if (!isSame)
            {
                (Facts, FactsAt) = (facts, number);
            }
        }

        public void Take(in ProcessReading reading, ProcessOwnership owner, double? cpu, long number)
        {
            if (reading.Parent != Reading.Parent || owner != _owner)
            {
                FactsAt = number;
            }

            if (cpu != _cpu || reading.Memory != Reading.Memory || reading.Threads != Reading.Threads || reading.State != Reading.State)
            {
                FiguresAt = number;
            }

            (Reading, _owner, _cpu, SeenAt) = (reading, owner, cpu, number);
        }

        public ProcessFigures ToFigures() =>
            new(Reading.Pid, _cpu, Reading.Memory < 0 ? null : Reading.Memory, Reading.Threads < 0 ? null : Reading.Threads, Reading.State);

        public ProcessInfo ToInfo() => new()
        {
            Pid = Reading.Pid,
            Start = Reading.Start,
            Parent = Reading.Parent,
            Name = Facts.Name,
            Arguments = _owner.Withholds ? null : Facts.Arguments,
            IsCut = Facts.IsCut && !_owner.Withholds,
            IsWithheld = _owner.Withholds,
            User = Facts.User,
            StartedAt = Facts.StartedAt,
            IsKernel = Reading.IsKernel,
            Part = _owner.Part,
            Execution = _owner.Execution,
            Figures = ToFigures(),
        };
    }
}
