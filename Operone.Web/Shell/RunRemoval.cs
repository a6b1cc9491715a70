using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>Removes runs that have ended, with all that they printed.</summary>
internal sealed class RunRemoval(IDbContextFactory<OperoneDb> databases)
{
    /// <summary>How many rows of the journal go at once: the database does other things in between.</summary>
    private const int Slice = 200;

    /// <summary>How many are looked for at once.</summary>
    private const int Batch = 100;

    /// <summary>Removes all that are old enough, in the order of their ids, and gives how many those were.</summary>
    /// <param name="find">Finds the ids of so many whose id comes after the given one, in order.</param>
    /// <param name="remove">Removes one of them.</param>
    /// <param name="cancellationToken">Ends it between two.</param>
    public async Task<int> RemoveOldAsync(
        Func<OperoneDb, Guid, int, CancellationToken, Task<List<Guid>>> find, Func<Guid, CancellationToken, Task> remove, CancellationToken cancellationToken)
    {
        var (removed, after) = (0, Guid.Empty);
        while (true)
        {
            List<Guid> old;
            await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            {
                old = await find(db, after, Batch, cancellationToken);
            }

            foreach (var id in old)
            {
                await remove(id, cancellationToken);
                removed++;
            }

            if (old.Count < Batch)
            {
                return removed;
            }

            after = old[^1];
        }
    }

    /// <summary>Removes a run. One that has not ended stays as it is.</summary>
    public async Task RemoveAsync(Guid runId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (!await db.Set<Run>().AnyAsync(r => r.Id == runId && r.EndedAt != null, cancellationToken))
        {
            return;
        }

        var journal = db.Set<JournalEntry>().Where(e => e.RunId == runId);
        while (await journal.OrderBy(e => e.Seq).Skip(Slice).Select(e => (long?)e.Seq).FirstOrDefaultAsync(cancellationToken) is { } next)
        {
            await journal.Where(e => e.Seq < next).ExecuteDeleteAsync(cancellationToken);
        }

        await db.Set<Run>().Where(r => r.Id == runId && r.EndedAt != null).ExecuteDeleteAsync(cancellationToken);
    }
}
