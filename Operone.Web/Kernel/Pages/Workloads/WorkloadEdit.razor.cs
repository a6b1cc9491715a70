using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Kernel.Workloads;

namespace Operone.Web.Kernel.Pages.Workloads;

/// <summary>Writes a workload as YAML.</summary>
public sealed partial class WorkloadEdit
{
    private const string Example = """
        # A workload: a command that runs on and on. Press "Schema" to see all that it can have.
        name: shop
        description: The shop's web server.

        # The program and its arguments; or "command:" with a line for the device's shell.
        argv: [/opt/shop/bin/serve, --port, '8080']

        # On which devices it may run, and how many instances. Without a count: one on every device.
        target:
          selector: role=web
        count: 2

        # What each instance needs, and gets no more of.
        needs:
          cpu: 0.5
          memory: 256MiB

        # One that ends is started again after growing pauses.
        restart:
          mode: always

        # How its device asks whether it is well: argv, tcp or http.
        # health:
        #   http: http://127.0.0.1:8080/health
        #   interval: 10s

        # So many instances at a time get a new version; the one before comes back where they are not well.
        update:
          batch: 1
          healthy: 10s

        # After which time the instances of a device that is away are moved. Without it they never are.
        # away: 2m

        """;

    private WorkloadView? _workload;
    private StoredDefinition? _stored;
    private bool _isLoaded;
    private bool _starts = true;
    private Error? _problem;

    [Inject]
    private WorkloadService Service { get; set; } = default!;

    [Inject]
    private WorkloadReader Reader { get; set; } = default!;

    /// <summary>Its name or id; null for a new one.</summary>
    [Parameter]
    public string? Name { get; set; }

    // a scale holds until the definition is written again
    private string? Scaled => _workload is { Definition.Count: { } count, Count: { } now } && count != now
        ? $"It was scaled to {now}: what is saved here counts again." : null;

    protected override async Task OnParametersSetAsync()
    {
        if (_isLoaded)
        {
            return;
        }

        _problem = Actor.Lacks(Permissions.JobsManage);
        if (_problem is null && Name is not null)
        {
            var stored = await ReadAsync(CancellationToken.None);
            (_problem, _stored) = stored.Match<(Error?, StoredDefinition?)>(s => (null, s), e => (e, null));
        }

        _isLoaded = _problem is null;
    }

    private async Task<Result<StoredDefinition>> ReadAsync(CancellationToken cancellationToken)
    {
        var workload = await Reader.GetAsync(Actor, Name!, cancellationToken);
        if (workload.IsError)
        {
            return workload.Error!;
        }

        _workload = workload.Value;
        return new StoredDefinition(WorkloadDocument.ToYaml(_workload.Definition!), _workload.Newest, _workload.UpdatedBy);
    }

    private async Task<Result<SavedDefinition>> SaveAsync(string text, int? seen)
    {
        // no version is the zeroth: one that is made here takes no other's place
        var definition = WorkloadDocument.Check(text).Definition!;
        var written = await Service.WriteAsync(Actor, _workload?.Id.ToString(), definition, seen ?? 0, _starts, CancellationToken.None);
        return written.Match<Result<SavedDefinition>>(
            w => new SavedDefinition(
                w.Outcome switch
                {
                    "unchanged" => "Nothing was changed.",
                    "created" => w.Workload.Started ? $"{w.Workload.Name} is made, and starts." : $"{w.Workload.Name} is made.",
                    _ => $"{w.Workload.Name} is version {w.Workload.Newest} now.",
                },
                WorkloadText.Address(w.Workload)),
            e => Name is null && e.Code == "workload-changed" ? WorkloadErrors.NameTaken(definition.Name!) : e);
    }
}
