using Microsoft.EntityFrameworkCore;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>The event bus: what is published is stored in batches, and who looks is told after the commit.</summary>
internal sealed class EventLog(IDbContextFactory<OperoneDb> databases, LiveChanges changes, TimeProvider time, ILogger<EventLog> logger)
    : BatchedWriter<EventEntry>(databases, time, logger, capacity: 32_768, gather: TimeSpan.FromMilliseconds(100)), IEvents
{
    private readonly OrderedIds _ids = new();
    private readonly TimeProvider _time = time;

    /// <inheritdoc/>
    public ValueTask PublishAsync(OperoneEvent happened, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        return QueueAsync(
            new EventEntry
            {
                Id = _ids.Next(now),
                At = now,
                Type = happened.Type,
                Subject = happened.Subject,
                DeviceId = happened.DeviceId,
                RunId = happened.RunId,
                Actor = happened.Actor,
                Data = happened.Data,
            },
            cancellationToken);
    }

    protected override async Task StoreAsync(OperoneDb db, IReadOnlyList<EventEntry> batch, CancellationToken cancellationToken)
    {
        db.AddRange(batch);
        await db.SaveChangesAsync(cancellationToken);
    }

    protected override void Stored(IReadOnlyList<EventEntry> batch)
    {
        changes.Signal(LiveChanges.Events);
        if (batch.Any(e => LiveChanges.IsAboutAccess(e.Type)))
        {
            changes.Signal(LiveChanges.Access);
        }
    }
}
