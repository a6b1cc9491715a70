using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Web.Console.Palette;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Devices.Pages;

/// <summary>One device: what it is, how it does, what ran and what happened on it, and its settings.</summary>
public sealed partial class DevicePage
{
    private DeviceView? _device;

    [Inject]
    private DeviceService Service { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private PageActions Palette { get; set; } = default!;

    /// <summary>The device's name, or its id.</summary>
    [Parameter]
    public string Name { get; set; } = "";

    [Parameter]
    public string? Tab { get; set; }

    [SupplyParameterFromQuery]
    public string? Range { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    protected override IReadOnlyList<string> Topics() =>
        Sight.Find(Actor, Name) is { } device ? [LiveChanges.Device(device.Id)] : [LiveChanges.Devices];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        // By id once it is known: somebody may rename it while it is looked at.
        var device = await Service.GetAsync(Actor, _device is { } known && Matches(known) ? known.Id.ToString() : Name, cancellationToken);
        (Problem, _device) = device.Match<(Core.Errors.Error?, DeviceView?)>(d => (null, d), e => (e, null));
        if (_device is { } found)
        {
            OfferActions(found);
        }
    }

    private void OfferActions(DeviceView device)
    {
        var actions = new List<PageAction>();
        if (Actor.May(Permissions.RunsCreate, device.Labels))
        {
            actions.Add(new($"Run a command on {device.Name}", Glyphs.Play, $"runs/new?devices={device.Name}"));
        }

        if (Actor.May(Permissions.TerminalsOpen, device.Labels))
        {
            actions.Add(new($"Open a terminal on {device.Name}", Glyphs.Terminal, $"terminals?new=true&device={device.Name}"));
        }

        if (Actor.May(Permissions.FilesRead, device.Labels))
        {
            actions.Add(new($"Files of {device.Name}", Glyphs.Folder, $"files/devices/{device.Name}"));
        }

        Palette.Offer(this, actions);
    }

    private bool Matches(DeviceView device) =>
        string.Equals(device.Name, Name, StringComparison.OrdinalIgnoreCase) || device.Id.ToString() == Name;

    private (string Command, string Call) Doors() => (
        $"operone devices --json -q {ShellText.Quote(_device!.Name)}",
        ShellText.Curl("GET", $"{Navigation.BaseUri}api/v1/devices/{_device.Name}"));

    public override ValueTask DisposeAsync()
    {
        Palette.Withdraw(this);
        return base.DisposeAsync();
    }
}
