using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Console.Palette;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Shell.Pages.Output;

namespace Operone.Web.Shell.Pages;

/// <summary>One run: where it stands on each of its devices, and what it prints, live.</summary>
public sealed partial class RunPage
{
    private readonly TailTexts _tails = new();
    private RunView? _run;
    private bool _cancelling;

    [Inject]
    private RunReader Reader { get; set; } = default!;

    [Inject]
    private RunService Runs { get; set; } = default!;

    [Inject]
    private RunSight Sight { get; set; } = default!;

    [Inject]
    private RunOutput Output { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private PageActions Palette { get; set; } = default!;

    [Parameter]
    public Guid Id { get; set; }

    /// <summary>The device whose output is shown in full, by name or id.</summary>
    [SupplyParameterFromQuery]
    public string? Device { get; set; }

    [SupplyParameterFromQuery]
    public string? Status { get; set; }

    [SupplyParameterFromQuery]
    public string? View { get; set; }

    private ExecutionView? Selected => Device is null ? null : _run?.Executions?.FirstOrDefault(
        e => string.Equals(e.DeviceName, Device, StringComparison.OrdinalIgnoreCase) || e.DeviceId.ToString() == Device || e.Id.ToString() == Device);

    // Two stages may be on one device.
    private ExecutionView Stage => _run!.Executions!.FirstOrDefault(e => e.Id.ToString() == Device) ?? _run.Executions![^1];

    private string AgainAddress => _run!.Request!.Stages is null ? $"runs/new?from={_run.Id}" : $"pipelines/new?from={_run.Id}";

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Run(Id)];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var run = await Reader.GetAsync(Actor, Id, cancellationToken);
        Problem = run.Error;
        if (run.IsError)
        {
            _run = null;
            return;
        }

        _run = run.Value;
        _cancelling &= !_run.Status.IsEnd();
        if (_run.Executions is { Count: > 1 })
        {
            await _tails.UpdateAsync(Output, Actor, _run, cancellationToken);
        }

        OfferActions(_run);
    }

    // One that has no device yet is seen by who asked for it, and by who may everything.
    private bool MayAct(RunView run) => run.Executions is { Count: 0 } ? Actor.May(Permissions.RunsCreate) : run.Executions!.Any(e => Sight.MayRun(Actor, e.DeviceId));

    private void OfferActions(RunView run)
    {
        var actions = new List<PageAction>();
        if (MayAct(run))
        {
            actions.Add(new("Run again", Glyphs.Again, AgainAddress));
            if (!run.Status.IsEnd())
            {
                actions.Add(new("Cancel this run", Glyphs.Stop, Act: CancelAsync));
            }
        }

        Palette.Offer(this, actions);
    }

    private (string Command, string Call) Doors() => _run!.Request!.Stages is not null
        ? (RunText.Pipe(RunText.Pipeline(_run.Request)), RunText.Call(RunText.Pipeline(_run.Request), Navigation.BaseUri))
        : (RunText.Command(_run!.Request!), RunText.Call(_run.Request!, Navigation.BaseUri));

    private async Task CancelAsync()
    {
        var open = _run!.Executions!.Where(e => !e.Status.IsEnd() && Sight.MayRun(Actor, e.DeviceId)).ToArray();
        var where = _run.WaitingSince is not null ? "before it has begun" : open is [var only] ? $"on {only.DeviceName}" : $"on {open.Length} devices";
        if (!await DialogService.ConfirmAsync("Cancel the run?", $"Ends '{_run.Command}' {where}, with every process that it started. What it printed is kept.", "Cancel the run"))
        {
            return;
        }

        _cancelling = true;
        StateHasChanged();
        var cancelled = await Runs.CancelAsync(Actor, Id, Gone);
        Problem = cancelled.Error;
        if (cancelled.IsError)
        {
            _cancelling = false;
        }
        else
        {
            if (cancelled.Value.NotCancelled is { } rest)
            {
                _cancelling = false;
                Snackbar.Add($"It goes on on {RunErrors.Some(rest)}: you may not run commands there.", Severity.Info);
            }

            await RefreshAsync();
        }
    }

    public override ValueTask DisposeAsync()
    {
        Palette.Withdraw(this);
        return base.DisposeAsync();
    }
}
