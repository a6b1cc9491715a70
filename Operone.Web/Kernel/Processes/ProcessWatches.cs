using Operone.Web.Access;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Processes;

/// <summary>The devices whose processes somebody looks at through this node: one channel each, whoever and how many they are.</summary>
internal sealed class ProcessWatches(
    AgentProcesses agents, DeviceDirectory directory, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ProcessWatches> logger) : IHostedService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, DeviceWatch> _watches = [];

    /// <summary>How many devices are watched.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _watches.Count;
            }
        }
    }

    /// <summary>Looks at a device's processes, until what it gives is disposed.</summary>
    public WatchSeat Look(Actor actor, DeviceEntry device, TimeSpan interval)
    {
        lock (_lock)
        {
            if (!_watches.TryGetValue(device.Id, out var watch))
            {
                _watches[device.Id] = watch = new DeviceWatch(agents, directory, actor, device, time, logger, lifetime.ApplicationStopping);
            }

            return watch.Sit(interval, Leave);
        }
    }

    /// <summary>What is known of a device at this moment, where somebody looks.</summary>
    public WatchView? Now(Guid deviceId)
    {
        lock (_lock)
        {
            return _watches.TryGetValue(deviceId, out var watch) ? watch.View() : null;
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    async Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        Task[] ends;
        lock (_lock)
        {
            ends = [.. _watches.Values.Select(w => w.Ended)];
        }

        await Task.WhenAll(ends).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Leave(WatchSeat seat)
    {
        lock (_lock)
        {
            if (seat.Watch.Leave(seat) && _watches.GetValueOrDefault(seat.Watch.DeviceId) == seat.Watch)
            {
                _watches.Remove(seat.Watch.DeviceId);
            }
        }
    }
}
