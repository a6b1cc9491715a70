using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Alerts;

/// <summary>
/// The use cases of alert rules: list, look, make, replace, remove. A rule looks in the name of whoever saved it last, at the devices on which they
/// may manage alerts at that moment; so who may manage any may make one. Changing somebody else's takes <see cref="Permissions.AlertsManage"/> on everything.
/// </summary>
internal sealed partial class AlertRuleService(
    IDbContextFactory<OperoneDb> databases, AlertSight sight, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of the rules that there are for somebody, by name.</summary>
    public async Task<Result<Page<AlertRuleView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsRead, "alert-rule.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = (await db.Set<AlertRule>().ToListAsync(cancellationToken)).Where(sight.Rules(actor))
            .Where(r => string.IsNullOrEmpty(text) || r.Name.Contains(text, StringComparison.OrdinalIgnoreCase));
        var page = NamedPage.Take(all, r => r.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<AlertRuleView>(await ViewsAsync(db, actor, page.Value.Items, cancellationToken), page.Value.NextCursor);
    }

    /// <summary>One rule, by its id or name.</summary>
    public async Task<Result<AlertRuleView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, actor, idOrName, Permissions.AlertsRead, "alert-rule.read", cancellationToken);
        return found.IsError ? found.Error! : (await ViewsAsync(db, actor, [found.Value], cancellationToken))[0];
    }

    /// <summary>Makes a rule.</summary>
    public async Task<Result<AlertRuleView>> CreateAsync(Actor actor, SaveAlertRule request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsManage, "alert-rule.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (AlertRules.Check(request) is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<AlertRule>().CountAsync(cancellationToken) >= AlertRules.Most)
        {
            return AlertErrors.TooMany;
        }

        var now = time.GetUtcNow();
        var rule = New(now);
        Put(rule, actor, request, now);
        db.Add(rule);
        return await SaveAsync(db, actor, "alert-rule.create", EventTypes.AlertRuleCreated, rule, cancellationToken) is { } problem ? problem : rule.ToView(0);
    }

    /// <summary>Replaces what a rule says. Alerts that are open go on where it still looks at them.</summary>
    public async Task<Result<AlertRuleView>> ReplaceAsync(Actor actor, string idOrName, SaveAlertRule request, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var found = await FindAsync(db, actor, idOrName, Permissions.AlertsManage, "alert-rule.update", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (AlertRules.Check(request) is { } invalid)
        {
            return invalid;
        }

        Put(found.Value, actor, request, time.GetUtcNow());
        return await SaveAsync(db, actor, "alert-rule.update", EventTypes.AlertRuleUpdated, found.Value, cancellationToken) is { } problem
            ? problem
            : (await ViewsAsync(db, actor, [found.Value], cancellationToken))[0];
    }

    /// <summary>Removes a rule. Its alerts that are open are over with it.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var found = await FindAsync(db, actor, idOrName, Permissions.AlertsManage, "alert-rule.remove", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        db.Remove(found.Value);
        return await SaveAsync(db, actor, "alert-rule.remove", EventTypes.AlertRuleRemoved, found.Value, cancellationToken) is { } problem ? problem : Unit.Value;
    }

    private async Task<Result<AlertRule>> FindAsync(OperoneDb db, Actor actor, string idOrName, string permission, string action, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, permission, action, idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (await AlertRule.FindAsync(db, idOrName, cancellationToken) is not { } rule || !sight.Rules(actor)(rule))
        {
            return AlertErrors.RuleNotFound(idOrName);
        }

        if (permission == Permissions.AlertsManage && AlertSight.LacksManage(actor, rule.OwnerId, rule.Name) is { } lacks)
        {
            await audit.NoteAsync(actor, action, rule.Name, allowed: false, lacks.Detail, cancellationToken);
            return lacks;
        }

        return rule;
    }

    private static AlertRule New(DateTimeOffset now) =>
        new() { Id = Guid.CreateVersion7(now), Name = "", NormalizedName = "", Definition = new(), OwnerName = "", CreatedAt = now, UpdatedAt = now };

    private static void Publish(OperoneDb db, Actor actor, string type, AlertRule rule) =>
        db.Publish(new(type, rule.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["ruleId"] = rule.Id.ToString() }));

    private static void Put(AlertRule rule, Actor actor, SaveAlertRule request, DateTimeOffset now)
    {
        rule.Definition = Kept(request);
        (rule.Name, rule.NormalizedName) = (request.Name!, Role.Normalize(request.Name!));
        (rule.OwnerId, rule.OwnerName, rule.UpdatedAt) = (actor.Id, actor.Name, now);
        (rule.IsEnabled, rule.IsOfEvents) = (request.Enabled != false, request.Job is not null || request.Events is not null);
    }

    // as it is stored
    private static SaveAlertRule Kept(SaveAlertRule request) => request with { Selector = Selector.Parse(request.Selector).Value.ToString() is { Length: > 0 } selector ? selector : null };

    private async Task<Error?> SaveAsync(OperoneDb db, Actor actor, string action, string type, AlertRule rule, CancellationToken cancellationToken)
    {
        Publish(db, actor, type, rule);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return AlertErrors.Changed(rule.Name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return AlertErrors.NameTaken(rule.Name);
        }

        await audit.NoteAsync(actor, action, rule.Name, allowed: true, AlertRules.Describe(rule.Definition), CancellationToken.None);
        changes.Signal(LiveChanges.AlertRules);
        return null;
    }

    private async Task<IReadOnlyList<AlertRuleView>> ViewsAsync(OperoneDb db, Actor actor, IReadOnlyList<AlertRule> rules, CancellationToken cancellationToken)
    {
        var ids = rules.Select(r => r.Id).ToArray();
        var firing = await sight.Alerts(db.Set<Alert>(), actor).Where(a => a.State == AlertState.Firing && ids.Contains(a.RuleId))
            .GroupBy(a => a.RuleId).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
        return [.. rules.Select(r => r.ToView(firing.GetValueOrDefault(r.Id)))];
    }
}
