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

/// <summary>The use cases of silences: list, make, end. A silence ends by itself.</summary>
internal sealed class SilenceService(
    IDbContextFactory<OperoneDb> databases, AlertSight sight, DeviceSight devices, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of the silences that there are for somebody, newest first.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="withEnded">Those that are over, too; they are kept for thirty days.</param>
    /// <param name="limit">How many.</param>
    /// <param name="cursor">Where the page before ended.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Result<Page<SilenceView>>> ListAsync(Actor actor, bool withEnded, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsRead, "silence.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        var now = time.GetUtcNow();
        var isSeen = sight.Silences(actor);
        var found = new List<Silence>();
        var after = page.Value.After;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        while (found.Count <= page.Value.Limit)
        {
            var some = await db.Set<Silence>().Where(s => (withEnded || s.Until > now) && (after == null || s.Id < after))
                .OrderByDescending(s => s.Id).Take(PageRequest.MaxLimit).ToListAsync(cancellationToken);
            found.AddRange(some.Where(isSeen));
            if (some.Count < PageRequest.MaxLimit)
            {
                break;
            }

            after = some[^1].Id;
        }

        return page.Value.ToPage(found, s => s.Id, s => s.ToView(now));
    }

    /// <summary>Makes a silence.</summary>
    public async Task<Result<SilenceView>> CreateAsync(Actor actor, SaveSilence request, CancellationToken cancellationToken)
    {
        var target = request.Rule ?? request.Device ?? request.Selector;
        if (await audit.RequireAsync(actor, Permissions.AlertsManage, "silence.create", target, cancellationToken) is { } denied)
        {
            return denied;
        }

        var now = time.GetUtcNow();
        if (AlertRules.Check(request, now) is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var errors = new FieldErrors();
        var rule = string.IsNullOrWhiteSpace(request.Rule) ? null : await AlertRule.FindAsync(db, request.Rule, cancellationToken);
        rule = rule is not null && sight.Rules(actor)(rule) ? rule : null;
        errors.AddIf(rule is null && !string.IsNullOrWhiteSpace(request.Rule), "rule", $"there is no alert rule '{request.Rule}'");
        var device = string.IsNullOrWhiteSpace(request.Device) ? null : devices.Find(actor, request.Device);
        errors.AddIf(device is null && !string.IsNullOrWhiteSpace(request.Device), "device", $"there is no device '{request.Device}'");
        if (errors.ToError() is { } unknown)
        {
            return unknown;
        }

        if (sight.LacksSilence(actor, rule, device, request.Selector) is { } lacks)
        {
            await audit.NoteAsync(actor, "silence.create", target, allowed: false, lacks.Detail, cancellationToken);
            return lacks;
        }

        if (await db.Set<Silence>().CountAsync(s => s.Until > now, cancellationToken) >= AlertRules.MostSilences)
        {
            return AlertErrors.TooManySilences;
        }

        var (from, until) = AlertRules.Span(request, now);
        var silence = new Silence
        {
            Id = Guid.CreateVersion7(now),
            RuleId = rule?.Id,
            RuleName = rule?.Name,
            DeviceId = device?.Id,
            DeviceName = device?.Name,
            Selector = Selector.Parse(request.Selector).Value.ToString(),
            From = from,
            Until = until,
            Reason = request.Reason!.Trim(),
            MakerId = actor.Id,
            MadeBy = ShortText.Shorten(actor.Name, EventEntry.MaxText),
        };
        db.Add(silence);
        db.Publish(ToEvent(EventTypes.SilenceCreated, silence, actor));
        await db.SaveChangesAsync(cancellationToken);
        await TellAsync(actor, "silence.create", silence, cancellationToken);
        return silence.ToView(now);
    }

    /// <summary>Ends a silence now. It stays in the history.</summary>
    public async Task<Result<Unit>> EndAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsManage, "silence.end", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var silence = await db.Set<Silence>().AsTracking().SingleOrDefaultAsync(s => s.Id == id, cancellationToken);
        if (silence is null || !sight.Silences(actor)(silence))
        {
            return AlertErrors.SilenceNotFound(id);
        }

        var device = silence.DeviceId is { } deviceId ? devices.Find(actor, deviceId.ToString()) : null;
        var lacks = AlertSight.LacksManage(actor, silence.MakerId, "it");
        if (lacks is not null && (device is null || sight.LacksSilence(actor, null, device, null) is not null))
        {
            await audit.NoteAsync(actor, "silence.end", Describe(silence), allowed: false, lacks.Detail, cancellationToken);
            return lacks;
        }

        if (silence.Until <= now)
        {
            return AlertErrors.SilenceOver(id);
        }

        (silence.Until, silence.EndedBy) = (now, ShortText.Shorten(actor.Name, EventEntry.MaxText));
        db.Publish(ToEvent(EventTypes.SilenceEnded, silence, actor));
        await db.SaveChangesAsync(cancellationToken);
        await TellAsync(actor, "silence.end", silence, cancellationToken);
        return Unit.Value;
    }

    private async Task TellAsync(Actor actor, string action, Silence silence, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, Describe(silence), allowed: true, silence.Reason, cancellationToken);
        changes.Signal(LiveChanges.AlertRules);
        changes.Signal(LiveChanges.Alerts);
    }

    private static OperoneEvent ToEvent(string type, Silence silence, Actor actor) => new(
        type, ShortText.Shorten(Describe(silence), EventEntry.MaxText), silence.DeviceId, Actor: actor.Name, Data: new Dictionary<string, string?>
        {
            ["silenceId"] = silence.Id.ToString(),
            ["ruleId"] = silence.RuleId?.ToString(),
            ["reason"] = silence.Reason,
        });

    private static string Describe(Silence silence) => string.Join(" on ", new[] { silence.RuleName, silence.DeviceName, silence.Selector }.Where(s => !string.IsNullOrEmpty(s)));
}
