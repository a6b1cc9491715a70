using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>
/// Lets go of the oldest output of executions whose newest is kept, in whole rows of the journal. What is kept is never less than the limit,
/// and at most the limit, a 64th of it (1 MiB at the most) and one row more.
/// </summary>
internal static class NewestOutput
{
    private const long MostSlackBytes = 1024 * 1024;

    private const int MaxRows = 5000;

    /// <summary>How much more than the limit is kept before something is let go of: not for each line a statement.</summary>
    public static long SlackOf(long limitBytes) => Math.Min(limitBytes / 64, MostSlackBytes);

    /// <summary>Does it for all that a batch has added to, in the context's present transaction.</summary>
    public static async Task TrimAsync(OperoneDb db, WriterBatch batch, CancellationToken cancellationToken)
    {
        var over = batch.Changed.Values.Where(s => s.NewestBytes is { } limit && s.KeptBytes > limit + SlackOf(limit)).OrderBy(s => s.Id).ToArray();
        foreach (var state in over)
        {
            batch.Trimmed(await TrimAsync(db, state, cancellationToken));
        }
    }

    private static async Task<ExecutionState> TrimAsync(OperoneDb db, ExecutionState state, CancellationToken cancellationToken)
    {
        var output = db.Set<JournalEntry>().Where(e => e.RunId == state.RunId && e.ExecutionId == state.Id && e.Kind != JournalKind.Status);
        var (excess, gone) = (state.KeptBytes - state.NewestBytes!.Value, 0L);
        while (excess > gone)
        {
            var rows = await output.OrderBy(e => e.Seq).Select(e => new { e.Seq, e.Length }).Take(MaxRows).ToArrayAsync(cancellationToken);
            var (count, before) = (0, gone);
            while (count < rows.Length && gone + rows[count].Length <= excess)
            {
                gone += rows[count++].Length;
            }

            if (gone == before)
            {
                break; // the oldest row is needed in part
            }

            var last = rows[count - 1].Seq;
            await output.Where(e => e.Seq <= last).ExecuteDeleteAsync(cancellationToken);
        }

        var trimmed = state with
        {
            StdoutFrom = await FirstAsync(db, state.Id, JournalKind.Stdout, cancellationToken) ?? state.StdoutBytes,
            StderrFrom = await FirstAsync(db, state.Id, JournalKind.Stderr, cancellationToken) ?? state.StderrBytes,
            DiscardedBytes = state.DiscardedBytes + gone,
        };
        await db.Set<Execution>().Where(e => e.Id == state.Id).ExecuteUpdateAsync(
            e => e.SetProperty(x => x.StdoutFrom, trimmed.StdoutFrom).SetProperty(x => x.StderrFrom, trimmed.StderrFrom)
                .SetProperty(x => x.DiscardedBytes, trimmed.DiscardedBytes), cancellationToken);
        return trimmed;
    }

    private static Task<long?> FirstAsync(OperoneDb db, Guid id, JournalKind kind, CancellationToken cancellationToken) =>
        db.Set<JournalEntry>().Where(e => e.ExecutionId == id && e.Kind == kind).OrderBy(e => e.Offset).Select(e => (long?)e.Offset).FirstOrDefaultAsync(cancellationToken);
}
