using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Webhooks;

/// <summary>Each hour: forgets what was sent and when, the attempts with it, and secrets that are good no more.</summary>
internal sealed class WebhookUpkeep(
    IDbContextFactory<OperoneDb> databases, WebhookVault vault, IOptions<WebhookOptions> options, TimeProvider time) : IRecurringJob
{
    public string Name => "webhooks";

    public string Cron => "23 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (delivered, dead) = (now.AddDays(-options.Value.DeliveredDays), now.AddDays(-options.Value.DeadDays));
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<WebhookDelivery>()
            .Where(d => (d.Status == DeliveryStatus.Delivered && d.EndedAt < delivered) || (d.Status == DeliveryStatus.Dead && d.EndedAt < dead))
            .ExecuteDeleteAsync(cancellationToken);
        foreach (var webhook in await db.Set<Webhook>().Where(w => w.OldSecretUntil < now).ToListAsync(cancellationToken))
        {
            if (vault.Open(webhook) is { } secrets)
            {
                var (without, before) = (vault.Seal(webhook.Id, new() { Current = secrets.Current }), webhook.OldSecretUntil);
                await db.Set<Webhook>().Where(w => w.Id == webhook.Id && w.OldSecretUntil == before).ExecuteUpdateAsync(
                    set => set.SetProperty(w => w.Secrets, without).SetProperty(w => w.OldSecretUntil, (DateTimeOffset?)null), cancellationToken);
            }
        }
    }
}
