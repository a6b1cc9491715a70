using Microsoft.Extensions.Logging;
using Operone.Agent.Platforms;
using Operone.Core.Connection;
using Operone.Core.Devices;

namespace Operone.Agent.Devices;

/// <summary>Tells the server how the machine does, every few seconds, and what it is, where that has changed.</summary>
/// <param name="machine">The machine.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="sandbox">What it can hold commands with; asked for once.</param>
internal sealed partial class DeviceReporter(IMachine machine, TimeProvider time, ILogger<DeviceReporter> logger, Func<SandboxFact?>? sandbox = null)
{
    /// <summary>How often the facts are looked at.</summary>
    private static readonly TimeSpan _factsEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Lazy<SandboxFact?> _sandbox = new(() => sandbox?.Invoke());
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDevicesHub? _hub;
    private TimeSpan _interval = TimeSpan.FromSeconds(new AgentSettings().TelemetrySeconds);
    private DeviceFacts? _told;
    private long _factsAt;

    /// <summary>The facts, for a hello.</summary>
    public DeviceFacts Facts()
    {
        _factsAt = time.GetTimestamp();
        return _told = machine.Facts() with { Sandbox = _sandbox.Value };
    }

    /// <summary>A connection is there.</summary>
    public void Connect(IDevicesHub hub, AgentSettings settings) => Change(hub, settings);

    /// <summary>Settings have changed.</summary>
    public void Configure(AgentSettings settings)
    {
        lock (_lock)
        {
            Change(_hub, settings);
        }
    }

    /// <summary>The connection is gone.</summary>
    public void Disconnect() => Change(null, null);

    /// <summary>Reports until cancelled. While there is no connection it sleeps.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            var (hub, interval, changed) = Now();
            if (hub is null)
            {
                await changed.WaitAsync(cancel);
                continue;
            }

            await ReportAsync(hub);
            await Task.WhenAny(changed, Task.Delay(interval, time, cancel));
            cancel.ThrowIfCancellationRequested();
        }
    }

    private async Task ReportAsync(IDevicesHub hub)
    {
        try
        {
            await hub.ReportTelemetry(machine.Sample());
            if (time.GetElapsedTime(_factsAt) >= _factsEvery)
            {
                var before = _told;
                var facts = Facts();
                if (before is null || !FactsComparer.Equal(before, facts))
                {
                    await hub.ReportFacts(facts);
                }
            }
        }
        catch (Exception problem) when (problem is InvalidOperationException or IOException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            Log.NotReported(logger, problem.Message); // the connection is gone; its own loop knows
        }
    }

    private (IDevicesHub? Hub, TimeSpan Interval, Task Changed) Now()
    {
        lock (_lock)
        {
            return (_hub, _interval, _changed.Task);
        }
    }

    private void Change(IDevicesHub? hub, AgentSettings? settings)
    {
        lock (_lock)
        {
            _hub = hub;
            _interval = settings is null ? _interval : TimeSpan.FromSeconds(Math.Clamp(settings.TelemetrySeconds, 1, 3600));
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Telemetry did not go: {Problem}")]
        public static partial void NotReported(ILogger logger, string problem);
    }
}

/// <summary>Compares facts by what they say.</summary>
internal static class FactsComparer
{
    /// <summary>Whether they say the same.</summary>
    public static bool Equal(DeviceFacts a, DeviceFacts b) =>
        a.Disks.SequenceEqual(b.Disks) && a.Addresses.SequenceEqual(b.Addresses)
        && a with { Disks = [], Addresses = [] } == b with { Disks = [], Addresses = [] };
}
