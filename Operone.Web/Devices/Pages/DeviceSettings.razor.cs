using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;

namespace Operone.Web.Devices.Pages;

/// <summary>A device's name and labels, and the way to be rid of it.</summary>
public sealed partial class DeviceSettings
{
    private readonly List<LabelRow> _labels = [];
    private string _name = "";
    private Error? _error;

    [Inject]
    private DeviceService Service { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Parameter, EditorRequired]
    public DeviceView Device { get; set; } = default!;

    private bool MayManage => Actor.May(Permissions.DevicesManage, Device.Labels);

    private bool IsChanged => _name.Trim() != Device.Name
        || !_labels.Where(l => l.Key.Length > 0).Select(l => (l.Key, l.Value)).ToHashSet().SetEquals(Device.Labels.Select(l => (l.Key, l.Value)));

    // Only once: what somebody else changes meanwhile does not take away what is being typed.
    protected override void OnInitialized()
    {
        _name = Device.Name;
        _labels.AddRange(Device.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => new LabelRow { Key = l.Key, Value = l.Value }));
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private Dictionary<string, string>? Check()
    {
        var errors = new FieldErrors();
        if (Labels.CheckDeviceName(_name.Trim()) is { } problem)
        {
            errors.Add("name", problem);
        }

        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in _labels.Where(l => l.Key.Trim().Length + l.Value.Trim().Length > 0))
        {
            errors.AddIf(!labels.TryAdd(label.Key.Trim(), label.Value.Trim()), "labels", $"'{label.Key.Trim()}' is there twice");
        }

        Labels.Check(labels, "labels", errors);
        _error = errors.ToError();
        return _error is null ? labels : null;
    }

    private void Remove(LabelRow label)
    {
        _labels.Remove(label);
        Check();
    }

    private async Task SaveAsync()
    {
        if (Check() is not { } labels)
        {
            return;
        }

        var saved = await Service.UpdateAsync(Actor, Device.Id.ToString(), new UpdateDevice(_name.Trim(), labels), CancellationToken.None);
        _error = saved.Error;
        if (saved.IsError)
        {
            return;
        }

        Snackbar.Add("Saved.", Severity.Success);
        if (saved.Value.Name != Device.Name)
        {
            Navigation.NavigateTo(DevicePage.Address(saved.Value.Name, "settings"), replace: true);
        }
    }

    private async Task RemoveAsync()
    {
        if (!await DialogService.ConfirmAsync($"Remove {Device.Name}?",
            $"{Device.Name} is refused from now on, its telemetry is deleted, and what runs on it ends as lost. To have it back it must be enrolled again.", $"Remove {Device.Name}"))
        {
            return;
        }

        var removed = await Service.RemoveAsync(Actor, Device.Id.ToString(), CancellationToken.None);
        _error = removed.Error;
        if (!removed.IsError)
        {
            Snackbar.Add($"Removed {Device.Name}.", Severity.Success);
            Navigation.NavigateTo("devices");
        }
    }

    private sealed class LabelRow
    {
        public string Key { get; set; } = "";
        public string Value { get; set; } = "";
    }
}
