using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Access;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Alerts;

/// <summary>
/// Which alerts, rules and silences there are for somebody. An alert of a device is for who may see alerts on it; one of no device, and the rules of jobs and of
/// all events, for who may on everything. What is one's own is always there. A rule looks at the devices that its owner may see and manage alerts on.
/// </summary>
internal sealed class AlertSight(DeviceDirectory directory, DeviceSight devices)
{
    /// <summary>The devices that a rule looks at, in the name of its owner.</summary>
    public DeviceEntry[] Covered(Actor owner, string? selector)
    {
        var read = Selector.Parse(selector);
        return read.IsError ? [] :
        [
            .. devices.With(owner, Permissions.DevicesRead).Where(d => read.Value.Matches(d.Labels)
                && (owner.MayEverywhere(Permissions.AlertsManage) || owner.May(Permissions.AlertsManage, d.Labels))),
        ];
    }

    /// <summary>Those of the alerts that there are for somebody.</summary>
    public IQueryable<Alert> Alerts(IQueryable<Alert> alerts, Actor actor)
    {
        if (devices.IdsWith(actor, Permissions.AlertsRead) is not { } ids)
        {
            return alerts;
        }

        var own = actor.Id;
        return alerts.Where(a => (a.DeviceId != null && EF.Parameter(ids).Contains(a.DeviceId.Value)) || (a.DeviceId == null && own != null && a.OwnerId == own));
    }

    /// <summary>Tells which rules there are for somebody.</summary>
    public Func<AlertRule, bool> Rules(Actor actor)
    {
        if (actor.MayEverywhere(Permissions.AlertsRead))
        {
            return static _ => true;
        }

        var mine = devices.With(actor, Permissions.AlertsRead).ToArray();
        return rule => IsOwn(actor, rule.OwnerId) || (rule.Definition.Job is null && !(rule.Definition.Events is not null && string.IsNullOrWhiteSpace(rule.Definition.Selector))
            && Selector.Parse(rule.Definition.Selector) is { IsError: false } read && mine.Any(d => read.Value.Matches(d.Labels)));
    }

    /// <summary>Tells which silences there are for somebody.</summary>
    public Func<Silence, bool> Silences(Actor actor)
    {
        if (actor.MayEverywhere(Permissions.AlertsRead))
        {
            return static _ => true;
        }

        var mine = devices.With(actor, Permissions.AlertsRead).ToArray();
        return silence => IsOwn(actor, silence.MakerId) || (silence.DeviceId is { } id ? mine.Any(d => d.Id == id)
            : silence.Selector.Length > 0 && Selector.Parse(silence.Selector) is { IsError: false } read && mine.Any(d => read.Value.Matches(d.Labels)));
    }

    /// <summary>Null where somebody may change what somebody has made; else the error to return.</summary>
    public static Error? LacksManage(Actor actor, Guid? ownerId, string what) =>
        actor.MayEverywhere(Permissions.AlertsManage) || IsOwn(actor, ownerId) ? null : AlertErrors.NotManageable(actor.Name, $"everything, which changing {what} takes: it is somebody else's");

    /// <summary>Null where somebody may acknowledge an alert; else the error to return.</summary>
    public Error? LacksManage(Actor actor, Alert alert) => alert.DeviceId is { } device
        ? devices.May(actor, Permissions.AlertsManage, device) ? null : AlertErrors.NotManageable(actor.Name, alert.Subject)
        : LacksManage(actor, alert.OwnerId, "it");

    /// <summary>Null where somebody may silence what is named; else the error to return.</summary>
    public Error? LacksSilence(Actor actor, AlertRule? rule, DeviceEntry? device, string? selector)
    {
        if (actor.MayEverywhere(Permissions.AlertsManage))
        {
            return null;
        }

        if (device is not null)
        {
            return actor.May(Permissions.AlertsManage, device.Labels) ? null : AlertErrors.NotManageable(actor.Name, device.Name);
        }

        if (string.IsNullOrWhiteSpace(selector))
        {
            return LacksManage(actor, rule!.OwnerId, "what is told of it");
        }

        var read = Selector.Parse(selector).Value;
        var meant = directory.All.Where(d => read.Matches(d.Labels)).ToArray();
        return meant.Length > 0 && meant.All(d => actor.May(Permissions.AlertsManage, d.Labels)) ? null : AlertErrors.NotManageable(actor.Name, "all devices with these labels");
    }

    private static bool IsOwn(Actor actor, Guid? ownerId) => ownerId is not null && ownerId == actor.Id;
}
