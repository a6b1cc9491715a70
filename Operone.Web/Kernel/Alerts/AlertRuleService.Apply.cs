using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;

namespace Operone.Web.Kernel.Alerts;

/// <content>Rules of a file.</content>
internal sealed partial class AlertRuleService
{
    /// <summary>
    /// Writes the rules of a text, each by its name: makes it, or says anew what it is. The same once more changes nothing. All are looked at before the first is written.
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

        var applied = new List<AppliedAlertRule>();
        foreach (var (rule, found) in read.Value.Zip(known))
        {
            if (found is not null && found.OwnerId == actor.Id && AlertRuleDocument.IsSame(found.Definition, Kept(rule)))
            {
                applied.Add(new("unchanged", (await ViewsAsync(db, actor, [found], cancellationToken))[0]));
                continue;
            }

            var saved = found is null ? await CreateAsync(actor, rule, cancellationToken) : await ReplaceAsync(actor, found.Id.ToString(), rule, cancellationToken);
            if (saved.IsError)
            {
                return saved.Error!;
            }

            applied.Add(new(found is null ? "created" : "updated", saved.Value));
        }

        return new AppliedAlertRules(applied);
    }
}
