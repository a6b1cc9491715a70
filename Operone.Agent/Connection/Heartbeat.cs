using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;
using Operone.Core.Connection;

namespace Operone.Agent.Connection;

/// <summary>
/// While a command is on a lease: asks the server again and again for nothing but an answer, and touches a file at each. Whoever watches
/// the file (a command's host) knows that the server was there a moment ago; an answer that took long is no answer.
/// </summary>
internal sealed partial class Heartbeat(string file, TimeProvider time, ILogger<Heartbeat> logger)
{
    /// <summary>A lease is asked for so often within its time.</summary>
    private const double Beats = 5;

    /// <summary>What SignalR says of a method that the server does not have.</summary>
    private const string NoSuchMethod = "HubException: Method does not exist.";

    private static readonly TimeSpan _shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly List<double> _leases = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDevicesHub? _hub;

    /// <summary>There is a lease for as long as the result is held; null is none.</summary>
    /// <param name="seconds">How long it is.</param>
    public IDisposable? Hold(double? seconds)
    {
        if (seconds is not { } lease)
        {
            return null;
        }

        Change(() => _leases.Add(lease));
        return new Held(() => Change(() => _leases.Remove(lease)));
    }

    /// <summary>A connection is there, and the server has been heard on it.</summary>
    public void Connect(IDevicesHub hub) => Change(() => _hub = hub);

    /// <summary>The connection is gone.</summary>
    public void Disconnect() => Change(() => _hub = null);

    /// <summary>Asks until cancelled. Without a lease or a connection it sleeps.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            var (hub, pause, changed) = Now();
            if (hub is null || pause is not { } interval)
            {
                await changed.WaitAsync(cancel);
                continue;
            }

            await BeatAsync(hub);
            await Task.WhenAny(changed, Task.Delay(interval, time, cancel));
            cancel.ThrowIfCancellationRequested();
        }
    }

    private async Task BeatAsync(IDevicesHub hub)
    {
        try
        {
            await hub.Beat();
        }
        catch (HubException problem) when (problem.Message.EndsWith(NoSuchMethod, StringComparison.Ordinal))
        {
            // an older server does not know the question; but it has answered
        }
        catch (Exception problem) when (problem is HubException or InvalidOperationException or IOException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            Log.NotHeard(logger, problem.Message);
            return;
        }

        Touch();
    }

    private void Touch()
    {
        try
        {
            using (File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                // it is there
            }

            File.SetLastWriteTimeUtc(file, time.GetUtcNow().UtcDateTime);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Log.NotTouched(logger, problem.Message);
        }
    }

    private (IDevicesHub? Hub, TimeSpan? Interval, Task Changed) Now()
    {
        lock (_lock)
        {
            TimeSpan? interval = _leases.Count == 0 ? null : TimeSpan.FromSeconds(Math.Clamp(_leases.Min() / Beats, _shortest.TotalSeconds, _longest.TotalSeconds));
            return (_hub, interval, _changed.Task);
        }
    }

    private void Change(Action how)
    {
        lock (_lock)
        {
            how();
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private sealed class Held(Action release) : IDisposable
    {
        public void Dispose() => release();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The server did not answer a beat: {Problem}")]
        public static partial void NotHeard(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "That the server was heard could not be noted, and commands on a lease may be ended by it: {Problem}")]
        public static partial void NotTouched(ILogger logger, string problem);
    }
}
