using Microsoft.EntityFrameworkCore;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Alerts;

/// <summary>Each hour: deletes alerts and silences that were over thirty days ago.</summary>
internal sealed class AlertUpkeep(IDbContextFactory<OperoneDb> databases, TimeProvider time) : IRecurringJob
{
    /// <summary>How long they are kept.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    public string Name => "alerts";

    public string Cron => "17 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - Keep;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Alert>().Where(a => a.State == AlertState.Recovered && a.RecoveredAt < oldest).ExecuteDeleteAsync(cancellationToken);
        await db.Set<Silence>().Where(s => s.Until < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
