using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.Extensions.Options;
using Operone.Core.Channels;
using Operone.Core.Errors;
using Operone.Web.Access;
using Operone.Web.Agents;
using Operone.Web.Devices;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Channels;

/// <summary>
/// Brings the two ends of a channel together: somebody asks for it here, the agent is told and dials, and whoever asked has
/// the agent's WebSocket. A channel is good for the device that it was made for, once, and for ten seconds.
/// </summary>
internal sealed class ChannelBroker(
    IAgentSender sender, DeviceDirectory devices, INodeBus nodes, IOptions<ChannelsOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(ChannelLimits.JoinSeconds);

    private readonly ConcurrentDictionary<Guid, Waiting> _waiting = new();
    private readonly ChannelCounts _perDevice = new();
    private readonly ChannelCounts _perPerson = new();

    /// <summary>How many channels of a device are open, or being opened.</summary>
    public int OpenOn(Guid deviceId) => _perDevice.Of(deviceId);

    /// <summary>Asks a device for a channel, and waits until it has dialled.</summary>
    /// <param name="actor">For whom; that they may is for the caller to have checked.</param>
    /// <param name="device">The device.</param>
    /// <param name="purpose">One of <see cref="ChannelPurposes"/>.</param>
    /// <param name="target">Which one.</param>
    /// <param name="hello">The first control message, in JSON.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<AgentChannel>> OpenAsync(
        Actor actor, DeviceEntry device, string purpose, Guid target, string hello, CancellationToken cancellationToken)
    {
        if (!devices.IsOnline(device.Id))
        {
            return ChannelErrors.DeviceOffline(device.Name);
        }

        var person = actor.OwnerId;
        if (!_perDevice.TryAdd(device.Id, options.Value.MaxPerDevice))
        {
            return ChannelErrors.DeviceFull(device.Name, options.Value.MaxPerDevice);
        }

        if (!_perPerson.TryAdd(person, options.Value.MaxPerPerson))
        {
            _perDevice.Remove(device.Id);
            return ChannelErrors.PersonFull(actor.Name, options.Value.MaxPerPerson);
        }

        var isOpen = false;
        var id = Guid.NewGuid();
        var waiting = new Waiting(device.Id, purpose);
        _waiting[id] = waiting;
        try
        {
            var began = time.GetTimestamp();
            await sender.To(device.Id).OpenChannel(new OpenChannel(id, purpose, target, hello, nodes.IsAlone ? null : nodes.Id)).WaitAsync(Patience, time, cancellationToken);
            var socket = await waiting.Joined.Task.WaitAsync(Left(began), time, cancellationToken);
            isOpen = true;
            return new AgentChannel(socket, () =>
            {
                _perDevice.Remove(device.Id);
                _perPerson.Remove(person);
                waiting.Done.TrySetResult();
            });
        }
        catch (Exception problem) when (problem is TimeoutException or IOException)
        {
            return ChannelErrors.NotJoined(device.Name);
        }
        finally
        {
            if (!isOpen)
            {
                // one that joins just now finds out that nobody is there
                _waiting.TryRemove(id, out _);
                waiting.Done.TrySetResult();
                _perDevice.Remove(device.Id);
                _perPerson.Remove(person);
            }
        }
    }

    /// <summary>Whether somebody waits for this channel of this device.</summary>
    public bool IsWaiting(Guid channelId, Guid deviceId) => _waiting.TryGetValue(channelId, out var waiting) && waiting.DeviceId == deviceId;

    /// <summary>An agent has dialled. Returns when whoever asked is done with it, or at once with false where nobody asked.</summary>
    public async Task<bool> JoinAsync(Guid channelId, Guid deviceId, Func<string, Task<WebSocket>> accept)
    {
        if (!IsWaiting(channelId, deviceId) || !_waiting.TryRemove(channelId, out var waiting))
        {
            return false;
        }

        try
        {
            waiting.Joined.SetResult(await accept(waiting.Purpose));
        }
        catch (Exception problem)
        {
            waiting.Joined.TrySetException(new IOException("The agent's handshake failed.", problem));
            throw;
        }

        await waiting.Done.Task;
        return true;
    }

    private TimeSpan Left(long began) => time.GetElapsedTime(began) is var gone && gone < Patience ? Patience - gone : TimeSpan.Zero;

    private sealed record Waiting(Guid DeviceId, string Purpose)
    {
        /// <summary>The agent has dialled.</summary>
        public TaskCompletionSource<WebSocket> Joined { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whoever asked needs it no more, or has given up.</summary>
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>The agent's end of a channel, for whoever asked for it.</summary>
internal sealed class AgentChannel(WebSocket socket, Action done) : IDisposable
{
    private Action? _done = done;

    /// <summary>The agent's WebSocket.</summary>
    public WebSocket Socket => socket;

    /// <summary>Lets go of it: the agent's connection ends.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _done, null) is { } end)
        {
            socket.Dispose();
            end();
        }
    }
}

/// <summary>How many there are of each, up to a limit.</summary>
internal sealed class ChannelCounts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, int> _counts = [];

    public int Of(Guid id)
    {
        lock (_lock)
        {
            return _counts.GetValueOrDefault(id);
        }
    }

    public bool TryAdd(Guid id, int most)
    {
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(id);
            if (count >= most)
            {
                return false;
            }

            _counts[id] = count + 1;
            return true;
        }
    }

    public void Remove(Guid id)
    {
        lock (_lock)
        {
            if (--_counts[id] == 0)
            {
                _counts.Remove(id);
            }
        }
    }
}
