using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Devices;

/// <summary>Devices that come and go, as the agents' hub tells it.</summary>
internal sealed class Presence(
    DeviceDirectory directory, DeviceKeys keys, NodePresence nodes, DeviceNotes notes, TelemetryWriter telemetry, DeviceLoads loads, IEvents events, LiveChanges changes,
    IOptions<DevicesOptions> options)
{
    private static readonly string ServerVersion =
        typeof(Presence).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    private AgentSettings Settings => new(options.Value.TelemetrySeconds);

    /// <summary>An agent's first word. From the answer on the device is online; where it is not accepted nothing changes.</summary>
    public async Task<HelloReply> HelloAsync(Guid deviceId, string connectionId, Hello hello, CancellationToken cancellationToken)
    {
        if (Refuse(hello) is { } reason)
        {
            return new(false, reason, null, Settings);
        }

        if (await keys.FindEntryAsync(deviceId, cancellationToken) is not { } device)
        {
            return new(false, "This device was removed. Enrol it again.", null, Settings);
        }

        var connection = new DeviceConnection(connectionId, await nodes.NextAsync(cancellationToken));
        directory.Connected(deviceId, connection);
        nodes.TellConnected(deviceId, connection);
        await notes.ConnectedAsync(deviceId, hello, cancellationToken);
        await events.PublishAsync(
            new(EventTypes.DeviceConnected, device.Name, deviceId, Actor: $"device:{device.Name}",
                Data: new Dictionary<string, string?> { ["agentVersion"] = hello.AgentVersion }),
            cancellationToken);
        Signal(deviceId);
        return new(true, null, device.Name, Settings);
    }

    /// <summary>A connection has ended. A late end of an old connection changes nothing.</summary>
    public async Task GoneAsync(Guid deviceId, string connectionId)
    {
        var device = directory.Find(deviceId);
        if (!directory.Disconnected(deviceId, connectionId))
        {
            return;
        }

        nodes.TellGone(deviceId, connectionId);

        await notes.SeenAsync(deviceId, CancellationToken.None);
        await events.PublishAsync(new(EventTypes.DeviceDisconnected, device?.Name, deviceId, Actor: $"device:{device?.Name}"));
        Signal(deviceId);
    }

    /// <summary>The machine has changed.</summary>
    public ValueTask FactsAsync(Guid deviceId, DeviceFacts facts, CancellationToken cancellationToken) =>
        notes.FactsAsync(deviceId, facts, cancellationToken);

    /// <summary>How the machine does.</summary>
    public void Telemetry(Guid deviceId, TelemetrySample sample)
    {
        loads.Note(deviceId, sample);
        telemetry.Take(deviceId, sample);
    }

    private static string? Refuse(Hello hello) =>
        hello.Protocol < ProtocolVersion.Oldest
            ? $"This agent ({hello.AgentVersion}) speaks protocol {hello.Protocol}, and the server takes {ProtocolVersion.Oldest} and newer. "
                + "Upgrade the agent: run the server's install.sh or install.ps1 again."
        : hello.Protocol > ProtocolVersion.Current
            ? $"This agent ({hello.AgentVersion}) speaks protocol {hello.Protocol}, and the server ({ServerVersion}) takes at most "
                + $"{ProtocolVersion.Current}. Upgrade the server, or install the agent that it serves."
        : null;

    private void Signal(Guid deviceId)
    {
        changes.Signal(LiveChanges.Devices);
        changes.Signal(LiveChanges.Device(deviceId));
    }
}

/// <summary>What is noted of a device: all of it, or only when it was last seen.</summary>
internal sealed record DeviceNote(Guid DeviceId, DateTimeOffset SeenAt, DeviceFacts? Facts = null, string? AgentVersion = null);

/// <summary>
/// Stores facts and when devices were last seen, in batches: a fleet that comes back costs a few transactions. Those who
/// stay connected are noted once a minute, so that a crash of the node loses no more than that.
/// </summary>
internal sealed class DeviceNotes(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, NodePresence nodes, LiveChanges changes, TimeProvider time, ILogger<DeviceNotes> logger)
    : BatchedWriter<DeviceNote>(databases, time, logger, capacity: 20_000, gather: TimeSpan.FromMilliseconds(200))
{
    private readonly TimeProvider _time = time;

    public ValueTask ConnectedAsync(Guid deviceId, Hello hello, CancellationToken cancellationToken) =>
        QueueAsync(new(deviceId, _time.GetUtcNow(), hello.Facts, hello.AgentVersion), cancellationToken);

    public ValueTask FactsAsync(Guid deviceId, DeviceFacts facts, CancellationToken cancellationToken) =>
        QueueAsync(new(deviceId, _time.GetUtcNow(), facts), cancellationToken);

    public ValueTask SeenAsync(Guid deviceId, CancellationToken cancellationToken) =>
        QueueAsync(new(deviceId, _time.GetUtcNow()), cancellationToken);

    protected override async Task StoreAsync(OperoneDb db, IReadOnlyList<DeviceNote> batch, CancellationToken cancellationToken)
    {
        var ids = batch.Select(n => n.DeviceId).Distinct().ToArray();
        var devices = await db.Set<Device>().AsTracking().Where(d => ids.Contains(d.Id)).ToDictionaryAsync(d => d.Id, cancellationToken);
        foreach (var note in batch)
        {
            // One that was removed meanwhile is left out.
            if (devices.TryGetValue(note.DeviceId, out var device))
            {
                device.Facts = note.Facts ?? device.Facts;
                device.AgentVersion = Cut(note.AgentVersion) ?? device.AgentVersion;
                device.LastSeenAt = note.SeenAt;
            }
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException exception)
        {
            foreach (var gone in exception.Entries)
            {
                gone.State = EntityState.Detached;
            }

            await db.SaveChangesAsync(cancellationToken);
        }

        foreach (var device in devices.Values)
        {
            if (directory.PutCapacity(device.Id, DeviceCapacity.Of(device.Facts)))
            {
                nodes.TellChanged(device.Id);
            }
        }
    }

    protected override void Stored(IReadOnlyList<DeviceNote> batch)
    {
        changes.Signal(LiveChanges.Devices);
        foreach (var note in batch)
        {
            changes.Signal(LiveChanges.Device(note.DeviceId));
        }
    }

    private static string? Cut(string? version) => version?.Length > 64 ? version[..64] : version;
}
