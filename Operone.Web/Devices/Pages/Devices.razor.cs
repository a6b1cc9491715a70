using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Web.Console.Palette;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Devices.Pages;

/// <summary>The devices, filtered by text and by the selector that the command line takes too.</summary>
public sealed partial class Devices
{
    private Page<DeviceView>? _page;
    private IReadOnlyDictionary<Guid, TelemetrySample> _telemetry = new Dictionary<Guid, TelemetrySample>();
    private string? _selectorProblem;
    private (int Count, int Online) _seen;

    [Inject]
    private DeviceService Service { get; set; } = default!;

    [Inject]
    private TelemetryService Telemetry { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private PageActions Palette { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    [SupplyParameterFromQuery]
    public string? Selector { get; set; }

    [SupplyParameterFromQuery]
    public string? Status { get; set; }

    [SupplyParameterFromQuery]
    public string? Intake { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    private bool IsFiltered => !string.IsNullOrEmpty(Q) || !string.IsNullOrEmpty(Selector) || Status is not null || Intake is not null || Cursor is not null;

    private string RunHref => string.IsNullOrWhiteSpace(Selector) || _selectorProblem is not null
        ? "runs/new" : $"runs/new?selector={Uri.EscapeDataString(Selector)}";

    protected override TimeSpan? AtLeastEvery => TimeSpan.FromSeconds(10);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Devices];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        _seen = Sight.Count(Actor);
        var actions = new List<PageAction>();
        if (Actor.May(Permissions.DevicesManage))
        {
            actions.Add(new("Add a device", Glyphs.Plus, Act: AddAsync));
        }

        Palette.Offer(this, actions);
        // While a selector is being typed, the list stays at the last that could be read.
        _selectorProblem = Core.Selector.Parse(Selector).Error?.Fields?["selector"][0];
        if (_selectorProblem is not null && _page is not null)
        {
            return;
        }

        var query = new DeviceQuery(_selectorProblem is null ? Selector : null, Status, Q, 100, Cursor, Intake);
        var page = await Service.ListAsync(Actor, query, cancellationToken);
        (Problem, _page) = page.Match<(Core.Errors.Error?, Page<DeviceView>?)>(p => (null, p), e => (e, null));
        if (_page is not null)
        {
            var online = _page.Items.Where(d => d.Status == DeviceStatus.Online).Select(d => d.Id).ToArray();
            _telemetry = (await Telemetry.GetLatestAsync(Actor, online, cancellationToken)).Match(t => t, _ => _telemetry);
        }
    }

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["cursor"] = null });

    private void Filter(string name, object? value) =>
        Navigation.NavigateTo(With(name, value as string is { Length: > 0 } text ? text : null), replace: true);

    private async Task AddAsync() => await DialogService.ShowAsync<AddDevice>("Add a device", Dialogs.Form);

    private (string Command, string Call) Doors()
    {
        var command = "operone devices";
        var query = new List<string>();
        foreach (var (option, name, value) in new[] { ("-l", "selector", Selector), ("--status", "status", Status), ("--intake", "intake", Intake), ("-q", "q", Q) })
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                command += $" {option} {ShellText.Quote(value)}";
                query.Add($"{name}={Uri.EscapeDataString(value)}");
            }
        }

        var address = $"{Navigation.BaseUri}api/v1/devices{(query.Count > 0 ? "?" + string.Join('&', query) : "")}";
        return (command, ShellText.Curl("GET", address));
    }

    public override ValueTask DisposeAsync()
    {
        Palette.Withdraw(this);
        return base.DisposeAsync();
    }
}
