using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// Each hour: deletes device logins that have run out, tokens that ended thirty days ago (until then they are listed, and
/// whoever uses one is told that it has expired), and grants of service tokens that are gone.
/// </summary>
internal sealed class TokenUpkeep(IDbContextFactory<OperoneDb> databases, AccessDirectory access, TimeProvider time) : IRecurringJob
{
    /// <summary>How long a token is kept after its end.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    public string Name => "tokens";

    public string Cron => "23 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var oldest = now - Keep;
        bool hasOrphans;
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            await db.Set<DeviceLogin>().Where(d => d.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
            await db.Set<ApiToken>().Where(t => t.ExpiresAt < oldest).ExecuteDeleteAsync(cancellationToken);
            hasOrphans = await Orphans(db).AnyAsync(cancellationToken);
        }

        if (hasOrphans)
        {
            await using var change = await access.BeginAsync(cancellationToken);
            await Orphans(change.Db).ExecuteDeleteAsync(cancellationToken);
            _ = await change.CommitAsync(cancellationToken);
        }
    }

    private static IQueryable<Grant> Orphans(OperoneDb db) =>
        db.Set<Grant>().Where(g => g.SubjectKind == SubjectKind.Token && !db.Set<ApiToken>().Any(t => t.Id == g.SubjectId));
}
