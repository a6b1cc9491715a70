using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Events;

namespace Operone.Web.Shell;

/// <summary>The audit entries and events of runs.</summary>
internal sealed class RunRecords(IAuditTrail audit, IEvents events, LiveChanges changes)
{
    public ValueTask DeniedAsync(Actor actor, string action, string? target, Error error, CancellationToken cancellationToken) =>
        audit.NoteAsync(actor, action, target, false, error.Detail, cancellationToken);

    public async ValueTask CreatedAsync(Actor actor, Run run, int devices, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, "run.create", run.Id.ToString(), true, $"{run.Summary} (on {devices} devices)", cancellationToken);
        await events.PublishAsync(new(EventTypes.RunCreated, run.Id.ToString(), RunId: run.Id, Actor: actor.Name,
            Data: new Dictionary<string, string?> { ["command"] = run.Summary, ["devices"] = $"{devices}" }), cancellationToken);
        changes.Signal(LiveChanges.Runs);
    }

    public async ValueTask CancelledAsync(Actor actor, Run run, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, "run.cancel", run.Id.ToString(), true, run.Summary, cancellationToken);
        await events.PublishAsync(new(EventTypes.RunCancelled, run.Id.ToString(), RunId: run.Id, Actor: actor.Name,
            Data: new Dictionary<string, string?> { ["command"] = run.Summary }), cancellationToken);
    }
}
