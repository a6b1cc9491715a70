using Operone.Core.Events;

namespace Operone.Web.Data;

/// <summary>Changes that are statements of their own, with the event that tells of them.</summary>
internal static class TellingExtensions
{
    /// <summary>
    /// Runs a statement, and writes the events in its transaction where it has changed something. Gives how many rows it has changed.
    /// </summary>
    public static async Task<int> ChangeAsync(
        this OperoneDb db, Func<Task<int>> statement, IEnumerable<OperoneEvent> happened, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var changed = await statement();
        if (changed > 0)
        {
            foreach (var one in happened)
            {
                db.Publish(one);
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return changed;
    }

    /// <inheritdoc cref="ChangeAsync(OperoneDb, Func{Task{int}}, IEnumerable{OperoneEvent}, CancellationToken)"/>
    public static Task<int> ChangeAsync(this OperoneDb db, Func<Task<int>> statement, OperoneEvent happened, CancellationToken cancellationToken) =>
        db.ChangeAsync(statement, [happened], cancellationToken);
}
