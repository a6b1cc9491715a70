using System.Collections.Concurrent;
using Operone.Core.Devices;

namespace Operone.Web.Devices;

/// <summary>What is needed of a device to aim at it.</summary>
internal sealed record DeviceEntry(Guid Id, string Name, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Why it takes no new work; null where it does.</summary>
    public DeviceCordon? Cordon { get; init; }
    /// <summary>What it has; null where it has not told yet.</summary>
    public Resources? Capacity { get; init; }
    /// <summary>What is kept for the device itself, where somebody has said.</summary>
    public Resources? OwnReserve { get; init; }

    /// <summary>Whether it takes new work.</summary>
    public DeviceIntake Intake => Cordon?.Intake ?? DeviceIntake.Open;
    /// <summary>What is kept for the device itself.</summary>
    public Resources Kept => OwnReserve ?? (Capacity is null ? Resources.None : DeviceCapacity.OwnReserve(Capacity));
}

/// <summary>Where a device's agent is connected.</summary>
/// <param name="ConnectionId">The hub's connection.</param>
/// <param name="Number">Higher than that of every connection that the device had before, on any node.</param>
/// <param name="Node">The other node that has it; null where this one has.</param>
internal sealed record DeviceConnection(string ConnectionId, long Number, Guid? Node = null);

/// <summary>
/// Every device's name and labels, and which are connected: in memory, filled from the database at start-up and kept by
/// the room's services, so that a selector over thousands of devices is answered at once.
/// </summary>
internal sealed class DeviceDirectory
{
    private readonly ConcurrentDictionary<Guid, DeviceEntry> _devices = new();
    private readonly ConcurrentDictionary<string, Guid> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<Guid, DeviceConnection> _connections = new();

    /// <summary>How many devices there are.</summary>
    public int Count => _devices.Count;

    /// <summary>How many are connected, to whichever node.</summary>
    public int OnlineCount => _connections.Count;

    /// <summary>Who is connected to this node, in no order.</summary>
    public IEnumerable<KeyValuePair<Guid, DeviceConnection>> Here => _connections.Where(c => c.Value.Node is null);

    /// <summary>All of them, in no order.</summary>
    public IEnumerable<DeviceEntry> All => _devices.Values;

    /// <summary>Adds a device, or takes over its new name and labels.</summary>
    public void Put(DeviceEntry device)
    {
        if (_devices.TryGetValue(device.Id, out var before) && !string.Equals(before.Name, device.Name, StringComparison.OrdinalIgnoreCase))
        {
            _names.TryRemove(new(before.Name, device.Id));
        }

        _devices[device.Id] = device;
        _names[device.Name] = device.Id;
    }

    /// <summary>Takes over what a device has. True where that is news.</summary>
    public bool PutCapacity(Guid id, Resources? capacity)
    {
        while (_devices.TryGetValue(id, out var known))
        {
            if (known.Capacity == capacity)
            {
                return false;
            }

            if (_devices.TryUpdate(id, known with { Capacity = capacity }, known))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Forgets a device.</summary>
    public void Remove(Guid id)
    {
        if (_devices.TryRemove(id, out var device))
        {
            _names.TryRemove(new(device.Name, id));
        }

        _connections.TryRemove(id, out _);
    }

    /// <summary>The device with this id or name, or null.</summary>
    public DeviceEntry? Find(string idOrName) =>
        Guid.TryParse(idOrName, out var id) || _names.TryGetValue(idOrName, out id) ? _devices.GetValueOrDefault(id) : null;

    /// <summary>The device with this id, or null.</summary>
    public DeviceEntry? Find(Guid id) => _devices.GetValueOrDefault(id);

    /// <summary>Whether its agent is connected, to whichever node.</summary>
    public bool IsOnline(Guid id) => _connections.ContainsKey(id);

    /// <summary>Whether its agent is connected to this node.</summary>
    public bool IsHere(Guid id) => ConnectionOf(id) is not null;

    /// <summary>The connection of its agent to this node, or null.</summary>
    public string? ConnectionOf(Guid id) => _connections.TryGetValue(id, out var connection) && connection.Node is null ? connection.ConnectionId : null;

    /// <summary>Its agent has connected. A new connection takes the place of an old one; false for news that is older than what is known.</summary>
    public bool Connected(Guid id, DeviceConnection connection) =>
        _connections.AddOrUpdate(id, connection, (_, known) => known.Number > connection.Number ? known : connection) == connection;

    /// <summary>A connection has ended. True if it was the device's present one: a late end of an old connection changes nothing.</summary>
    public bool Disconnected(Guid id, string connectionId) =>
        _connections.TryGetValue(id, out var known) && known.ConnectionId == connectionId && _connections.TryRemove(new(id, known));

    /// <summary>Forgets the connections to another node, but for these devices; gives which were forgotten.</summary>
    public IReadOnlyList<Guid> ForgetNode(Guid node, IReadOnlySet<Guid>? except = null) =>
        [.. _connections.Where(c => c.Value.Node == node && except?.Contains(c.Key) != true).Where(c => _connections.TryRemove(c)).Select(c => c.Key)];
}
