using Microsoft.AspNetCore.Components;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Pages;

/// <summary>What devices have, what of it is reserved and for what, and what waits for room.</summary>
public sealed partial class Resources
{
    private Page<DeviceResourcesView>? _page;
    private Page<ReservationView>? _reservations;
    private Page<RunView>? _queue;
    private Page<JobRunView>? _jobs;
    private IReadOnlyDictionary<Guid, TelemetrySample> _telemetry = new Dictionary<Guid, TelemetrySample>();

    [Inject]
    private ResourceService Service { get; set; } = default!;

    [Inject]
    private TelemetryService Telemetry { get; set; } = default!;

    [Inject]
    private RunReader Reader { get; set; } = default!;

    [Inject]
    private JobRunReader JobReader { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Selector { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    /// <summary>The device whose reservations are shown alone, by name.</summary>
    [SupplyParameterFromQuery]
    public string? Device { get; set; }

    protected override TimeSpan AtMostEvery => TimeSpan.FromSeconds(1);

    protected override TimeSpan? AtLeastEvery => TimeSpan.FromSeconds(10);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Devices, LiveChanges.Runs, LiveChanges.JobRuns];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var page = await Service.ListAsync(Actor, new(Selector, 50, Cursor), cancellationToken);
        (Problem, _page) = page.Match<(Core.Errors.Error?, Page<DeviceResourcesView>?)>(p => (null, p), e => (e, _page));
        if (_page is not null)
        {
            var online = _page.Items.Where(d => d.Status == DeviceStatus.Online).Select(d => d.DeviceId).ToArray();
            _telemetry = (await Telemetry.GetLatestAsync(Actor, online, cancellationToken)).Match(t => t, _ => _telemetry);
        }

        if (Actor.May(Permissions.JobsRead))
        {
            var jobs = await JobReader.ListAsync(Actor, new(Status: JobRunStatus.Waiting, Limit: 20), cancellationToken);
            (Problem, _jobs) = jobs.Match<(Core.Errors.Error?, Page<JobRunView>?)>(j => (Problem, j), e => (e, null));
        }

        if (Actor.May(Permissions.RunsRead))
        {
            _queue = (await Reader.ListAsync(Actor, new(Limit: 20, IsWaiting: true), cancellationToken)).Match<Page<RunView>?>(q => q, _ => null);
            var reservations = await Service.ReservationsAsync(Actor, Device, 50, null, cancellationToken);
            (Problem, _reservations) = reservations.Match<(Core.Errors.Error?, Page<ReservationView>?)>(r => (Problem, r), e => (e, null));
        }
    }

    private static long? DiskUsed(TelemetrySample? now) =>
        (now?.Disks.FirstOrDefault(d => d.Mount == "/") ?? now?.Disks.MaxBy(d => d.TotalBytes))?.UsedBytes;

    private void Go(string? selector) => Navigation.NavigateTo(
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["selector"] = string.IsNullOrWhiteSpace(selector) ? null : selector, ["cursor"] = null }), replace: true);

    private (string Command, string Call) Doors() => (
        "operone resources" + (string.IsNullOrWhiteSpace(Selector) ? "" : $" -l {ShellText.Quote(Selector)}"),
        ShellText.Curl("GET", $"{Navigation.BaseUri}api/v1/resources{(string.IsNullOrWhiteSpace(Selector) ? "" : $"?selector={Uri.EscapeDataString(Selector)}")}"));
}
