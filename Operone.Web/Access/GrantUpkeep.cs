using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// Each hour: deletes grants that ended thirty days ago. They count no more from their end on; until then they are kept to be seen.
/// </summary>
internal sealed class GrantUpkeep(IDbContextFactory<OperoneDb> databases, AccessDirectory access, TimeProvider time) : IRecurringJob
{
    /// <summary>How long a grant is kept that has ended.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    public string Name => "grants";

    public string Cron => "23 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - Keep;
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            // Others wait while there is a change: none is begun for nothing.
            if (!await db.Set<Grant>().AnyAsync(g => g.Until < oldest, cancellationToken))
            {
                return;
            }
        }

        await using var change = await access.BeginAsync(cancellationToken);
        await change.Db.Set<Grant>().Where(g => g.Until < oldest).ExecuteDeleteAsync(cancellationToken);
        _ = await change.CommitAsync(cancellationToken);
    }
}
