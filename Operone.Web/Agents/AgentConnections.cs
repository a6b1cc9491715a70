using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;

namespace Operone.Web.Agents;

/// <summary>The agents' connections to this node, to end one: of a device that was removed, that has come back elsewhere, or that may not stay.</summary>
internal sealed class AgentConnections(TimeProvider time) : BackgroundService
{
    // Long enough for the answer to arrive that says why.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, HubCallerContext> _connections = new();
    private readonly ConcurrentQueue<(HubCallerContext Connection, DateTimeOffset At)> _leaving = new();

    /// <summary>How many devices are connected to this node.</summary>
    public int Count => _connections.Count;

    /// <summary>A device has said Hello here. A connection that it had before is ended.</summary>
    public void Add(Guid deviceId, HubCallerContext connection)
    {
        HubCallerContext? before = null;
        _connections.AddOrUpdate(deviceId, connection, (_, old) =>
        {
            before = old;
            return connection;
        });
        if (before is not null && before.ConnectionId != connection.ConnectionId)
        {
            before.Abort();
        }
    }

    /// <summary>A connection has ended.</summary>
    public void Remove(Guid deviceId, HubCallerContext connection) => _connections.TryRemove(new(deviceId, connection));

    /// <summary>Ends a device's connection, if it is here, once what was sent to it had time to arrive.</summary>
    public void EndSoon(Guid deviceId)
    {
        if (_connections.TryGetValue(deviceId, out var connection))
        {
            EndSoon(connection);
        }
    }

    /// <summary>Ends a connection once the answer to it had time to arrive.</summary>
    public void EndSoon(HubCallerContext connection) => _leaving.Enqueue((connection, time.GetUtcNow() + Farewell));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = time.GetUtcNow();
            while (_leaving.TryPeek(out var first) && first.At <= now && _leaving.TryDequeue(out first))
            {
                first.Connection.Abort();
            }
        }
    }
}
