using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Alerts;

/// <summary>Which alerts a list shows. All that is given must hold.</summary>
/// <param name="State">Those in this state; by default those that are open.</param>
/// <param name="Severity">Those that are this bad.</param>
/// <param name="Rule">Those of this rule, by name or id.</param>
/// <param name="Device">Those of this device, by name or id.</param>
internal sealed record AlertQuery(AlertFilter State = AlertFilter.Open, AlertSeverity? Severity = null, string? Rule = null, string? Device = null)
{
    /// <summary>Reads what stands in an address.</summary>
    public static Result<AlertQuery> Read(string? state, string? severity, string? rule, string? device)
    {
        var errors = new FieldErrors();
        var (filter, bad) = (AlertFilter.Open, AlertSeverity.Info);
        errors.AddIf(!string.IsNullOrEmpty(state) && !IsWord(state, out filter), "state", "is open, pending, firing, recovered or all");
        errors.AddIf(!string.IsNullOrEmpty(severity) && !IsWord(severity, out bad), "severity", "is info, warning or critical");
        return errors.ToError() is { } error ? error : new AlertQuery(filter, string.IsNullOrEmpty(severity) ? null : bad, rule, device);
    }

    private static bool IsWord<T>(string text, out T value)
        where T : struct, Enum
    {
        value = default;
        return char.IsAsciiLetter(text[0]) && Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value);
    }
}

