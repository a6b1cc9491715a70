using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Web.Access;

namespace Operone.Web.Devices;

/// <summary>The devices that a target came to.</summary>
/// <param name="Devices">Those that the actor may act on, by name.</param>
/// <param name="LeftOut">Those that were left out because the actor may not, by name.</param>
/// <param name="Grants">By which grants, and for how many devices each.</param>
internal sealed record TargetedDevices(IReadOnlyList<DeviceEntry> Devices, IReadOnlyList<DeviceEntry> LeftOut, IReadOnlyDictionary<Guid, int> Grants)
{
    /// <summary>Those that were meant but not named, and that take no new work, by name.</summary>
    public IReadOnlyList<SkippedDevice> Skipped { get; init; } = [];
}

/// <summary>
/// Which devices there are for somebody. One that they may not read does not exist: what is said of it is what is said of
/// one that nobody knows. Every list, count and look-up that is for an actor goes through here.
/// </summary>
internal sealed class DeviceSight(DeviceDirectory directory, IAuditTrail audit, NoteThrottle throttle)
{
    /// <summary>Those that they may read, in no order.</summary>
    public IEnumerable<DeviceEntry> VisibleTo(Actor actor) => With(actor, Permissions.DevicesRead);

    /// <summary>Those on which they hold a permission, in no order.</summary>
    public IEnumerable<DeviceEntry> With(Actor actor, string permission)
    {
        if (actor.MayEverywhere(permission))
        {
            return directory.All;
        }

        if (!actor.May(permission))
        {
            return [];
        }

        var (subject, now) = (actor.Subject, actor.Standing.Now);
        return directory.All.Where(d => Policy.Decide(subject, permission, d.Labels, now).Allowed);
    }

    /// <summary>The ids of those on which they hold a permission; null where they hold it on everything, devices that were removed too.</summary>
    public Guid[]? IdsWith(Actor actor, string permission) =>
        actor.MayEverywhere(permission) ? null : [.. With(actor, permission).Select(d => d.Id)];

    /// <summary>Whether they hold a permission on the device with this id. On one that was removed, only who holds it on everything.</summary>
    public bool May(Actor actor, string permission, Guid deviceId) =>
        actor.MayEverywhere(permission) || (directory.Find(deviceId) is { } device && actor.May(permission, device.Labels));

    /// <summary>The labels of the device with this id; null where it was removed.</summary>
    public IReadOnlyDictionary<string, string>? LabelsOf(Guid deviceId) => directory.Find(deviceId)?.Labels;

    /// <summary>Those that they may aim at: that they may read or run commands on, in no order.</summary>
    public IEnumerable<DeviceEntry> TargetsOf(Actor actor)
    {
        if (actor.MayEverywhere(Permissions.DevicesRead) || actor.MayEverywhere(Permissions.RunsCreate))
        {
            return directory.All;
        }

        return directory.All.Where(d => actor.May(Permissions.DevicesRead, d.Labels) || actor.May(Permissions.RunsCreate, d.Labels));
    }

    /// <summary>Whether there is such a device that they may aim at.</summary>
    public bool Aims(Actor actor, string idOrName) =>
        directory.Find(idOrName) is { } device && (actor.May(Permissions.DevicesRead, device.Labels) || actor.May(Permissions.RunsCreate, device.Labels));

    /// <summary>How many they may read, and how many of those are connected.</summary>
    public (int Count, int Online) Count(Actor actor)
    {
        if (actor.MayEverywhere(Permissions.DevicesRead))
        {
            return (directory.Count, directory.OnlineCount);
        }

        var (count, online) = (0, 0);
        foreach (var device in VisibleTo(actor))
        {
            count++;
            online += directory.IsOnline(device.Id) ? 1 : 0;
        }

        return (count, online);
    }

    /// <summary>The device with this id or name, where they may read it.</summary>
    public DeviceEntry? Find(Actor actor, string idOrName) =>
        directory.Find(idOrName) is { } device && actor.May(Permissions.DevicesRead, device.Labels) ? device : null;

    /// <summary>The device with this id or name, where they hold the permission on it; else the error to return, already noted.</summary>
    public async ValueTask<Result<DeviceEntry>> RequireAsync(
        Actor actor, string permission, string idOrName, string action, CancellationToken cancellationToken)
    {
        var device = directory.Find(idOrName);
        return await CheckAsync(actor, permission, device, idOrName, action, cancellationToken) is { } error ? error : device!;
    }

