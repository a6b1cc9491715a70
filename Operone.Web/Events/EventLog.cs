using Microsoft.EntityFrameworkCore;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>
/// Events that tell of no change in the database, as that a device came: stored in batches, a moment after. What tells of a
/// change is written with it, by <see cref="OperoneDb.Publish"/>.
/// </summary>
internal sealed class EventLog(
    IDbContextFactory<OperoneDb> databases, EventIds ids, TimeProvider time, ILogger<EventLog> logger)
    : BatchedWriter<EventEntry>(databases, time, logger, capacity: 32_768, gather: TimeSpan.FromMilliseconds(100)), IEvents
{
    /// <inheritdoc/>
    public ValueTask PublishAsync(OperoneEvent happened, CancellationToken cancellationToken = default) =>
        QueueAsync(ids.ToEntry(happened), cancellationToken);

    // Who numbers them is woken by the commit.
    protected override async Task StoreAsync(OperoneDb db, IReadOnlyList<EventEntry> batch, CancellationToken cancellationToken)
    {
        db.AddRange(batch);
        await db.SaveChangesAsync(cancellationToken);
    }
}
