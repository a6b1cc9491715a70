using Microsoft.AspNetCore.Components;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Web.Devices;
using Operone.Web.Events;

namespace Operone.Web.Shell.Pages.Compose;

/// <summary>Picks the devices of a run, and shows which those are now.</summary>
public sealed partial class TargetPicker
{
    private string _filter = "";
    private IReadOnlyList<DeviceEntry> _all = [];
    private HashSet<string>? _chosenBefore;
    private IReadOnlyList<DeviceEntry> _matches = [];
    private int _barred;

    [Inject]
    private DeviceDirectory Directory { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Parameter, EditorRequired]
    public RunForm Form { get; set; } = default!;

    [Parameter, EditorRequired]
    public IReadOnlyDictionary<string, string[]> Problems { get; set; } = default!;

    /// <summary>Called with the field that changed.</summary>
    [Parameter, EditorRequired]
    public Action<string> Changed { get; set; } = default!;

    private bool MayAll => Actor.MayEverywhere(Permissions.RunsCreate);

    private int Online => _matches.Count(d => Directory.IsOnline(d.Id));

    private List<DeviceEntry> Listed => Form.TargetKind != TargetKind.Devices ? [.. _matches]
        : [.. _all.Where(d => d.Name.Contains(_filter.Trim(), StringComparison.OrdinalIgnoreCase))];

    private string Nothing => _all.Count == 0 ? "There are no devices yet."
        : Form.TargetKind == TargetKind.Devices ? $"No device has '{_filter.Trim()}' in its name."
        : string.IsNullOrWhiteSpace(Form.Selector) ? "Type a selector, and the devices it matches are listed here."
        : "No device matches.";

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Devices];

    protected override Task ReadAsync(CancellationToken cancellationToken)
    {
        // What was chosen before is in sight at once; what is chosen here does not jump away under the pointer.
        _chosenBefore ??= new(Form.Devices, StringComparer.OrdinalIgnoreCase);
        _all = [.. Sight.TargetsOf(Actor).OrderBy(d => !_chosenBefore.Contains(d.Name)).ThenBy(d => d.Name, StringComparer.OrdinalIgnoreCase)];
        Match();
        return Task.CompletedTask;
    }

    private void Match()
    {
        var selector = Selector.Parse(Form.Selector);
        _matches = Form.TargetKind switch
        {
            TargetKind.All => _all,
            TargetKind.Devices => [.. _all.Where(d => Form.Devices.Contains(d.Name) || Form.Devices.Contains(d.Id.ToString()))],
            _ when string.IsNullOrWhiteSpace(Form.Selector) || selector.IsError => [],
            _ => [.. _all.Where(d => selector.Value.Matches(d.Labels))],
        };
        _barred = MayAll ? 0 : _matches.Count(d => !Actor.May(Permissions.RunsCreate, d.Labels));
    }

    private string Is(TargetKind kind) => Form.TargetKind == kind ? "true" : "false";

    private string[]? Wrong(string field) => Problems.GetValueOrDefault(field);

    private DeviceStatus Status(Guid id) => Directory.IsOnline(id) ? DeviceStatus.Online : DeviceStatus.Offline;

    private void Choose(TargetKind kind)
    {
        Form.TargetKind = kind;
        Match();
    }

    private void Typed(ChangeEventArgs change)
    {
        Form.Selector = change.Value as string ?? "";
        Match();
        if (Problems.ContainsKey("target.selector"))
        {
            Changed("target.selector");
        }
    }

    private void Pick(string name, bool isChosen)
    {
        if (isChosen)
        {
            Form.Devices.Add(name);
        }
        else
        {
            Form.Devices.Remove(name);
        }

        Match();
        Changed("target");
    }
}
