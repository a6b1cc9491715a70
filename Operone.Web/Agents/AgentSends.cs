using Operone.Core.Connection;

namespace Operone.Web.Agents;

/// <summary>
/// Sends to many devices without letting a slow one hold up the others: a send that its connection does not take is left
/// to finish by itself for a while, and then the connection is ended; what it missed is settled when it reconnects.
/// </summary>
internal sealed partial class AgentSends(IAgentSender sender, TimeProvider time, ILogger<AgentSends> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan GivenUp = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<(Guid DeviceId, Task Task, long Since)> _late = [];

    /// <summary>Sends one message to each; returns when all are on their way, or after 100 ms with the late ones still under watch.</summary>
    public async Task SendAsync<T>(IEnumerable<(Guid DeviceId, T Message)> messages, Func<IAgentClient, T, Task> send, CancellationToken cancellationToken)
    {
        List<(Guid DeviceId, Task Task, long Since)>? open = null;
        foreach (var (deviceId, message) in messages)
        {
            var task = SendOneAsync(deviceId, message, send);
            if (!task.IsCompletedSuccessfully)
            {
                (open ??= []).Add((deviceId, task, time.GetTimestamp()));
            }
        }

        if (open is not null)
        {
            await Task.WhenAny(Task.WhenAll(open.Select(o => o.Task)), Task.Delay(Patience, time, cancellationToken));
        }

        Watch(open);
    }

    private async Task SendOneAsync<T>(Guid deviceId, T message, Func<IAgentClient, T, Task> send)
    {
        try
        {
            await send(sender.To(deviceId), message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.SendFailed(logger, deviceId, e.Message);
        }
    }

    private void Watch(List<(Guid DeviceId, Task Task, long Since)>? more)
    {
        List<Guid>? stuck = null;
        lock (_lock)
        {
            if (more is not null)
            {
                _late.AddRange(more);
            }

            for (var i = _late.Count - 1; i >= 0; i--)
            {
                var (deviceId, task, since) = _late[i];
                if (task.IsCompleted)
                {
                    _late.RemoveAt(i);
                }
                else if (time.GetElapsedTime(since) > GivenUp)
                {
                    _late.RemoveAt(i);
                    (stuck ??= []).Add(deviceId);
                }
            }
        }

        foreach (var deviceId in stuck ?? [])
        {
            Log.Stuck(logger, deviceId);
            sender.Disconnect(deviceId);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Could not send to device {DeviceId}: {Problem}")]
        public static partial void SendFailed(ILogger logger, Guid deviceId, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Device {DeviceId} takes nothing any more; its connection is ended")]
        public static partial void Stuck(ILogger logger, Guid deviceId);
    }
}
