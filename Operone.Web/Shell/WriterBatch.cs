using System.Text.Json;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Web.Shell;

/// <summary>
/// Applies a batch of items to what is known of the executions. Pure: it makes the rows to store and the answers to
/// send, and touches neither the database nor a connection. What does not fit (a gap, somebody else's execution) changes nothing.
/// </summary>
internal sealed class WriterBatch(IReadOnlyDictionary<Guid, ExecutionState> known, DateTimeOffset now)
{
    /// <summary>The largest piece of output in one row of the journal, in bytes.</summary>
    public const int MaxEntryBytes = 512 * 1024;

    private readonly Dictionary<Guid, ExecutionState> _states = [];
    private readonly List<PendingEntry> _entries = [];
    private readonly Dictionary<Guid, int> _lastEntry = [];
    private readonly Dictionary<Guid, (Guid DeviceId, ExecutionAcknowledgement Acknowledgement)> _answers = [];

    /// <summary>The executions that have changed, as they are after the batch.</summary>
    public IReadOnlyDictionary<Guid, ExecutionState> Changed => _states;

    /// <summary>An execution as it was before the batch, as far as this node knows.</summary>
    public ExecutionState Before(Guid id) => known[id];

    /// <summary>What to tell the devices once the batch is stored: the last word for each execution.</summary>
    public IReadOnlyCollection<(Guid DeviceId, ExecutionAcknowledgement Acknowledgement)> Answers => _answers.Values;

    /// <summary>The rows for the journal, in order.</summary>
    public IEnumerable<JournalEntry> Journal() => _entries.Select(entry => entry.ToRow());

    /// <summary>The runs that something happened to.</summary>
    public IEnumerable<Guid> Runs => _states.Values.Select(s => s.RunId).Distinct();

    public void Apply(WriterItem item)
    {
        switch (item)
        {
            case ReportItem report:
                Apply(report);
                break;
            case EndItem end:
                foreach (var id in end.ExecutionIds)
                {
                    if (Find(id) is { } state && end.From.Contains(state.Status))
                    {
                        Put(state with { Status = end.Status, Reason = end.Reason, EndedAt = now });
                        AddStatus(_states[id]);
                        Answer(_states[id].DeviceId, _states[id].Acknowledge());
                    }
                }

                break;
            case StartingItem starting:
                foreach (var id in starting.ExecutionIds)
                {
                    if (Find(id) is { Status: ExecutionStatus.Queued } state)
                    {
                        Put(state with { Status = ExecutionStatus.Starting });
                    }
                }

                break;
        }
    }

    private void Apply(ReportItem item)
    {
        var (deviceId, report) = item;
        if (Find(report.ExecutionId) is not { } state || state.DeviceId != deviceId)
        {
            // Unknown and somebody else's look the same from outside.
            Answer(deviceId, new(report.ExecutionId, 0, 0, false, Problem: "this device has no such execution"));
            return;
        }

        if (state.Status.IsEnd())
        {
            // The end is stored: a repeat only needs to hear it again. An execution that the server ended while the device
            // went on (it was removed, or expired) has to stop.
            Answer(deviceId, report.End is null && state.EndedAt is not null && report.StartedAt is not null && state.StartedAt is null
                ? state.Acknowledge() with { Problem = state.Reason }
                : state.Acknowledge());
            return;
        }

        if (report.StartedAt is { } startedAt && state.StartedAt is null)
        {
            state = state with { Status = ExecutionStatus.Running, StartedAt = startedAt };
            Put(state);
            if (report.End is null)
            {
                AddStatus(state);
            }
        }

        if (report.Supervision is { } told && Clean(told) is var supervision && supervision != state.Supervision)
        {
            state = state with { Supervision = supervision };
            Put(state);
        }

        if (report.From is { } from && state.NewestBytes is not null && (from.Stdout > state.StdoutBytes || from.Stderr > state.StderrBytes))
        {
            _lastEntry.Remove(state.Id);
            state = state.SkipTo(from);
            Put(state);
        }

        foreach (var chunk in report.Output ?? [])
        {
            var have = state.Offset(chunk.Stream);
            if (chunk.Offset > have || chunk.Offset < 0 || chunk.Stream is not (OutputStream.Stdout or OutputStream.Stderr))
            {
                Answer(deviceId, state.Acknowledge(rewind: true));
                return;
            }

            var skip = have - chunk.Offset;
            if (skip >= chunk.Data.Length)
            {
                continue;
            }

            AddOutput(state, chunk.Stream, have, chunk.Data.AsMemory((int)skip));
            state = state.Advance(chunk.Stream, chunk.Data.Length - skip);
            Put(state);
        }

        if (report.End is { } end)
        {
            // A device that lost its record ends with less than is stored here; what is stored stays.
            if (end.StdoutBytes > state.StdoutBytes || end.StderrBytes > state.StderrBytes || !end.Status.IsEnd())
            {
                Answer(deviceId, state.Acknowledge(rewind: true));
                return;
            }

            state = state with
            {
                Status = end.Status,
                ExitCode = end.ExitCode,
                Reason = ShortText.Clean(end.Reason, 1000),
                EndedAt = end.At,
                // an agent that is older than this has kept the first bytes, and says what it did not keep
                DiscardedBytes = state.NewestBytes is null ? end.DiscardedBytes : state.DiscardedBytes + end.DiscardedBytes,
            };
            Put(state);
            AddStatus(state);
        }

        Answer(deviceId, state.Acknowledge());
    }