    /// <summary>
    /// Null where they hold the permission on the device. Who may read it is told what they lack; to others it does not
    /// exist. Either is noted in the audit trail, with reads at most once a minute.
    /// </summary>
    public async ValueTask<Error?> CheckAsync(
        Actor actor, string permission, DeviceEntry? device, string idOrName, string action, CancellationToken cancellationToken)
    {
        if (device is null)
        {
            return DeviceErrors.NotFound(idOrName);
        }

        if (actor.May(permission, device.Labels))
        {
            return null;
        }

        if (permission != Permissions.DevicesRead || throttle.Passes($"{actor.Name} {action} unseen", out _))
        {
            var decision = actor.Decide(permission, device.Labels);
            await audit.NoteAsync(actor, action, device.Name, allowed: false, $"lacks {permission} on it", decision.Grant, cancellationToken);
        }

        return actor.May(Permissions.DevicesRead, device.Labels)
            ? AccessErrors.PermissionMissingOn(actor.Name, permission, device.Name)
            : DeviceErrors.NotFound(idOrName);
    }

    /// <summary>
    /// The devices that a target means, among those that the actor may aim at, checked one by one. Where a permission is
    /// missing on one, nothing is done and the error names it, unless the target asks for those alone that the actor may. Those that
    /// take no new work are passed by, and said; one that is named takes it, unless it is being drained: then nothing is done.
    /// </summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="target">What it means.</param>
    /// <param name="permission">What they need on each.</param>
    /// <param name="withCordoned">Leaves it to the caller which of them take new work.</param>
    public Result<TargetedDevices> Resolve(Actor actor, RunTarget target, string permission, bool withCordoned = false)
    {
        var all = TargetsOf(actor) as IReadOnlyCollection<DeviceEntry> ?? [.. TargetsOf(actor)];
        var meant = Mean(actor, target, all);
        if (meant.IsError)
        {
            return meant.Error!;
        }

        var (permitted, leftOut, grants, skipped) = (new List<DeviceEntry>(), new List<DeviceEntry>(), new Dictionary<Guid, int>(), new List<SkippedDevice>());
        var named = (target.Devices ?? []).Select(n => directory.Find(n)?.Id).ToHashSet();
        foreach (var device in meant.Value.OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase))
        {
            if (device.Cordon is { } cordon && !withCordoned)
            {
                if (!named.Contains(device.Id))
                {
                    skipped.Add(new(device.Name, cordon.ToString()));
                    continue;
                }

                if (cordon.Intake.IsShut() && actor.May(permission, device.Labels))
                {
                    return DeviceErrors.Shut(device.Name, cordon);
                }
            }

            var decision = actor.Decide(permission, device.Labels);
            (decision.Allowed ? permitted : leftOut).Add(device);
            if (decision.Allowed && GrantOf(actor, permission, device, decision) is { } grant)
            {
                grants[grant] = grants.GetValueOrDefault(grant) + 1;
            }
        }

        if (permitted.Count == 0 && leftOut.Count == 0)
        {
            return DeviceErrors.AllPassedBy(skipped);
        }

        return permitted.Count > 0 && (leftOut.Count == 0 || target.OnlyPermitted)
            ? new TargetedDevices(permitted, leftOut, grants) { Skipped = skipped }
            : DeviceErrors.NotPermitted(actor.Name, permission, [.. leftOut.Select(d => d.Name)], mayDropThem: permitted.Count > 0);
    }

    // A personal token has no grant of its own: what counts is by which its person may.
    private static Guid? GrantOf(Actor actor, string permission, DeviceEntry device, Decision decision) =>
        decision.Grant == actor.TokenId && actor.Subject.Within is { } person
            ? Policy.Decide(person, permission, device.Labels, actor.Standing.Now).Grant
            : decision.Grant;

    private Result<IReadOnlyCollection<DeviceEntry>> Mean(Actor actor, RunTarget target, IReadOnlyCollection<DeviceEntry> all)
    {
        var found = new Dictionary<Guid, DeviceEntry>();
        if (target.Selector is { } text)
        {
            var selector = Selector.Parse(text);
            if (selector.IsError)
            {
                return selector.Error!;
            }

            foreach (var device in all.Where(d => selector.Value.Matches(d.Labels)))
            {
                found[device.Id] = device;
            }
        }

        if (target.All)
        {
            found = all.ToDictionary(d => d.Id);
        }

        var unknown = new List<string>();
        foreach (var name in target.Devices ?? [])
        {
            if (Aims(actor, name))
            {
                found[directory.Find(name)!.Id] = directory.Find(name)!;
            }
            else
            {
                unknown.Add(name);
            }
        }

        if (unknown.Count > 0)
        {
            return DeviceErrors.UnknownInTarget(unknown);
        }

        return found.Count == 0 ? DeviceErrors.TargetEmpty(target, all.Count) : found.Values;
    }
}
