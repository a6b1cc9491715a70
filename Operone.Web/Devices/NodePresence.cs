using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Devices;

/// <summary>
/// Keeps the directories of several nodes alike: each tells which devices are connected to it, and which devices it has added, changed
/// or removed. On a node that is alone it does nothing.
/// </summary>
internal sealed partial class NodePresence : BackgroundService
{
    private readonly INodeBus _bus;
    private readonly DeviceDirectory _directory;
    private readonly LiveChanges _changes;
    private readonly IDeviceLink _link;
    private readonly IDbContextFactory<OperoneDb> _databases;
    private readonly TimeProvider _time;
    private readonly ILogger<NodePresence> _logger;

    // which devices to read again; all of them where news may have been missed
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _lock = new();
    private HashSet<Guid> _stale = [];
    private bool _isAllStale;

    public NodePresence(
        INodeBus bus, DeviceDirectory directory, LiveChanges changes, IDeviceLink link, IDbContextFactory<OperoneDb> databases, TimeProvider time,
        ILogger<NodePresence> logger)
    {
        (_bus, _directory, _changes, _link, _databases, _time, _logger) = (bus, directory, changes, link, databases, time, logger);
        bus.On<Connected>("device-connected", TakeConnected);
        bus.On<Gone>("device-gone", TakeGone);
        bus.On<IReadOnlyList<Connected>>("devices-here", TakeAll);
        bus.On<IReadOnlyList<Guid>>("devices-changed", (_, ids) => Refresh(ids));
        bus.Asked += TellAll;
        bus.Asked += RefreshAll;
        bus.Left += node => Forgotten(_directory.ForgetNode(node));
    }

    /// <summary>A number for a connection of a device that begins now.</summary>
    public ValueTask<long> NextAsync(CancellationToken cancellationToken) => _bus.NextAsync(cancellationToken);

    /// <summary>Tells the others that a device is connected here.</summary>
    public void TellConnected(Guid deviceId, DeviceConnection connection) =>
        _bus.Tell("device-connected", new Connected(deviceId, connection.ConnectionId, connection.Number));

    /// <summary>Tells the others that a connection to this node has ended.</summary>
    public void TellGone(Guid deviceId, string connectionId) => _bus.Tell("device-gone", new Gone(deviceId, connectionId));

    /// <summary>Tells the others that a device was added, changed or removed.</summary>
    public void TellChanged(Guid deviceId) => _bus.Tell("devices-changed", (Guid[])[deviceId]);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _wake.Reader.ReadAsync(stoppingToken))
            {
                HashSet<Guid> stale;
                bool isAll;
                lock (_lock)
                {
                    (stale, _stale, isAll, _isAllStale) = (_stale, [], _isAllStale, false);
                }

                try
                {
                    await ReadAsync(isAll ? await AllAsync(stoppingToken) : stale, stoppingToken);
                }
                catch (Exception problem) when (Hosting.Problems.IsDatabaseAway(problem))
                {
                    Log.DatabaseAway(_logger, problem.GetBaseException().Message);
                    if (isAll)
                    {
                        RefreshAll();
                    }

                    Refresh(stale);
                    await Task.Delay(TimeSpan.FromSeconds(2), _time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Those that are stored, and those that are known here.</summary>
    private async Task<HashSet<Guid>> AllAsync(CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        return [.. await db.Set<Device>().Select(d => d.Id).ToListAsync(cancellationToken), .. _directory.All.Select(d => d.Id)];
    }

    private async Task ReadAsync(HashSet<Guid> ids, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        foreach (var some in ids.Chunk(500))
        {
            var found = await db.Set<Device>().Where(d => some.Contains(d.Id)).Select(Device.AsEntry)
                .ToDictionaryAsync(d => d.Id, cancellationToken);
            foreach (var id in some)
            {
                if (found.TryGetValue(id, out var device))
                {
                    _directory.Put(device);
                }
                else
                {
                    _link.EndHere(id);
                    _directory.Remove(id);
                }
            }
        }

        // who may see what may have changed with their labels
        _changes.SignalHere(LiveChanges.Sight);
        Signal(ids);
    }

    private void TakeConnected(Guid node, Connected news)
    {
        _bus.Note(news.Number);
        var wasHere = _directory.IsHere(news.DeviceId);
        if (!_directory.Connected(news.DeviceId, new(news.ConnectionId, news.Number, node)))
        {
            return;
        }

        if (wasHere)
        {
            _link.EndHere(news.DeviceId);
        }

        if (_directory.Find(news.DeviceId) is null)
        {
            Refresh([news.DeviceId]);
        }

        Signal([news.DeviceId]);
    }

    private void TakeGone(Guid node, Gone news)
    {
        if (_directory.Disconnected(news.DeviceId, news.ConnectionId))
        {
            Signal([news.DeviceId]);
        }
    }

    private void TakeAll(Guid node, IReadOnlyList<Connected> all)
    {
        Forgotten(_directory.ForgetNode(node, all.Select(c => c.DeviceId).ToHashSet()));
        foreach (var connected in all)
        {
            TakeConnected(node, connected);
        }
    }

    private void TellAll() => _bus.Tell("devices-here", _directory.Here.Select(d => new Connected(d.Key, d.Value.ConnectionId, d.Value.Number)).ToArray());

    private void Forgotten(IReadOnlyList<Guid> devices)
    {
        if (devices.Count > 0)
        {
            Signal(devices);
        }
    }

    private void RefreshAll()
    {
        lock (_lock)
        {
            _isAllStale = true;
        }

        _wake.Writer.TryWrite(true);
    }

    private void Refresh(IEnumerable<Guid> ids)
    {
        lock (_lock)
        {
            _stale.UnionWith(ids);
        }

        _wake.Writer.TryWrite(true);
    }

    private void Signal(IEnumerable<Guid> devices)
    {
        _changes.SignalHere(LiveChanges.Devices);
        foreach (var device in devices)
        {
            _changes.SignalHere(LiveChanges.Device(device));
        }
    }

    private sealed record Connected(Guid DeviceId, string ConnectionId, long Number);

    private sealed record Gone(Guid DeviceId, string ConnectionId);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What other nodes changed of devices is read again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
