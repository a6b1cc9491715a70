using Microsoft.AspNetCore.Components;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Shell.Pages.Compose;

/// <summary>Composes a run: what, on which devices, how. Everything that is wrong is said at once, beside its field.</summary>
public sealed partial class NewRun
{
    private readonly Dictionary<string, string[]> _shown = [];
    private RunForm _form = new();
    private Error? _error;
    private string? _note;
    private bool _sending;
    private string? _readFor;
    private string? _required;
    private IReadOnlyList<SandboxProfileView> _profiles = [];

    [Inject]
    private RunService Runs { get; set; } = default!;

    [Inject]
    private SandboxService Sandboxes { get; set; } = default!;

    [Inject]
    private SandboxChoice SandboxChoice { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private RunReader Reader { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Names of devices to aim at, joined by commas.</summary>
    [SupplyParameterFromQuery]
    public string? Devices { get; set; }

    [SupplyParameterFromQuery]
    public string? Selector { get; set; }

    /// <summary>A command line to begin with.</summary>
    [SupplyParameterFromQuery]
    public string? Command { get; set; }

    /// <summary>Names of environments, joined by commas.</summary>
    [SupplyParameterFromQuery]
    public string? Environments { get; set; }

    /// <summary>Whether Operone chooses the devices.</summary>
    [SupplyParameterFromQuery]
    public bool Placed { get; set; }

    /// <summary>A run to begin with.</summary>
    [SupplyParameterFromQuery]
    public Guid? From { get; set; }

    protected override async Task OnParametersSetAsync()
    {
        // The address is read once; what was typed since counts more.
        if (_readFor == Navigation.Uri)
        {
            return;
        }

        _readFor = Navigation.Uri;
        _required = SandboxChoice.Requiring(Actor) is [var role, ..] ? role.RequiredSandbox : null;
        _profiles = (await Sandboxes.ListAsync(Actor, 200, null, CancellationToken.None)).Match(p => p.Items, _ => []);
        _form = new() { Command = Command ?? "", Selector = Selector ?? "" };
        if (Devices is not null)
        {
            _form.TargetKind = TargetKind.Devices;
            _form.Devices.UnionWith(Devices.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }

        _form.Placement.IsPlaced = Placed;
        _form.Environments.AddRange((Environments ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        if (From is { } id)
        {
            var run = await Reader.GetAsync(Actor, id, CancellationToken.None);
            _error = run.Error;
            if (!run.IsError && run.Value.Request is { } request)
            {
                _form = RunForm.From(request);
                _note = "As it was run before. If it had standard input, that was not kept and has to be given again.";
            }
        }
    }

    private static string Name(RunKind kind) => kind switch
    {
        RunKind.Argv => "Program",
        RunKind.Script => "Script",
        _ => "Command",
    };

    private string[]? Wrong(string field) => _shown.GetValueOrDefault(field);

    private string? Invalid(string field) => _shown.ContainsKey(field) ? "true" : null;

    // A field is checked when it is left; the others wait for their turn, or for the end.
    private void Left(string field)
    {
        _shown.Remove(field);
        _error = null;
        if (_form.Read().Problems.TryGetValue(field, out var problems))
        {
            _shown[field] = problems;
        }

        StateHasChanged();
    }

    private async Task SubmitAsync()
    {
        if (_sending)
        {
            return;
        }

        var (request, problems) = _form.Read();
        Show(problems);
        _error = null;
        if (problems.Count > 0)
        {
            return;
        }

        _sending = true;
        try
        {
            var run = await StepUp.ActAsync(() => Runs.CreateAsync(Actor, request, idempotencyKey: null, TimeSpan.Zero, CancellationToken.None));
            if (run.IsError)
            {
                _error = run.Error;
                Show(run.Error!.Fields ?? new Dictionary<string, string[]>());
                return;
            }

            Navigation.NavigateTo($"runs/{run.Value.Id}");
        }
        finally
        {
            _sending = false;
        }
    }

    private void Show(IReadOnlyDictionary<string, string[]> problems)
    {
        _shown.Clear();
        foreach (var (field, messages) in problems)
        {
            _shown[field] = messages;
        }
    }

    private (string Command, string Call) Doors()
    {
        var request = _form.Read().Request;
        return (RunText.Command(request), RunText.Call(request, Navigation.BaseUri));
    }
}
