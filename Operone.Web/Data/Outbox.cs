using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Operone.Core.Events;

namespace Operone.Web.Data;

/// <summary>
/// A row that is written after all others of a save, when the locks of what they change are held. So two of them about the same
/// thing come in the order in which the changes do.
/// </summary>
internal interface IWrittenLast
{
    /// <summary>Its id.</summary>
    Guid Id { get; }

    /// <summary>Its place in the order in which rows came in, by the database's own counter. On SQLite, which has one process, 0.</summary>
    long Arrival { get; }
}

/// <summary>Where events of changes wait for their transaction. The context knows no room; the room Events says how one is stored.</summary>
internal interface IOutbox
{
    /// <summary>The row of an event.</summary>
    IWrittenLast ToRow(OperoneEvent happened);

    /// <summary>A transaction that had such rows was committed.</summary>
    void Committed();
}

/// <summary>Tells the outbox of commits. A transaction that had none of its rows says nothing. The outbox needs contexts itself: it is asked for late.</summary>
internal sealed class OutboxCommits(IServiceProvider services) : DbTransactionInterceptor
{
    public override void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => Tell(eventData);

    public override Task TransactionCommittedAsync(
        DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Tell(eventData);
        return Task.CompletedTask;
    }

    private void Tell(TransactionEndEventData eventData)
    {
        // What was added stays known to the context until it is given back.
        if (eventData.Context is OperoneDb db && db.WrittenLast(EntityState.Unchanged).Count > 0)
        {
            services.GetRequiredService<IOutbox>().Committed();
        }
    }
}
