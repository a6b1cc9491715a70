using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Events.Webhooks;

/// <summary>
/// The use cases of webhooks: list, look, make, replace, remove, a new secret, try. All take <see cref="Permissions.SettingsManage"/>, and
/// <see cref="Permissions.EventsRead"/> on everything. A secret is given once, when it is made.
/// </summary>
internal sealed class WebhookService(
    IDbContextFactory<OperoneDb> databases, WebhookVault vault, WebhookTransport transport, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of webhooks, by name.</summary>
    public async Task<Result<Page<WebhookView>>> ListAsync(Actor actor, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(audit, actor, "webhook.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var page = NamedPage.Take(await db.Set<Webhook>().ToListAsync(cancellationToken), w => w.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<WebhookView>(await ViewsAsync(db, page.Value.Items, cancellationToken), page.Value.NextCursor);
    }

    /// <summary>One webhook, by its id or name.</summary>
    public async Task<Result<WebhookView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(audit, actor, "webhook.read", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Webhook.FindAsync(db, idOrName, cancellationToken) is { } webhook
            ? (await ViewsAsync(db, [webhook], cancellationToken))[0]
            : WebhookErrors.NotFound(idOrName);
    }

    /// <summary>Makes a webhook. What happens from now on is sent there.</summary>
    public async Task<Result<WebhookSecretView>> CreateAsync(Actor actor, WriteWebhook request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(audit, actor, "webhook.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<Webhook>().CountAsync(cancellationToken) >= WebhookLimits.Most)
        {
            return WebhookErrors.TooMany;
        }

        var (now, (secret, text)) = (time.GetUtcNow(), WebhookVault.Create());
        var id = Guid.CreateVersion7(now);
        var webhook = new Webhook
        {
            Id = id,
            Name = "",
            NormalizedName = "",
            Url = "",
            Types = [],
            Selector = "",
            Secrets = vault.Seal(id, new() { Current = secret }),
            CreatedAt = now,
            UpdatedAt = now,
            UpdatedBy = actor.Name,
        };
        Put(webhook, request);
        db.Add(webhook);
        return await SaveAsync(db, actor, "webhook.create", EventTypes.WebhookCreated, webhook, Describe(webhook), cancellationToken) is { } problem
            ? problem
            : new WebhookSecretView(webhook.ToView(0, 0, now), text);
    }

    /// <summary>Replaces what a webhook says; its secret stays. Events that wait are sent as it says now.</summary>
    public async Task<Result<WebhookView>> ReplaceAsync(Actor actor, string idOrName, WriteWebhook request, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, "webhook.update", idOrName, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var db = found.Value.Db;
        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        var webhook = found.Value.Webhook;
        Put(webhook, request);
        webhook.Problem = webhook.IsEnabled ? null : webhook.Problem;
        return await SaveAsync(db, actor, "webhook.update", EventTypes.WebhookUpdated, webhook, Describe(webhook), cancellationToken) is { } problem
            ? problem
            : (await ViewsAsync(db, [webhook], cancellationToken))[0];
    }

    /// <summary>Removes a webhook, with what waits to be sent there.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, "webhook.remove", idOrName, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var db = found.Value.Db;
        db.Remove(found.Value.Webhook);
        return await SaveAsync(db, actor, "webhook.remove", EventTypes.WebhookRemoved, found.Value.Webhook, null, cancellationToken) is { } problem ? problem : Unit.Value;
    }

    /// <summary>Makes a new secret. For a day requests are signed with the one before too, so that the receiver can be changed meanwhile.</summary>
    public async Task<Result<WebhookSecretView>> RotateAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, "webhook.rotate", idOrName, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var db = found.Value.Db;
        var webhook = found.Value.Webhook;
        var (secret, text) = WebhookVault.Create();
        var old = vault.Open(webhook)?.Current;
        webhook.Secrets = vault.Seal(webhook.Id, new() { Current = secret, Old = old });
        webhook.OldSecretUntil = old is null ? null : time.GetUtcNow() + WebhookVault.Overlap;
        return await SaveAsync(db, actor, "webhook.rotate", EventTypes.WebhookUpdated, webhook, "a new secret", cancellationToken) is { } problem
            ? problem
            : new WebhookSecretView((await ViewsAsync(db, [webhook], cancellationToken))[0], text);
    }

    /// <summary>Sends an event that says nothing, now and once, and gives what came of it.</summary>
    public async Task<Result<WebhookAttemptView>> TestAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, "webhook.test", idOrName, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var webhook = found.Value.Webhook;
        await found.Value.Db.DisposeAsync();
        var now = time.GetUtcNow();
        var sample = new EventView("1.0", Guid.CreateVersion7(now), "/operone", "webhook.tested", webhook.Name, now, "application/json", new(null, null, actor.Name, null));
        var outcome = await transport.SendAsync(webhook, sample, cancellationToken);
        await audit.NoteAsync(actor, "webhook.test", webhook.Name, allowed: true, outcome.Problem ?? "taken", actor.Decide(Permissions.SettingsManage, null).Grant, cancellationToken);
        return WebhookSender.ToAttempt(Guid.Empty, outcome).ToView();
    }

    /// <summary>Null where they may have to do with webhooks; else the error, noted.</summary>
    public static async ValueTask<Error?> RefuseAsync(IAuditTrail audit, Actor actor, string action, string? target, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.SettingsManage, action, target, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (actor.MayEverywhere(Permissions.EventsRead))
        {
            return null;
        }

        await audit.NoteAsync(actor, action, target, allowed: false, $"lacks {Permissions.EventsRead} on everything", cancellationToken);
        return WebhookErrors.NotEverywhere(actor.Name);
    }

    private async Task<Result<(OperoneDb Db, Webhook Webhook)>> FindAsync(Actor actor, string action, string idOrName, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(audit, actor, action, idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        if (await Webhook.FindAsync(db, idOrName, cancellationToken) is { } webhook)
        {
            return (db, webhook);
        }

        await db.DisposeAsync();
        return WebhookErrors.NotFound(idOrName);
    }

    private Error? Check(WriteWebhook request)
    {
        var errors = new FieldErrors();
        WebhookLimits.Check(request, errors);
        errors.AddIf(Guid.TryParse(request.Name, out _), "name", "must not look like an id");
        if (WebhookLimits.ReadUrl(request.Url) is { IsError: false, Value: var url })
        {
            if (transport.Refuse(url) is { } refusal)
            {
                errors.Add("url", refusal);
            }

            errors.AddIf(url.Scheme == Uri.UriSchemeMailto && !string.IsNullOrWhiteSpace(request.Template), "template", "is not for e-mail, which is in words");
        }

        return errors.ToError();
    }

    private static void Put(Webhook webhook, WriteWebhook request)
    {
        webhook.Name = request.Name!.Trim();
        webhook.NormalizedName = Role.Normalize(webhook.Name);
        webhook.Url = request.Url!;
        webhook.Types = [.. (request.Types ?? []).Distinct(StringComparer.Ordinal)];
        webhook.Selector = Selector.Parse(request.Selector).Value.ToString();
        webhook.Template = string.IsNullOrWhiteSpace(request.Template) ? null : request.Template;
        webhook.IsEnabled = request.IsEnabled;
    }

    private async Task<Error?> SaveAsync(
        OperoneDb db, Actor actor, string action, string type, Webhook webhook, string? detail, CancellationToken cancellationToken)
    {
        webhook.UpdatedAt = time.GetUtcNow();
        webhook.UpdatedBy = actor.Name;
        db.Publish(new(type, webhook.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["webhookId"] = webhook.Id.ToString() }));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            // somebody removed it a moment ago
            return WebhookErrors.NotFound(webhook.Name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return WebhookErrors.NameTaken(webhook.Name);
        }

        await audit.NoteAsync(actor, action, webhook.Name, allowed: true, detail, actor.Decide(Permissions.SettingsManage, null).Grant, cancellationToken);
        changes.Signal(LiveChanges.Webhooks);
        return null;
    }

    // What is behind the host can be a secret of its own, as that of Slack's addresses.
    private static string Describe(Webhook webhook) =>
        $"to {(WebhookLimits.ReadUrl(webhook.Url) is { IsError: false, Value: { } url } ? url.Scheme == Uri.UriSchemeMailto ? webhook.Url : $"{url.Scheme}://{url.Authority}" : "?")}"
        + $", {(webhook.Types.Count == 0 ? "all events" : string.Join(", ", webhook.Types))}{(webhook.Selector.Length > 0 ? $" of {webhook.Selector}" : "")}"
        + $"{(webhook.Template is null ? "" : ", by a template")}{(webhook.IsEnabled ? "" : ", turned off")}";

    private async Task<IReadOnlyList<WebhookView>> ViewsAsync(OperoneDb db, IReadOnlyList<Webhook> webhooks, CancellationToken cancellationToken)
    {
        var (ids, now) = (webhooks.Select(w => w.Id).ToArray(), time.GetUtcNow());
        var counts = await db.Set<WebhookDelivery>().Where(d => ids.Contains(d.WebhookId) && d.Status != DeliveryStatus.Delivered)
            .GroupBy(d => new { d.WebhookId, d.Status }).Select(g => new { g.Key.WebhookId, g.Key.Status, Count = g.Count() }).ToListAsync(cancellationToken);
        return [.. webhooks.Select(w => w.ToView(Count(w.Id, DeliveryStatus.Pending), Count(w.Id, DeliveryStatus.Dead), now))];

        int Count(Guid id, DeliveryStatus status) => counts.Find(c => c.WebhookId == id && c.Status == status)?.Count ?? 0;
    }
}
