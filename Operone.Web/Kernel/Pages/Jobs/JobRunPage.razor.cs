using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel.Pages.Jobs;

/// <summary>One run of a job: its steps, batches and devices, live, and what steers it.</summary>
public sealed partial class JobRunPage
{
    private JobRunView? _run;
    private Page<JobRunDeviceView>? _devices;

    [Inject]
    private JobRunReader Reader { get; set; } = default!;

    [Inject]
    private JobRunService Service { get; set; } = default!;

    [Inject]
    private JobStarts Starts { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Parameter]
    public Guid Id { get; set; }

    /// <summary>Devices that stand so alone.</summary>
    [SupplyParameterFromQuery]
    public string? Status { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    private int Left => _run is { Placement.State: PlacementState.Ended } never ? Math.Max(1, never.Devices) : _run!.Devices - _run.Counts.GetValueOrDefault(JobDeviceStatus.Succeeded.ToText());

    protected override IReadOnlyList<string> Topics() => [LiveChanges.JobRun(Id)];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var run = await Reader.GetAsync(Actor, Id, cancellationToken);
        (Problem, _run) = run.Match<(Error?, JobRunView?)>(r => (null, r), e => (e, null));
        if (_run is null)
        {
            return;
        }

        var status = Enum.GetValues<JobDeviceStatus>().Cast<JobDeviceStatus?>().FirstOrDefault(s => s!.Value.ToText() == Status);
        var devices = await Reader.DevicesAsync(Actor, Id, status, 100, Cursor, cancellationToken);
        (Problem, _devices) = devices.Match<(Error?, Page<JobRunDeviceView>?)>(d => (null, d), e => (e, null));
    }

    private string With(string? status) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["status"] = status, ["cursor"] = null });

    private async Task ActAsync(Func<Actor, Guid, CancellationToken, Task<Result<JobRunView>>> act)
    {
        var done = await act(Actor, Id, CancellationToken.None);
        await RefreshAsync();
        Problem = done.Error ?? Problem;
    }

    private async Task CancelAsync()
    {
        var open = _run!.Counts.Where(c => c.Key is "pending" or "running" or "retrying").Sum(c => c.Value);
        var where = _run.Placement is { State: PlacementState.Waiting } ? "before it has begun" : $"on {open} devices that have not done it";
        if (await DialogService.ConfirmAsync("Cancel the run?", $"Ends '{_run.Job}' {where}: what has not begun does not, what runs is ended.", "Cancel the run"))
        {
            await ActAsync(Service.CancelAsync);
        }
    }

    private async Task RetryAsync()
    {
        var run = await Starts.RetryAsync(Actor, Id, CancellationToken.None);
        Problem = run.Error;
        if (!run.IsError)
        {
            Navigation.NavigateTo($"job-runs/{run.Value.Id}");
        }
    }
}
