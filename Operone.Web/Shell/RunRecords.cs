using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Events;

namespace Operone.Web.Shell;

/// <summary>The audit entries and events of runs.</summary>
internal sealed class RunRecords(IAuditTrail audit, LiveChanges changes)
{
    public ValueTask DeniedAsync(Actor actor, string action, string? target, Error error, CancellationToken cancellationToken) =>
        audit.NoteAsync(actor, action, target, false, error.Detail, cancellationToken);

    /// <summary>What tells that a run was accepted, in the transaction that stores it.</summary>
    public static OperoneEvent Created(Actor actor, Run run, int devices) => new(EventTypes.RunCreated, run.Id.ToString(), RunId: run.Id, Actor: actor.Name,
        Data: new Dictionary<string, string?> { ["command"] = run.Summary, ["devices"] = $"{devices}" });

    /// <summary>What tells that somebody asked for its end.</summary>
    public static OperoneEvent Cancelled(Actor actor, Run run) => new(EventTypes.RunCancelled, run.Id.ToString(), RunId: run.Id, Actor: actor.Name,
        Data: new Dictionary<string, string?> { ["command"] = run.Summary });

    /// <summary>One entry for the whole run: what, on which devices, by which grants.</summary>
    public async ValueTask CreatedAsync(Actor actor, Run run, TargetedDevices target, CancellationToken cancellationToken)
    {
        var names = target.Devices.Select(d => d.Name).ToArray();
        // one that was given its devices before it was made names them
        var on = run is { WaitingSince: not null, Request.Placement: { } placement }
            ? $"on {(placement.Count is { } count ? $"{count} of" : "all of")} {names.Length} devices, each with {placement.Needs ?? Core.Devices.Resources.None}"
            : $"on {names.Length} devices: {RunErrors.Some(names)}";
        var detail = $"{run.Summary} ({on}"
            + (run.Request.Sandbox is { } sandbox ? $"; held by the sandbox {sandbox}" : "")
            + (run.Sandbox?.RunAs is { } user ? $"; as the user {user}" : "")
            + (run.Request.Environments is { Count: > 0 } environments ? $"; with the environments {string.Join(", ", environments)}" : "")
            + (target.Skipped.Count > 0 ? $"; passed by {RunErrors.Some([.. target.Skipped.Select(d => d.Name)])}, which take no new work" : "")
            + (target.LeftOut.Count > 0 ? $"; left out {target.LeftOut.Count} that they may not" : "")
            + (target.Grants.Count > 1 ? $"; by {string.Join(", ", target.Grants.OrderByDescending(g => g.Value).Take(5).Select(g => $"the grant {g.Key} on {g.Value}"))}" : "") + ")";
        Guid? grant = target.Grants.Count > 0 ? target.Grants.MaxBy(g => g.Value).Key : null;
        await audit.NoteAsync(actor, "run.create", run.Id.ToString(), true, detail, grant, cancellationToken);
        changes.Signal(LiveChanges.Runs);
    }

    public async ValueTask CancelledAsync(
        Actor actor, Run run, IReadOnlyList<string> cancelled, IReadOnlyList<string> left, Guid? grant, CancellationToken cancellationToken)
    {
        var detail = $"{run.Summary} ({(cancelled.Count == 0 ? "while it waited for room" : $"on {RunErrors.Some(cancelled)}")}{(left.Count > 0 ? $"; it goes on on {left.Count} that they may not" : "")})";
        await audit.NoteAsync(actor, "run.cancel", run.Id.ToString(), true, detail, grant, cancellationToken);
    }
}
