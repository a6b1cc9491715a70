using Microsoft.AspNetCore.Components;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Shell.Pipelines;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Shell.Pages.Compose;

/// <summary>Composes a pipeline: a device and a command a stage, in order.</summary>
public sealed partial class NewPipeline
{
    private readonly List<StageForm> _stages = [new(), new()];
    private IReadOnlyDictionary<string, string[]> _problems = new Dictionary<string, string[]>();
    private IReadOnlyList<SandboxProfileView> _profiles = [];
    private IReadOnlyList<string> _devices = [];
    private Error? _error;
    private string? _readFor;
    private string? _required;
    private string _sandbox = "";
    private bool _sending;

    [Inject]
    private PipelineService Pipelines { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private SandboxService Sandboxes { get; set; } = default!;

    [Inject]
    private SandboxChoice SandboxChoice { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>A pipeline to begin with.</summary>
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
        _devices = [.. Sight.TargetsOf(Actor).Select(d => d.Name).Order(StringComparer.OrdinalIgnoreCase)];
        if (From is { } id && await Pipelines.GetAsync(Actor, id, TimeSpan.Zero, CancellationToken.None) is { IsError: false } known)
        {
            _stages.Clear();
            _stages.AddRange(known.Value.Request!.Stages!.Select(StageForm.From));
            _sandbox = _required is null ? known.Value.Request.Sandbox ?? "" : "";
        }
    }

    private string[]? Wrong(string field) => _problems.GetValueOrDefault(field);

    private void Move(int from, int by) => (_stages[from], _stages[from + by]) = (_stages[from + by], _stages[from]);

    private CreatePipeline Read() => new() { Stages = [.. _stages.Select(s => s.Read())], Sandbox = _sandbox.Length > 0 ? _sandbox : null };

    private async Task SubmitAsync()
    {
        if (_sending)
        {
            return;
        }

        _sending = true;
        (_error, _problems) = (null, new Dictionary<string, string[]>());
        try
        {
            var made = await StepUp.ActAsync(() => Pipelines.CreateAsync(Actor, Read(), CancellationToken.None));
            if (made.IsError)
            {
                (_error, _problems) = (made.Error, made.Error!.Fields ?? _problems);
                return;
            }

            Navigation.NavigateTo($"runs/{made.Value.Id}");
        }
        finally
        {
            _sending = false;
        }
    }

    private (string Command, string Call) Doors() => (RunText.Pipe(Read()), RunText.Call(Read(), Navigation.BaseUri));

    /// <summary>A stage as it is typed. What the page does not show goes along unchanged.</summary>
    private sealed class StageForm
    {
        private PipelineStage _known = new();

        public string Device { get; set; } = "";

        public string Command { get; set; } = "";

        public static StageForm From(PipelineStage stage) => new()
        {
            _known = stage,
            Device = stage.Device ?? "",
            Command = stage.Command ?? string.Join(' ', (stage.Argv ?? []).Select(Console.Parts.ShellText.Quote)),
        };

        public PipelineStage Read() => _known with { Device = Device.Trim(), Command = Command, Argv = null };
    }
}
