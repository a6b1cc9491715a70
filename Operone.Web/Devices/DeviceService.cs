using System.Buffers.Text;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Devices;

/// <summary>Which devices a list shows. All that is given must hold.</summary>
/// <param name="Selector">Whose labels this selector matches.</param>
/// <param name="Status">That are <c>online</c> or <c>offline</c>.</param>
/// <param name="Text">With this in the name or a label.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
/// <param name="Intake">That take new work (<c>open</c>), or are <c>cordoned</c>, <c>draining</c> or <c>drained</c>.</param>
internal sealed record DeviceQuery(
    string? Selector = null, string? Status = null, string? Text = null, int? Limit = null, string? Cursor = null, string? Intake = null);

/// <summary>The use cases of devices: list, look, change, remove. Every door calls these.</summary>
internal sealed class DeviceService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, DeviceSight sight, IEnumerable<IDeviceObserver> observers, IDeviceLink link, NodePresence nodes,
    IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of the devices that the actor may read, by name.</summary>
    public async Task<Result<Page<DeviceView>>> ListAsync(Actor actor, DeviceQuery query, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.DevicesRead, "device.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var found = Match(actor, query);
        if (found.IsError)
        {
            return found.Error!;
        }

        var limit = query.Limit ?? PageRequest.DefaultLimit;
        var (page, more) = (found.Value.Take(limit).ToArray(), found.Value.Count > limit);
        var ids = page.Select(d => d.Id).ToArray();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var stored = await db.Set<Device>().Where(d => ids.Contains(d.Id)).ToDictionaryAsync(d => d.Id, cancellationToken);
        var now = time.GetUtcNow();
        return new Page<DeviceView>(
            [.. page.Where(d => stored.ContainsKey(d.Id)).Select(d => stored[d.Id].ToView(directory.IsOnline(d.Id), now))],
            more ? ToCursor(page[^1].Name) : null);
    }

    /// <summary>The first devices that a query matches among those that the actor may read, by name, up to the limit and one more. From memory.</summary>
    private Result<IReadOnlyList<DeviceEntry>> Match(Actor actor, DeviceQuery query)
    {
        var errors = new FieldErrors();
        errors.AddIf(query.Limit is < 1 or > PageRequest.MaxLimit, "limit", $"must be 1 to {PageRequest.MaxLimit}");
        errors.AddIf(query.Status is not (null or "" or "online" or "offline"), "status", "must be online or offline");
        errors.AddIf(query.Intake is not (null or "" or "open" or "cordoned" or "draining" or "drained"), "intake", "must be open, cordoned, draining or drained");
        string? after = null;
        errors.AddIf(!string.IsNullOrEmpty(query.Cursor) && !TryReadCursor(query.Cursor, out after), "cursor", "is not a cursor that this list gave");
        var selector = Selector.Parse(query.Selector);
        if (selector.Error is { } malformed)
        {
            return malformed;
        }

        if (errors.ToError() is { } error)
        {
            return error;
        }

        var text = string.IsNullOrWhiteSpace(query.Text) ? null : query.Text.Trim();
        return sight.VisibleTo(actor)
            .Where(d => selector.Value.Matches(d.Labels)
                && (string.IsNullOrEmpty(query.Status) || directory.IsOnline(d.Id) == (query.Status == "online"))
                && (string.IsNullOrEmpty(query.Intake) || d.Intake.ToText() == query.Intake)
                && (text is null || HasText(d, text))
                && (after is null || StringComparer.OrdinalIgnoreCase.Compare(d.Name, after) > 0))
            .OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase)
            .Take((query.Limit ?? PageRequest.DefaultLimit) + 1)
            .ToArray();
    }

    /// <summary>One device.</summary>
    public async Task<Result<DeviceView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var device = await FindAsync(db, idOrName, cancellationToken);
        return await sight.CheckAsync(actor, Permissions.DevicesRead, device?.ToEntry(), idOrName, "device.read", cancellationToken) is { } denied
            ? denied
            : device!.ToView(directory.IsOnline(device.Id), time.GetUtcNow());
    }

    /// <summary>Renames or labels a device.</summary>
    public async Task<Result<DeviceView>> UpdateAsync(Actor actor, string idOrName, UpdateDevice change, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        if (change.Name is not null && Labels.CheckDeviceName(change.Name) is { } problem)
        {
            errors.Add("name", problem);
        }

        Labels.Check(change.Labels, "labels", errors);
        Resources.Check(change.OwnReserve, "ownReserve", errors);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        var device = await FindAsync(db, idOrName, cancellationToken);
        if (await sight.CheckAsync(actor, Permissions.DevicesManage, device?.ToEntry(), idOrName, "device.update", cancellationToken) is { } denied)
        {
            return denied;
        }

        var before = device!.ToEntry();
        if (change.Labels is not null && CheckLabels(actor, before, change.Labels) is { } outside)
        {
            await audit.NoteAsync(actor, "device.update", device.Name, allowed: false, $"{outside.Detail} {Describe(change, before)}", cancellationToken);
            return outside;
        }

        device.Name = change.Name ?? device.Name;
        device.NormalizedName = Device.Normalize(device.Name);
        device.Labels = change.Labels ?? device.Labels;
        device.OwnReserve = change.OwnReserve ?? device.OwnReserve;
        db.Publish(new(EventTypes.DeviceUpdated, device.Name, device.Id, Actor: actor.Name));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return DeviceErrors.NameTaken(device.Name);
        }

        directory.Put(device.ToEntry());
        nodes.TellChanged(device.Id);
        var grant = actor.Decide(Permissions.DevicesManage, before.Labels).Grant;
        await audit.NoteAsync(actor, "device.update", device.Name, allowed: true, Describe(change, before), grant, cancellationToken);
        Signal(device.Id);
        if (change.Labels is not null)
        {
            // Who may see what has changed with it.
            changes.Signal(LiveChanges.Sight);
        }

        return device.ToView(directory.IsOnline(device.Id), time.GetUtcNow());
    }

    /// <summary>Removes a device: it is told to forget who it was, and is refused from now on. Its runs stay, ended as lost.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var device = await FindAsync(db, idOrName, cancellationToken);
        return await sight.CheckAsync(actor, Permissions.DevicesManage, device?.ToEntry(), idOrName, "device.remove", cancellationToken) is { } denied
            ? denied
            : await RemoveAsync(actor, device!, idOrName, "An operator removed this device.", cancellationToken);
    }

    /// <summary>A device takes its leave. Its own key is all the permission that it needs.</summary>
    public async Task<Result<Unit>> LeaveAsync(Actor device, Guid deviceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await FindAsync(db, deviceId.ToString(), cancellationToken) is { } found
            ? await RemoveAsync(device, found, deviceId.ToString(), "The device left.", cancellationToken)
            : DeviceErrors.NotFound(deviceId.ToString());
    }

    private async Task<Result<Unit>> RemoveAsync(Actor actor, Device device, string idOrName, string reason, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.ChangeAsync(
            () => db.Set<Device>().Where(d => d.Id == device.Id).ExecuteDeleteAsync(cancellationToken),
            new OperoneEvent(EventTypes.DeviceRemoved, device.Name, device.Id, Actor: actor.Name), cancellationToken) == 0)
        {
            return DeviceErrors.NotFound(idOrName);
        }

        directory.Remove(device.Id);
        await db.Set<TelemetryRecord>().Where(t => t.DeviceId == device.Id).ExecuteDeleteAsync(cancellationToken);
        await db.Set<TelemetryMinute>().Where(t => t.DeviceId == device.Id).ExecuteDeleteAsync(cancellationToken);
        foreach (var observer in observers)
        {
            await observer.RemovedAsync(device.Id, cancellationToken);
        }

        await link.DismissAsync(device.Id, reason);
        nodes.TellChanged(device.Id);
        var grant = actor.Decide(Permissions.DevicesManage, device.Labels).Grant;
        await audit.NoteAsync(actor, "device.remove", device.Name, allowed: true, reason, grant, cancellationToken);
        Signal(device.Id);
        return Unit.Value;
    }

    private static async Task<Device?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var name = Device.Normalize(idOrName);
        return Guid.TryParse(idOrName, out var id)
            ? await db.Set<Device>().SingleOrDefaultAsync(d => d.Id == id, cancellationToken)
            : await db.Set<Device>().SingleOrDefaultAsync(d => d.NormalizedName == name, cancellationToken);
    }

    private void Signal(Guid deviceId)
    {
        changes.Signal(LiveChanges.Devices);
        changes.Signal(LiveChanges.Device(deviceId));
    }

    /// <summary>
    /// Labels say who may what on a device. So the new ones must be of a device that the actor manages as well, and must not
    /// give them, or whoever their token was made by, anything on it that they did not have.
    /// </summary>
    private static Error? CheckLabels(Actor actor, DeviceEntry device, IReadOnlyDictionary<string, string> labels)
    {
        if (!actor.May(Permissions.DevicesManage, labels))
        {
            return DeviceErrors.LabelsOutside(actor.Name, device.Name);
        }

        var now = actor.Standing.Now;
        for (var some = actor.Subject; some is not null; some = some.Within)
        {
            var gained = Permissions.All.Where(p => Permissions.ScopeOf(p) == PermissionScope.Devices
                && Policy.Decide(some, p, labels, now).Allowed && !Policy.Decide(some, p, device.Labels, now).Allowed).ToArray();
            if (gained.Length > 0)
            {
                return DeviceErrors.LabelsRaise(actor.Name, device.Name, gained);
            }
        }

        return null;
    }

    private static string Describe(UpdateDevice change, DeviceEntry before)
    {
        var parts = new List<string>();
        if (change.Name is not null && change.Name != before.Name)
        {
            parts.Add($"renamed from {before.Name}");
        }

        if (change.Labels is not null)
        {
            parts.Add($"labels from {Text(before.Labels)} to {Text(change.Labels)}");
        }

        if (change.OwnReserve is { } own && own != before.OwnReserve)
        {
            parts.Add($"keeps {own} for itself; before {before.Kept}");
        }

        return string.Join("; ", parts);

        static string Text(IReadOnlyDictionary<string, string> labels) =>
            labels.Count == 0 ? "none" : string.Join(",", labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));
    }

    private static bool HasText(DeviceEntry device, string text) =>
        device.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || device.Labels.Any(l => $"{l.Key}={l.Value}".Contains(text, StringComparison.OrdinalIgnoreCase));

    private static string ToCursor(string name) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(name));

    private static bool TryReadCursor(string text, out string? name)
    {
        name = null;
        if (text.Length > 200 || !Base64Url.IsValid(text))
        {
            return false;
        }

        name = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        return Labels.CheckDeviceName(name) is null;
    }
}
