using System.Globalization;
using Microsoft.AspNetCore.Components;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Web.Events;

namespace Operone.Web.Devices.Pages.Charts;

/// <summary>A device's telemetry as charts, live.</summary>
public sealed partial class TelemetryCharts
{
    private static readonly (string Name, TimeSpan Length)[] Ranges =
        [("15m", TimeSpan.FromMinutes(15)), ("1h", TimeSpan.FromHours(1)), ("24h", TimeSpan.FromDays(1)), ("7d", TimeSpan.FromDays(7))];

    private static readonly string[] DiskColours = ["running", "accent", "good", "warning", "off"];

    private TelemetrySeries? _series;

    [Inject]
    private TelemetryService Telemetry { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Parameter, EditorRequired]
    public Guid DeviceId { get; set; }

    [Parameter]
    public string? Range { get; set; }

    private (string Name, TimeSpan Length) Chosen => Ranges.FirstOrDefault(r => r.Name == Range, Ranges[1]);

    protected override TimeSpan AtMostEvery => TimeSpan.FromSeconds(1);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Device(DeviceId)];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        var series = await Telemetry.GetAsync(Actor, DeviceId.ToString(), now - Chosen.Length, now, cancellationToken);
        (Problem, _series) = series.Match<(Core.Errors.Error?, TelemetrySeries?)>(s => (null, s), e => (e, null));
    }

    private ChartSeries Line(string name, string colour, Func<TelemetrySample, double> value) =>
        new(name, colour, ChartData.Thin([.. _series!.Items.Select(t => new ChartPoint(t.At, value(t)))], _series.From, _series.To));

    // The largest five: more lines than that are not told apart.
    private ChartSeries[] Disks(TelemetrySeries series) =>
    [
        .. series.Items[^1].Disks.OrderByDescending(d => d.TotalBytes).Take(DiskColours.Length).Select((disk, i) => Line(
            disk.Mount, DiskColours[i], t => t.Disks.FirstOrDefault(d => d.Mount == disk.Mount) is { TotalBytes: > 0 } d ? 100.0 * d.UsedBytes / d.TotalBytes : 0)),
    ];

    private static string Percent(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0} %");

    private static string Size(double value) => Quantities.FormatSize((long)value);

    private static string Rate(double value) => Quantities.FormatSize((long)value) + "/s";

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
