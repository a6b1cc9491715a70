using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Access;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Kernel.Workloads;

namespace Operone.Web.Kernel.Pages.Workloads;

/// <summary>One workload: its instances, what it is, its versions, and what can be done to it.</summary>
public sealed partial class WorkloadPage
{
    private WorkloadView? _workload;
    private Page<WorkloadVersionView>? _versions;
    private Error? _failure;
    private int? _count;

    [Inject]
    private WorkloadService Service { get; set; } = default!;

    [Inject]
    private WorkloadReader Reader { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    /// <summary>Its name, or its id.</summary>
    [Parameter]
    public string Name { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Workloads, LiveChanges.Runs];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var workload = Actor.Lacks(Permissions.JobsRead) is { } lacks ? lacks : await Reader.GetAsync(Actor, Name, cancellationToken);
        (Problem, _workload) = workload.Match<(Error?, WorkloadView?)>(w => (null, w), e => (e, null));
        _count ??= _workload?.Count;
        if (_workload is not null && Tab == "versions")
        {
            var versions = await Reader.VersionsAsync(Actor, Name, 100, null, cancellationToken);
            (Problem, _versions) = versions.Match<(Error?, Page<WorkloadVersionView>?)>(v => (null, v), e => (e, null));
        }
    }

    private string TabAddress(string? tab) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["tab"] = tab });

    private (string Command, string Call) Doors() =>
        ($"operone workload show {_workload!.Name}", $"curl {Navigation.BaseUri}api/v1/workloads/{_workload.Name} \\\n  -H \"Authorization: Bearer $OPERONE_TOKEN\"");

    private async Task ActAsync(Func<Actor, string, CancellationToken, Task<Result<WorkloadView>>> act)
    {
        var done = await act(Actor, Name, CancellationToken.None);
        (_failure, _workload) = (done.Error, done.IsError ? _workload : done.Value);
    }

    private Task ScaleAsync() => ActAsync((actor, name, cancellationToken) => Service.ScaleAsync(actor, name, _count, cancellationToken));

    private Task RollbackAsync(int version) => ActAsync((actor, name, cancellationToken) => Service.RollbackAsync(actor, name, version, cancellationToken));

    private Task MoveAsync(InstanceView instance) => ActAsync((actor, name, cancellationToken) => Service.MoveAsync(actor, name, instance.Id, null, cancellationToken));

    private async Task StopAsync()
    {
        if (await DialogService.ConfirmAsync($"Stop {Name}?", $"All instances of {Name} are ended. It can be started again.", $"Stop {Name}"))
        {
            await ActAsync(Service.StopAsync);
        }
    }

    private async Task RemoveAsync()
    {
        if (!await DialogService.ConfirmAsync($"Remove {Name}?", $"All instances of {Name} are ended, and the workload goes with its versions. Its runs stay.", $"Remove {Name}"))
        {
            return;
        }

        _failure = (await Service.RemoveAsync(Actor, Name, CancellationToken.None)).Error;
        if (_failure is null)
        {
            Navigation.NavigateTo("workloads");
        }
    }
}
