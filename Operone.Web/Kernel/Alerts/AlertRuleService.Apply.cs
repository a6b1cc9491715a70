using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Alerts;

/// <content>Rules of a file.</content>
internal sealed partial class AlertRuleService
{
    /// <summary>
    /// Writes the rules of a text, each by its name: makes it, or says anew what it is. The same once more changes nothing. All of them are written, or none.
    /// </summary>
    public async Task<Result<AppliedAlertRules>> ApplyAsync(Actor actor, string text, CancellationToken cancellationToken)
    {
        const string Action = "alert-rule.apply";
        if (await audit.RequireAsync(actor, Permissions.AlertsManage, Action, null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var read = AlertRuleDocument.Read(text);
        if (read.IsError)
        {
            return read.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var known = new List<AlertRule?>();
        foreach (var rule in read.Value)
        {
            var found = await AlertRule.FindAsync(db, rule.Name!, cancellationToken);

            // of one that is not there for them they learn that its name is taken, as with any other
            var lacks = found is null ? null : sight.Rules(actor)(found) ? AlertSight.LacksManage(actor, found.OwnerId, found.Name) : AlertErrors.NameTaken(rule.Name!);
            if (lacks is not null)
            {
                await audit.NoteAsync(actor, Action, rule.Name, allowed: false, lacks.Detail, cancellationToken);
                return lacks;
            }

            known.Add(found);
        }

        if (known.Contains(null) && await db.Set<AlertRule>().CountAsync(cancellationToken) + known.Count(r => r is null) > AlertRules.Most)
        {
            return AlertErrors.TooMany;
        }

        // all of them are written, or none
        var (now, rules) = (time.GetUtcNow(), new List<(string Result, AlertRule Rule)>());
        foreach (var (request, found) in read.Value.Zip(known))
        {
            if (found is not null && found.OwnerId == actor.Id && AlertRuleDocument.IsSame(found.Definition, Kept(request)))
            {
                rules.Add(("unchanged", found));
                continue;
            }

            var rule = found ?? New(now);
            Put(rule, actor, request, now);
            if (found is null)
            {
                db.Add(rule);
            }

            Publish(db, actor, found is null ? EventTypes.AlertRuleCreated : EventTypes.AlertRuleUpdated, rule);
            rules.Add((found is null ? "created" : "updated", rule));
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException conflict)
        {
            return AlertErrors.Changed(conflict.Entries.Select(e => e.Entity).OfType<AlertRule>().FirstOrDefault()?.Name ?? "");
        }
        catch (DbUpdateException conflict) when (conflict.IsDuplicate())
        {
            return AlertErrors.NameTaken(conflict.Entries.Select(e => e.Entity).OfType<AlertRule>().FirstOrDefault()?.Name ?? "");
        }

        foreach (var (result, rule) in rules.Where(r => r.Result != "unchanged"))
        {
            await audit.NoteAsync(actor, result == "created" ? "alert-rule.create" : "alert-rule.update", rule.Name, allowed: true, AlertRules.Describe(rule.Definition), CancellationToken.None);
        }

        changes.Signal(LiveChanges.AlertRules);
        var views = await ViewsAsync(db, actor, [.. rules.Select(r => r.Rule)], CancellationToken.None);
        return new AppliedAlertRules([.. rules.Zip(views, (r, view) => new AppliedAlertRule(r.Result, view))]);
    }
}
