using Operone.Core.Shell;
using Operone.Web.Access;

namespace Operone.Web.Shell.Pages.Output;

/// <summary>
/// The last lines of each execution of a run, as plain text. Of a few devices each is followed on its own; of many, the
/// last piece of each is read with one query.
/// </summary>
public sealed class TailTexts
{
    /// <summary>Up to how many executions are followed on their own.</summary>
    public const int FewExecutions = 60;

    private const int TailBytes = 2000;
    private const int ReadBytes = 64 * 1024;

    private readonly Dictionary<Guid, Tail> _tails = [];

    /// <summary>The last lines that are not blank, oldest first.</summary>
    public IReadOnlyList<string> Lines(Guid executionId) => _tails.TryGetValue(executionId, out var tail) ? tail.Lines : [];

    /// <summary>The last line that is not blank, or nothing.</summary>
    public string Last(Guid executionId) => Lines(executionId) is [.., var last] ? last : "";

    internal async Task UpdateAsync(RunOutput output, Actor actor, RunView run, CancellationToken cancellationToken)
    {
        var executions = run.Executions ?? [];
        if (executions.Count > FewExecutions)
        {
            var tails = await output.TailsAsync(actor, run.Id, TailBytes, cancellationToken);
            foreach (var (id, bytes) in tails.IsError ? new Dictionary<Guid, byte[]>() : tails.Value.Tails)
            {
                Of(id).Replace(bytes);
            }

            return;
        }

        foreach (var execution in executions)
        {
            var tail = Of(execution.Id);
            if (tail.Bytes != execution.StdoutBytes + execution.StderrBytes)
            {
                tail.Bytes = execution.StdoutBytes + execution.StderrBytes;
                await FollowAsync(output, actor, run.Id, execution.Id, tail, cancellationToken);
            }
        }
    }

    private static async Task FollowAsync(RunOutput output, Actor actor, Guid runId, Guid executionId, Tail tail, CancellationToken cancellationToken)
    {
        if (tail.Seq is null)
        {
            var start = await output.FindTailAsync(actor, runId, executionId, TailBytes, cancellationToken);
            tail.Seq = start.IsError ? 0 : start.Value;
        }

        var slice = await output.ReadAsync(actor, runId, executionId, tail.Seq.Value, ReadBytes, cancellationToken);
        if (slice.IsError)
        {
            return;
        }

        var pieces = slice.Value.Entries.Where(e => e.Kind != JournalKind.Status).ToArray();
        if (pieces.Sum(e => e.Length) >= ReadBytes)
        {
            // It prints faster than it is looked at: go on from its end the next time.
            tail.Seq = null;
            tail.Replace(pieces[^1].Data);
            return;
        }

        tail.Seq = slice.Value.LastSeq;
        foreach (var piece in pieces)
        {
            tail.Read(piece.Data);
        }
    }

    private Tail Of(Guid id)
    {
        if (!_tails.TryGetValue(id, out var tail))
        {
            _tails[id] = tail = new();
        }

        return tail;
    }

    private sealed class Tail
    {
        private const int MaxLines = 8;

        private readonly Queue<string> _ended = new();
        private TextStream _stream = new();
        private byte[] _piece = [];

        /// <summary>How much output there was when it was last read.</summary>
        public long Bytes { get; set; }

        /// <summary>How far the journal was read; null where the end has to be found.</summary>
        public long? Seq { get; set; }

        public IReadOnlyList<string> Lines { get; private set; } = [];

        /// <summary>From now on these are the last bytes.</summary>
        public void Replace(byte[] bytes)
        {
            if (_piece.AsSpan().SequenceEqual(bytes))
            {
                return;
            }

            _piece = bytes;
            _ended.Clear();
            _stream = new();

            // The piece may begin amid a character.
            var start = 0;
            while (start < Math.Min(4, bytes.Length) && (bytes[start] & 0xc0) == 0x80)
            {
                start++;
            }

            Read(bytes.AsSpan(Math.Max(start, bytes.Length - (4 * TailBytes))));
        }

        public void Read(ReadOnlySpan<byte> bytes)
        {
            _stream.Read(bytes, () => Keep(_stream.Line.Text));
            var open = _stream.Line.Text;
            Lines = string.IsNullOrWhiteSpace(open) ? [.. _ended] : [.. _ended.Skip(Math.Max(0, _ended.Count - MaxLines + 1)), open];
        }

        private void Keep(string line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                _ended.Enqueue(line);
                if (_ended.Count > MaxLines)
                {
                    _ended.Dequeue();
                }
            }
        }
    }
}
