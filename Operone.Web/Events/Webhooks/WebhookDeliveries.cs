using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Events.Webhooks;

/// <summary>The use cases of what was sent to webhooks: list, look, send again. They take what <see cref="WebhookService"/> takes.</summary>
internal sealed class WebhookDeliveries(IDbContextFactory<OperoneDb> databases, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of what is for a webhook, newest first; of all states, or one.</summary>
    public async Task<Result<Page<WebhookDeliveryView>>> ListAsync(
        Actor actor, string idOrName, DeliveryStatus? status, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var webhook = await FindAsync(db, actor, "webhook.read", idOrName, cancellationToken);
        var page = PageRequest.Parse(limit, cursor);
        if (webhook.IsError || page.IsError)
        {
            return webhook.Error ?? page.Error!;
        }

        var deliveries = db.Set<WebhookDelivery>().Where(d => d.WebhookId == webhook.Value.Id && (status == null || d.Status == status));
        if (page.Value.After is { } after)
        {
            deliveries = deliveries.Where(d => d.Id < after);
        }

        var found = await deliveries.OrderByDescending(d => d.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, d => d.Id, d => d.ToView());
    }

    /// <summary>One, with its event and each attempt.</summary>
    public async Task<Result<WebhookDeliveryDetails>> GetAsync(Actor actor, string idOrName, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var webhook = await FindAsync(db, actor, "webhook.read", idOrName, cancellationToken);
        if (webhook.IsError)
        {
            return webhook.Error!;
        }

        if (await db.Set<WebhookDelivery>().SingleOrDefaultAsync(d => d.Id == id && d.WebhookId == webhook.Value.Id, cancellationToken) is not { } delivery)
        {
            return WebhookErrors.DeliveryNotFound(id);
        }

        var attempts = await db.Set<WebhookAttempt>().Where(a => a.DeliveryId == id).OrderByDescending(a => a.Id).Take(PageRequest.MaxLimit).ToListAsync(cancellationToken);
        return new WebhookDeliveryDetails(delivery.ToView(), delivery.Event, attempts.ConvertAll(a => a.ToView()));
    }

    /// <summary>Sends one again that was given up, for a day anew.</summary>
    public async Task<Result<Unit>> SendAgainAsync(Actor actor, string idOrName, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var webhook = await FindAsync(db, actor, "webhook.send-again", idOrName, cancellationToken);
        if (webhook.IsError)
        {
            return webhook.Error!;
        }

        if (!webhook.Value.IsEnabled)
        {
            return WebhookErrors.TurnedOff(webhook.Value.Name);
        }

        var found = db.Set<WebhookDelivery>().Where(d => d.Id == id && d.WebhookId == webhook.Value.Id);
        if (await ReviveAsync(found, cancellationToken) == 0)
        {
            return await found.SingleOrDefaultAsync(cancellationToken) is { } other ? WebhookErrors.NotDead(id, other.Status) : WebhookErrors.DeliveryNotFound(id);
        }

        await TellAsync(actor, webhook.Value, id.ToString(), cancellationToken);
        return Unit.Value;
    }

    /// <summary>Sends all again that were given up.</summary>
    public async Task<Result<WebhookResent>> SendAllAgainAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var webhook = await FindAsync(db, actor, "webhook.send-again", idOrName, cancellationToken);
        if (webhook.IsError)
        {
            return webhook.Error!;
        }

        if (!webhook.Value.IsEnabled)
        {
            return WebhookErrors.TurnedOff(webhook.Value.Name);
        }

        var count = await ReviveAsync(db.Set<WebhookDelivery>().Where(d => d.WebhookId == webhook.Value.Id), cancellationToken);
        await TellAsync(actor, webhook.Value, $"all {count} that were given up", cancellationToken);
        return new WebhookResent(count);
    }

    private Task<int> ReviveAsync(IQueryable<WebhookDelivery> deliveries, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return deliveries.Where(d => d.Status == DeliveryStatus.Dead).ExecuteUpdateAsync(
            set => set.SetProperty(d => d.Status, DeliveryStatus.Pending).SetProperty(d => d.Attempts, 0).SetProperty(d => d.NextAt, now)
                .SetProperty(d => d.EndedAt, (DateTimeOffset?)null), cancellationToken);
    }

    private async Task TellAsync(Actor actor, Webhook webhook, string what, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(
            actor, "webhook.send-again", webhook.Name, allowed: true, what, actor.Decide(Permissions.SettingsManage, null).Grant, cancellationToken);
        changes.Signal(LiveChanges.Webhooks);
        changes.Signal(LiveChanges.WebhookDeliveries);
    }

    private async Task<Result<Webhook>> FindAsync(OperoneDb db, Actor actor, string action, string idOrName, CancellationToken cancellationToken) =>
        await WebhookService.RefuseAsync(audit, actor, action, idOrName, cancellationToken) is { } denied ? denied
        : await Webhook.FindAsync(db, idOrName, cancellationToken) is { } webhook ? webhook
        : WebhookErrors.NotFound(idOrName);
}
