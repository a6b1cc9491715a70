using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Devices;

/// <summary>The use cases that say whether a device takes new work: cordon, drain, uncordon. Every door calls these.</summary>
internal sealed class CordonService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, DeviceSight sight, NodePresence nodes, IAuditTrail audit, IEvents events, LiveChanges changes,
    TimeProvider time)
{
    /// <summary>From now on only who names the device gets there. One that is being drained is left as it is: that is more.</summary>
    public Task<Result<DeviceView>> CordonAsync(Actor actor, string idOrName, string? reason, CancellationToken cancellationToken) =>
        SetAsync(actor, idOrName, "device.cordon", DeviceIntake.Cordoned, reason, EventTypes.DeviceCordoned, cancellationToken);

    /// <summary>From now on nobody gets there; what it has is finished.</summary>
    public Task<Result<DeviceView>> DrainAsync(Actor actor, string idOrName, string? reason, CancellationToken cancellationToken) =>
        SetAsync(actor, idOrName, "device.drain", DeviceIntake.Draining, reason, EventTypes.DeviceDrainStarted, cancellationToken);

    /// <summary>The device takes new work again.</summary>
    public Task<Result<DeviceView>> UncordonAsync(Actor actor, string idOrName, CancellationToken cancellationToken) =>
        SetAsync(actor, idOrName, "device.uncordon", DeviceIntake.Open, null, EventTypes.DeviceUncordoned, cancellationToken);

    /// <summary>A device that is being drained has nothing left to do. Doing it twice does it once.</summary>
    public async Task DrainedAsync(Guid deviceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var device = await db.Set<Device>().AsTracking().SingleOrDefaultAsync(d => d.Id == deviceId, cancellationToken);
        if (device?.Cordon is not { Intake: DeviceIntake.Draining } cordon)
        {
            return;
        }

        device.Cordon = cordon with { Intake = DeviceIntake.Drained };
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Tell(device);
        await events.PublishAsync(new(EventTypes.DeviceDrained, device.Name, device.Id, Actor: cordon.By), cancellationToken);
    }

    private async Task<Result<DeviceView>> SetAsync(
        Actor actor, string idOrName, string action, DeviceIntake intake, string? reason, string type, CancellationToken cancellationToken)
    {
        reason = string.IsNullOrWhiteSpace(reason) ? null : reason.Trim();
        if (reason is not null && (reason.Length > DeviceCordon.MaxReasonLength || reason.Any(char.IsControl)))
        {
            return Error.InvalidField("reason", $"must be one line of at most {DeviceCordon.MaxReasonLength} characters");
        }

        var found = await sight.RequireAsync(actor, Permissions.DevicesManage, idOrName, action, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var device = await db.Set<Device>().AsTracking().SingleOrDefaultAsync(d => d.Id == found.Value.Id, cancellationToken);
        if (device is null)
        {
            return DeviceErrors.NotFound(idOrName);
        }

        var now = time.GetUtcNow();
        if (IsSo(device.Cordon, intake, reason))
        {
            return device.ToView(directory.IsOnline(device.Id), now);
        }

        var before = device.Cordon;
        device.Cordon = intake == DeviceIntake.Open ? null : new(intake, reason, actor.Name, now);
        await db.SaveChangesAsync(cancellationToken);
        Tell(device);
        var grant = actor.Decide(Permissions.DevicesManage, device.Labels).Grant;
        await audit.NoteAsync(actor, action, device.Name, allowed: true, reason ?? (before is null ? null : $"it was {before}"), grant, cancellationToken);
        await events.PublishAsync(
            new(type, device.Name, device.Id, Actor: actor.Name, Data: reason is null ? null : new Dictionary<string, string?> { ["reason"] = reason }), cancellationToken);
        return device.ToView(directory.IsOnline(device.Id), now);
    }

    // A cordon on top of a drain would open it to who names it, which nobody asked for.
    private static bool IsSo(DeviceCordon? known, DeviceIntake intake, string? reason) => intake switch
    {
        DeviceIntake.Open => known is null,
        DeviceIntake.Cordoned => known is not null && (known.Intake.IsShut() || known.Reason == reason),
        _ => known?.Intake.IsShut() == true && known.Reason == reason,
    };

    private void Tell(Device device)
    {
        directory.Put(device.ToEntry());
        nodes.TellChanged(device.Id);
        changes.Signal(LiveChanges.Devices);
        changes.Signal(LiveChanges.Device(device.Id));
    }
}