/// <summary>The use cases of alerts: list, look, count, acknowledge.</summary>
internal sealed class AlertService(
    IDbContextFactory<OperoneDb> databases, AlertSight sight, AlertRuleBook rules, DeviceSight devices, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    private const int Tries = 5;

    /// <summary>A page of the alerts that there are for somebody, newest first.</summary>
    public async Task<Result<Page<AlertView>>> ListAsync(Actor actor, AlertQuery query, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsRead, "alert.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var alerts = Filter(sight.Alerts(db.Set<Alert>(), actor), query.State);
        if (query.Severity is { } severity)
        {
            alerts = alerts.Where(a => a.Severity == severity);
        }

        if (!string.IsNullOrWhiteSpace(query.Rule))
        {
            // a rule that was renamed by its id, one that was removed by the name that it had
            var (rule, name) = ((await AlertRule.FindAsync(db, query.Rule, cancellationToken))?.Id ?? (Guid.TryParse(query.Rule, out var given) ? given : Guid.Empty), query.Rule);
            alerts = alerts.Where(a => a.RuleId == rule || a.RuleName == name);
        }

        if (!string.IsNullOrWhiteSpace(query.Device))
        {
            // one that was removed is known by its id alone
            var id = devices.Find(actor, query.Device)?.Id ?? (Guid.TryParse(query.Device, out var removed) ? removed : Guid.Empty);
            alerts = alerts.Where(a => a.DeviceId == id);
        }

        if (page.Value.After is { } after)
        {
            alerts = alerts.Where(a => a.Id < after);
        }

        var found = await alerts.OrderByDescending(a => a.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        var silences = await rules.SilencesAsync(cancellationToken);
        return page.Value.ToPage(found, a => a.Id, a => a.ToView(SilencedUntil(silences, a)));
    }

    /// <summary>One alert.</summary>
    public async Task<Result<AlertView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsRead, "alert.read", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await sight.Alerts(db.Set<Alert>(), actor).SingleOrDefaultAsync(a => a.Id == id, cancellationToken) is { } alert
            ? alert.ToView(SilencedUntil(await rules.SilencesAsync(cancellationToken), alert))
            : AlertErrors.NotFound(id);
    }

    /// <summary>How many are firing and not acknowledged, of those that there are for somebody; none for who may see none.</summary>
    public async Task<AlertCount> CountAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.AlertsRead) is not null)
        {
            return new(0, 0);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var counts = await sight.Alerts(db.Set<Alert>(), actor).Where(a => a.State == AlertState.Firing && a.AcknowledgedAt == null)
            .GroupBy(a => a.Severity).Select(g => new { g.Key, Count = g.Count() }).ToListAsync(cancellationToken);
        return new(counts.Sum(c => c.Count), counts.Find(c => c.Key == AlertSeverity.Critical)?.Count ?? 0);
    }

    /// <summary>
    /// Somebody has seen it: nothing more is told of it but that it is over. One of an event or a job, which does not get better by itself, is over by that.
    /// Acknowledging it again does nothing.
    /// </summary>
    public async Task<Result<AlertView>> AcknowledgeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsManage, "alert.acknowledge", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var alert = await sight.Alerts(db.Set<Alert>().AsTracking(), actor).SingleOrDefaultAsync(a => a.Id == id, cancellationToken);
            if (alert is null)
            {
                return AlertErrors.NotFound(id);
            }

            if (sight.LacksManage(actor, alert) is { } lacks)
            {
                await audit.NoteAsync(actor, "alert.acknowledge", alert.Subject, allowed: false, lacks.Detail, cancellationToken);
                return lacks;
            }

            if (alert.AcknowledgedAt is not null || alert.State == AlertState.Recovered)
            {
                return alert.AcknowledgedAt is not null ? alert.ToView(null) : AlertErrors.Over(id);
            }

            if (await TryAcknowledgeAsync(db, actor, alert, cancellationToken))
            {
                await audit.NoteAsync(actor, "alert.acknowledge", alert.Subject, allowed: true, $"{alert.RuleName}: {alert.Text}", cancellationToken);
                changes.Signal(LiveChanges.Alerts);
                changes.Signal(LiveChanges.AlertRules);
                return alert.ToView(SilencedUntil(await rules.SilencesAsync(cancellationToken), alert));
            }
        }

        return AlertErrors.Changed("The alert");
    }

    private async Task<bool> TryAcknowledgeAsync(OperoneDb db, Actor actor, Alert alert, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        (alert.AcknowledgedBy, alert.AcknowledgedAt) = (ShortText.Shorten(actor.Name, EventEntry.MaxText), now);
        db.Publish(AlertBook.ToEvent(EventTypes.AlertAcknowledged, alert, actor.Name));
        var isOfEvents = await db.Set<AlertRule>().Where(r => r.Id == alert.RuleId).Select(r => (bool?)r.IsOfEvents).SingleOrDefaultAsync(cancellationToken);
        var step = isOfEvents == true && alert is { State: AlertState.Firing, LastPosition: not null } ? AlertMachine.End(alert.Standing) : new(alert.Standing, AlertNews.None);
        if (step.News == AlertNews.Recovered)
        {
            alert.Reason = ShortText.Shorten($"acknowledged by {actor.Name}", Alert.MaxText);
            db.Publish(AlertBook.ToEvent(EventTypes.AlertRecovered, alert, actor.Name));
        }

        alert.Take(step.Standing!, now);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            return false;
        }
    }

    private DateTimeOffset? SilencedUntil(IReadOnlyList<Silence> silences, Alert alert)
    {
        var now = time.GetUtcNow();
        var labels = alert.DeviceId is { } id ? devices.LabelsOf(id) : null;
        return silences.Where(s => s.IsActive(now) && s.IsFor(alert.RuleId, alert.DeviceId, labels)).Select(s => (DateTimeOffset?)s.Until).Max();
    }

    private static IQueryable<Alert> Filter(IQueryable<Alert> alerts, AlertFilter state) => state switch
    {
        AlertFilter.Open => alerts.Where(a => a.State == AlertState.Pending || a.State == AlertState.Firing),
        AlertFilter.Pending => alerts.Where(a => a.State == AlertState.Pending),
        AlertFilter.Firing => alerts.Where(a => a.State == AlertState.Firing),
        AlertFilter.Recovered => alerts.Where(a => a.State == AlertState.Recovered),
        _ => alerts,
    };
}
