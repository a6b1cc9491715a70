using System.Diagnostics.Metrics;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>Devices in numbers.</summary>
internal sealed class DeviceMetrics : IHostedService, IDisposable
{
    private readonly Meter _meter = new(MetricsRegistration.Meter + ".Devices");

    public DeviceMetrics(DeviceDirectory directory)
    {
        _meter.CreateObservableGauge("operone.devices", () => directory.Count, "{device}", "Devices that have enrolled.");
        _meter.CreateObservableGauge("operone.agents.connected", () => directory.Here.Count(), "{agent}", "Agents that are connected to this node.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();
}
