using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Pages.Jobs;

/// <summary>Writes a job as YAML.</summary>
public sealed partial class JobEdit
{
    private const string Example = """
        # A job: commands with a name, that are run again and again. Press "Schema" to see all that it can have.
        name: hello
        description: Says hello on some devices.
        parameters:
          - name: greeting
            default: hello
        target:
          selector: role=web
        rollout:
          canary: 1
          batch: 25%
        steps:
          - command: echo "$PARAM_GREETING from $(hostname)"

        """;

    private JobView? _job;
    private StoredDefinition? _stored;
    private bool _isLoaded;
    private Error? _problem;

    [Inject]
    private JobService Service { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    protected override async Task OnParametersSetAsync()
    {
        if (_isLoaded)
        {
            return;
        }

        _problem = Actor.Lacks(Permissions.JobsManage);
        if (_problem is null && Id is not null)
        {
            var stored = await ReadAsync(CancellationToken.None);
            (_problem, _stored) = stored.Match<(Error?, StoredDefinition?)>(s => (null, s), e => (e, null));
        }

        _isLoaded = _problem is null;
    }

    private async Task<Result<StoredDefinition>> ReadAsync(CancellationToken cancellationToken)
    {
        var job = await Service.GetAsync(Actor, Id.ToString()!, cancellationToken);
        if (job.IsError)
        {
            return job.Error!;
        }

        _job = job.Value;
        return new StoredDefinition(YamlWriter.Write(_job.Definition!), _job.Version, _job.UpdatedBy);
    }

    private async Task<Result<SavedDefinition>> SaveAsync(string text, int? seen)
    {
        // no version is the zeroth: one that is made here takes no other's place
        var definition = JobDocument.Check(text).Definition!;
        var written = await Service.WriteAsync(Actor, Id?.ToString(), definition, seen ?? 0, CancellationToken.None);
        return written.Match<Result<SavedDefinition>>(
            w => new SavedDefinition(w.Outcome == "unchanged" ? "Nothing was changed." : $"{w.Job.Name} is version {w.Job.Version} now.", $"jobs/{w.Job.Id}"),
            e => Id is null && e.Code == "job-changed" ? JobErrors.NameTaken(definition.Name!) : e);
    }
}
