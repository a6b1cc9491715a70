using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Shell;

/// <summary>Every hour: forgets idempotency keys that are honoured no more.</summary>
internal sealed class RunUpkeep(IDbContextFactory<OperoneDb> databases, TimeProvider time) : IRecurringJob
{
    public string Name => "run-idempotency-keys";

    public string Cron => "17 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - IdempotencyKey.Lifetime;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<IdempotencyKey>().Where(k => k.CreatedAt < before).ExecuteDeleteAsync(cancellationToken);
    }
}
