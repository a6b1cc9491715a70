using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Events;

/// <summary>Each hour: deletes events that are older than thirty days.</summary>
internal sealed class EventUpkeep(IDbContextFactory<OperoneDb> databases, TimeProvider time) : IRecurringJob
{
    /// <summary>How long events are kept.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    public string Name => "events";

    public string Cron => "7 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var oldest = OrderedIds.FirstAt(time.GetUtcNow() - Keep);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<EventEntry>().Where(e => e.Id < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
