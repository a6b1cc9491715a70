using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>A stretch of a run's journal.</summary>
/// <param name="Entries">In order.</param>
/// <param name="LastSeq">Where to go on.</param>
/// <param name="IsWhole">Whether nothing was left out that the actor does not see.</param>
internal sealed record JournalSlice(IReadOnlyList<JournalEntry> Entries, long LastSeq, bool IsWhole);

/// <summary>Reads what runs printed. Nothing is held in memory beyond the piece asked for.</summary>
internal sealed class RunOutput(IDbContextFactory<OperoneDb> databases, RunSight sight)
{
    private const int MaxEntries = 2000;

    /// <summary>
    /// The journal after <paramref name="afterSeq"/> (0 from the start), about <paramref name="maxBytes"/> at the most (at
    /// least one entry where there is one), of all executions or of one. An empty slice: nothing more for now.
    /// </summary>
    public async Task<Result<JournalSlice>> ReadAsync(
        Actor actor, Guid runId, Guid? executionId, long afterSeq, int maxBytes, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await sight.PartAsync(db, actor, runId, cancellationToken) is not { } part || !Has(part, executionId))
        {
            return RunErrors.NotFound(runId.ToString());
        }

        var journal = Seen(db, runId, part).Where(e => e.Seq > afterSeq);
        if (executionId is { } one)
        {
            journal = journal.Where(e => e.ExecutionId == one);
        }

        // Read as a stream and stopped at the bound: the entries' sizes are not known before.
        var entries = new List<JournalEntry>();
        var bytes = 0;
        await foreach (var entry in journal.OrderBy(e => e.Seq).Take(MaxEntries).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            entries.Add(entry);
            bytes += entry.Length;
            if (bytes >= maxBytes)
            {
                break;
            }
        }