    /// <summary>The oldest output of an execution was let go of.</summary>
    public void Trimmed(ExecutionState state) => Put(state);

    /// <summary>The last entry of a run that has ended.</summary>
    public static JournalEntry RunEnd(Guid runId, RunStatus status) =>
        PendingEntry.Status(runId, null, new(null, null, status.ToText(), null, null)).ToRow();

    // what a device says may be copied into texts of the server's own, which no character of it must keep from being stored
    private static SupervisionState Clean(SupervisionState state) => state with { LastReason = ShortText.Clean(state.LastReason, 1000) };

    private ExecutionState? Find(Guid id) => _states.GetValueOrDefault(id) ?? known.GetValueOrDefault(id);

    private void Put(ExecutionState state) => _states[state.Id] = state;

    private void Answer(Guid deviceId, ExecutionAcknowledgement acknowledgement) =>
        _answers[acknowledgement.ExecutionId] = (deviceId, acknowledgement);

    private void AddStatus(ExecutionState state)
    {
        _lastEntry.Remove(state.Id);
        _entries.Add(PendingEntry.Status(state.RunId, state.Id,
            new(state.DeviceId, state.DeviceName, state.Status.ToText(), state.ExitCode, state.Reason)));
    }

    private void AddOutput(ExecutionState state, OutputStream stream, long offset, ReadOnlyMemory<byte> data)
    {
        // Pieces of one stream that follow each other become one row; a piece of the other stream between them does not.
        if (_lastEntry.TryGetValue(state.Id, out var last) && _entries[last].TryAppend((JournalKind)stream, data))
        {
            return;
        }

        _lastEntry[state.Id] = _entries.Count;
        _entries.Add(PendingEntry.Output(state.RunId, state.Id, (JournalKind)stream, offset, data));
    }

    private sealed class PendingEntry(Guid runId, Guid? executionId, JournalKind kind, long offset)
    {
        private readonly List<ReadOnlyMemory<byte>> _pieces = [];
        private int _length;

        public static PendingEntry Status(Guid runId, Guid? executionId, RunStreamStatus status)
        {
            var entry = new PendingEntry(runId, executionId, JournalKind.Status, 0);
            entry.Add(JsonSerializer.SerializeToUtf8Bytes(status, OperoneJson.Default.RunStreamStatus));
            return entry;
        }

        public static PendingEntry Output(Guid runId, Guid executionId, JournalKind kind, long offset, ReadOnlyMemory<byte> data)
        {
            var entry = new PendingEntry(runId, executionId, kind, offset);
            entry.Add(data);
            return entry;
        }

        public bool TryAppend(JournalKind other, ReadOnlyMemory<byte> data)
        {
            if (other != kind || _length + data.Length > MaxEntryBytes)
            {
                return false;
            }

            Add(data);
            return true;
        }

        public JournalEntry ToRow()
        {
            var data = new byte[_length];
            var at = 0;
            foreach (var piece in _pieces)
            {
                piece.Span.CopyTo(data.AsSpan(at));
                at += piece.Length;
            }

            return new() { RunId = runId, ExecutionId = executionId, Kind = kind, Offset = offset, Length = _length, Data = data };
        }

        private void Add(ReadOnlyMemory<byte> data)
        {
            _pieces.Add(data);
            _length += data.Length;
        }
    }
}
