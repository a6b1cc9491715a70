using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel.Pages.Jobs;

/// <summary>One job: the form that runs it, its runs, what it is, and its versions.</summary>
public sealed partial class JobPage
{
    private JobView? _job;
    private Page<JobRunView>? _runs;
    private Error? _failure;

    [Inject]
    private JobService Service { get; set; } = default!;

    [Inject]
    private JobStarts Starts { get; set; } = default!;

    [Inject]
    private JobRunReader Reader { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Parameter]
    public Guid Id { get; set; }

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    /// <summary>Among the versions: the one whose changes are shown.</summary>
    [SupplyParameterFromQuery]
    public int? Show { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    private bool MayWrite => Actor.May(Permissions.JobsManage);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Jobs, LiveChanges.JobRuns];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var job = Actor.Lacks(Permissions.JobsRead) is { } lacks ? lacks : await Service.GetAsync(Actor, Id.ToString(), cancellationToken);
        (Problem, _job) = job.Match<(Error?, JobView?)>(j => (null, j), e => (e, null));
        if (_job is null || Tab is not null)
        {
            return;
        }

        var runs = await Reader.ListAsync(Actor, new JobRunQuery(Id.ToString(), null, 25, Cursor), cancellationToken);
        (Problem, _runs) = runs.Match<(Error?, Page<JobRunView>?)>(r => (null, r), e => (e, null));
    }

    private static string Yaml(JobDefinition definition) => YamlWriter.Write(definition);

    private string TabAddress(string? tab) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["tab"] = tab, ["show"] = null, ["cursor"] = null });

    private (string Command, string Call) Doors() =>
        ($"operone job run {_job!.Name}{string.Concat((_job.Definition!.Parameters ?? []).Where(p => p.Required == true).Select(p => p.Type == JobParameterType.Secret ? $" --secret {p.Name}" : $" -p {p.Name}=VALUE"))}",
            $"curl -X POST {Navigation.BaseUri}api/v1/jobs/{_job.Name}/runs \\\n  -H \"Authorization: Bearer $OPERONE_TOKEN\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"parameters\": {{}}}}'");

    private async Task RunAsync(RunJob request)
    {
        var run = await Starts.StartAsync(Actor, Id.ToString(), request, JobCause.Asked, CancellationToken.None);
        _failure = run.Error;
        if (!run.IsError)
        {
            Navigation.NavigateTo($"job-runs/{run.Value.Id}");
        }
    }

    private async Task RemoveAsync()
    {
        var name = _job!.Name;
        if (!await DialogService.ConfirmAsync($"Remove {name}?", $"The job {name} goes, with its {_job.Version} versions. Its runs stay.", $"Remove {name}"))
        {
            return;
        }

        Problem = (await Service.RemoveAsync(Actor, Id.ToString(), CancellationToken.None)).Error;
        if (Problem is null)
        {
            Snackbar.Add($"Removed {name}.", Severity.Success);
            Navigation.NavigateTo("jobs");
        }
    }
}
