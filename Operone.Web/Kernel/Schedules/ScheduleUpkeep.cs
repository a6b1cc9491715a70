using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Each minute: wakes the clocks of all nodes, should one have missed that something is due, and deletes what is old.</summary>
internal sealed class ScheduleUpkeep(IDbContextFactory<OperoneDb> databases, LiveChanges changes, TimeProvider time) : IRecurringJob
{
    /// <summary>How long it is kept when a schedule fired.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    public string Name => "schedules";

    public string Cron => "* * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        changes.Signal(LiveChanges.Schedules);
        var oldest = time.GetUtcNow() - Keep;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Firing>().Where(f => f.FiredAt < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