        return new JournalSlice(entries, entries.Count > 0 ? entries[^1].Seq : afterSeq, part.IsWhole);
    }

    /// <summary>The last piece of output of each execution, cut to <paramref name="maxBytes"/> from its end, and where the journal stands.</summary>
    public async Task<Result<(IReadOnlyDictionary<Guid, byte[]> Tails, long LastSeq)>> TailsAsync(
        Actor actor, Guid runId, int maxBytes, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await sight.PartAsync(db, actor, runId, cancellationToken) is not { } part)
        {
            return RunErrors.NotFound(runId.ToString());
        }

        var lastSeq = await Seen(db, runId, part).MaxAsync(e => (long?)e.Seq, cancellationToken) ?? 0;
        var last = Seen(db, runId, part)
            .Where(e => e.Kind != JournalKind.Status && e.Seq <= lastSeq)
            .GroupBy(e => e.ExecutionId).Select(g => g.Max(e => e.Seq));
        var tails = new Dictionary<Guid, byte[]>();
        await foreach (var entry in db.Set<JournalEntry>().Where(e => last.Contains(e.Seq)).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            tails[entry.ExecutionId!.Value] = entry.Data.Length > maxBytes ? entry.Data[^maxBytes..] : entry.Data;
        }

        return (tails, lastSeq);
    }

    /// <summary>
    /// After which place of the journal an execution's last <paramref name="bytes"/> of output begin, to go on with
    /// <see cref="ReadAsync"/>; 0 where that is all of it. Output that is followed line by line is seldom wanted whole.
    /// </summary>
    public async Task<Result<long>> FindTailAsync(Actor actor, Guid runId, Guid executionId, long bytes, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await sight.PartAsync(db, actor, runId, cancellationToken) is not { } part || !Has(part, executionId))
        {
            return RunErrors.NotFound(runId.ToString());
        }

        var pieces = db.Set<JournalEntry>()
            .Where(e => e.RunId == runId && e.ExecutionId == executionId && e.Kind != JournalKind.Status)
            .OrderByDescending(e => e.Seq).Select(e => new { e.Seq, e.Length });
        await foreach (var piece in pieces.AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            bytes -= piece.Length;
            if (bytes < 0)
            {
                return piece.Seq;
            }
        }

        return 0;
    }

    /// <summary>
    /// Up to where each output had come at a place of the journal, of those executions whose newest output is kept; -1 where that is let go of.
    /// </summary>
    public async Task<IReadOnlyDictionary<(Guid ExecutionId, JournalKind Kind), long>> PlacesAsync(Guid runId, long seq, CancellationToken cancellationToken)
    {
        var places = new Dictionary<(Guid, JournalKind), long>();
        if (seq == 0)
        {
            return places;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var newest = await db.Set<Execution>().Where(e => e.RunId == runId && e.NewestBytes != null)
            .Select(e => new { e.Id, e.StdoutFrom, e.StderrFrom }).ToListAsync(cancellationToken);
        foreach (var execution in newest)
        {
            // what is let go of is the oldest of both streams: with anything kept from before the place, all that came after it is kept
            var hasBefore = await db.Set<JournalEntry>().AnyAsync(
                e => e.RunId == runId && e.Seq <= seq && e.ExecutionId == execution.Id && e.Kind != JournalKind.Status, cancellationToken);
            foreach (var (kind, from) in (IEnumerable<(JournalKind, long)>)[(JournalKind.Stdout, execution.StdoutFrom), (JournalKind.Stderr, execution.StderrFrom)])
            {
                places[(execution.Id, kind)] = await db.Set<JournalEntry>()
                    .Where(e => e.RunId == runId && e.Seq <= seq && e.ExecutionId == execution.Id && e.Kind == kind)
                    .OrderByDescending(e => e.Seq).Select(e => (long?)e.Offset + e.Length).FirstOrDefaultAsync(cancellationToken) ?? (hasBefore || from == 0 ? from : -1);
            }
        }

        return places;
    }

    /// <summary>
    /// One execution's output: one of its streams, or both in order of arrival where null. A stream that can be sought in, or, where the newest
    /// output is kept, the answer itself.
    /// </summary>
    public async Task<Result<(JournalStream? Whole, KeptOutput? Newest)>> OpenAsync(Actor actor, Guid runId, string device, OutputStream? stream, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.RunsRead) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var isId = Guid.TryParse(device, out var deviceId);
#pragma warning disable CA1304, CA1308, CA1311, CA1862 // translated to SQL
        var name = device.ToLowerInvariant();
        var execution = await db.Set<Execution>()
            .Where(e => e.RunId == runId && (isId ? e.DeviceId == deviceId || e.Id == deviceId : e.DeviceName.ToLower() == name))
            .OrderBy(e => e.Stage).FirstOrDefaultAsync(cancellationToken);
#pragma warning restore CA1304, CA1308, CA1311, CA1862
        var part = await sight.PartAsync(db, actor, runId, cancellationToken);
        if (part is null || execution is null || !sight.Sees(actor, execution.DeviceId))
        {
            return part is not null && await db.Set<Run>().AnyAsync(r => r.Id == runId, cancellationToken)
                ? RunErrors.ExecutionNotFound(runId, device)
                : RunErrors.NotFound(runId.ToString());
        }

        var pieces = db.Set<JournalEntry>()
            .Where(e => e.ExecutionId == execution.Id && (stream == null ? e.Kind != JournalKind.Status : e.Kind == (JournalKind)stream)).OrderBy(e => e.Seq);
        if (execution.NewestBytes is not null)
        {
            // what is let go of between the two reads is missing at the beginning, and is told of there
            return (null, new KeptOutput(databases, execution, stream,
                await pieces.Select(e => new PlacedPiece(e.Seq, e.Kind, e.Offset, e.Length)).ToListAsync(cancellationToken)));
        }

        return (new JournalStream(databases, await pieces.Select(e => new JournalPiece(e.Seq, e.Length)).ToArrayAsync(cancellationToken)), null);
    }

    private static bool Has(RunPart part, Guid? executionId) => executionId is null || part.IsWhole || part.ExecutionIds.Contains(executionId);

    // What is of the run as a whole, its end, is not for those who see a part of it.
    private static IQueryable<JournalEntry> Seen(OperoneDb db, Guid runId, RunPart part)
    {
        var journal = db.Set<JournalEntry>().Where(e => e.RunId == runId);
        var ids = part.ExecutionIds;
        return part.IsWhole ? journal : journal.Where(e => EF.Parameter(ids).Contains(e.ExecutionId));
    }
}
