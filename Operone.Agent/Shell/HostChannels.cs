using Operone.Agent.Channels;
using Operone.Agent.Platforms;
using Operone.Core.Errors;

namespace Operone.Agent.Shell;

/// <summary>Joins channels to the hosts of executions: to the socket in an execution's folder on which its host takes them.</summary>
internal sealed class HostChannels(Executions executions, TimeProvider time) : IChannelTargets
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    /// <remarks>An execution that has just been started has no socket yet: that is waited for.</remarks>
    public async ValueTask<Result<Stream>> ConnectAsync(string purpose, Guid target, CancellationToken cancel)
    {
        var pause = TimeSpan.FromMilliseconds(1);
        while (executions.FindRunning(target) is { } folder)
        {
            try
            {
                return await LocalConnection.ConnectAsync(folder.Channels, cancel);
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException)
            {
                if (cancel.IsCancellationRequested)
                {
                    return new Error(ErrorKind.Unavailable, "host-silent", "The device's host does not answer.", "Its process is there and takes no connection.");
                }
            }

            try
            {
                await Task.Delay(pause, time, cancel);
            }
            catch (OperationCanceledException)
            {
                // the next attempt says so
            }

            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }

        return new Error(ErrorKind.NotFound, "execution-over", "It is over.", "It has ended, or the device does not know it.");
    }
}
