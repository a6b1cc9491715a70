using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Pages.Terminals.Workspace;

/// <summary>Where a terminal comes to stand in the workspace.</summary>
public enum PanePlacement
{
    /// <summary>In a tab of its own.</summary>
    Tab,
    /// <summary>Beside the one in use.</summary>
    Right,
    /// <summary>Beneath the one in use.</summary>
    Down,
}

/// <summary>A terminal that was opened or chosen, and where it shall stand.</summary>
internal sealed record ChosenTerminal(TerminalView Terminal, PanePlacement Place);

/// <summary>Opens a terminal, or picks one that runs.</summary>
public sealed partial class NewTerminal
{
    private const int MaxDevices = 500;
    private const int MaxRunning = 50;

    private IReadOnlyList<(string Name, bool Online)> _devices = [];
    private IReadOnlyList<TerminalView> _running = [];
    private EffectiveTerminalPolicy? _policy;
    private Guid _runningId;
    private bool _joins;
    private string? _device;
    private string? _user;
    private string? _shell;
    private string? _directory;
    private string? _title;
    private bool _record;
    private PanePlacement _place;
    private bool _sending;
    private Error? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private TerminalReader Reader { get; set; } = default!;

    [Inject]
    private TerminalService Service { get; set; } = default!;

    [Inject]
    private TerminalPolicies Policies { get; set; } = default!;

    [Inject]
    private DeviceDirectory Directory { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    /// <summary>The device to begin with, by name or id.</summary>
    [Parameter]
    public string? Device { get; set; }

    /// <summary>The user to begin with.</summary>
    [Parameter]
    public string? User { get; set; }

    /// <summary>Where it shall stand, to begin with; null where there is nothing to choose.</summary>
    [Parameter]
    public PanePlacement? Placed { get; set; }

    /// <summary>Those that are open already, and are not offered; null offers none that runs.</summary>
    [Parameter]
    public IReadOnlyCollection<Guid>? Besides { get; set; }

    private string? DeviceHelp => Sight.Find(Actor, _device ?? "") is { } device && !Directory.IsOnline(device.Id) ? "It is offline now." : null;

    internal static async Task<ChosenTerminal?> AskAsync(
        IDialogService dialogs, string? device, string? user, PanePlacement? placed, IReadOnlyCollection<Guid> besides)
    {
        var parameters = new DialogParameters<NewTerminal> { { d => d.Device, device }, { d => d.User, user }, { d => d.Placed, placed }, { d => d.Besides, besides } };
        var shown = await dialogs.ShowAsync<NewTerminal>("New terminal", parameters, Dialogs.Form);
        return (await shown.Result)?.Data as ChosenTerminal;
    }

    protected override async Task OnInitializedAsync()
    {
        _place = Placed ?? PanePlacement.Tab;
        _user = User;
        _devices = [.. Sight.With(Actor, Permissions.TerminalsOpen)
            .Select(d => (d.Name, Online: Directory.IsOnline(d.Id)))
            .OrderBy(d => !d.Online).ThenBy(d => d.Name, StringComparer.OrdinalIgnoreCase).Take(MaxDevices)];
        _device = Device ?? (_devices is [var only] ? only.Name : null);
        _joins = _devices.Count == 0;
        var running = await Reader.ListAsync(Actor, new TerminalQuery(Ended: false, Limit: MaxRunning), CancellationToken.None);
        _running = running.IsError ? [] : [.. running.Value.Items.Where(t => Besides?.Contains(t.Id) != true)];
        _runningId = _running.Count > 0 ? _running[0].Id : default;
        _joins &= _running.Count > 0;
        await DeviceAsync();
    }

    private async Task DeviceAsync() => _policy = Directory.Find(_device ?? "") is { } device && Actor.May(Permissions.TerminalsOpen, device.Labels)
        ? await Policies.ForAsync(Actor, device, CancellationToken.None)
        : null;

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private static string Said(string? value, string otherwise) => value ?? otherwise;

    private async Task SubmitAsync()
    {
        if (_sending)
        {
            return;
        }

        if (_joins)
        {
            Dialog.Close(new ChosenTerminal(_running.First(t => t.Id == _runningId), _place));
            return;
        }

        _sending = true;
        try
        {
            var opened = await StepUp.ActAsync(() => Service.CreateAsync(Actor, Request(), CancellationToken.None));
            _error = opened.Error;
            if (!opened.IsError)
            {
                Dialog.Close(new ChosenTerminal(opened.Value, _place));
            }
        }
        finally
        {
            _sending = false;
        }
    }

    private CreateTerminal Request()
    {
        var mayChoose = _policy is not { ChoiceAllowed: false };
        return new()
        {
            Device = Given(_device),
            User = mayChoose ? Given(_user) : null,
            Shell = mayChoose ? Given(_shell) : null,
            WorkingDirectory = mayChoose ? Given(_directory) : null,
            Title = Given(_title),
            Record = _record ? true : null,
        };

        static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
    }
}
