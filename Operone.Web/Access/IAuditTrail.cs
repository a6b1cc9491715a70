namespace Operone.Web.Access;

/// <summary>Where every service notes who did what to what, and whether it was allowed.</summary>
internal interface IAuditTrail
{
    /// <summary>Notes it. Returns once it is queued; the queue is bounded and is written in batches.</summary>
    ValueTask NoteAsync(Actor actor, string action, string? target, bool allowed, string? detail = null, CancellationToken cancellationToken = default) =>
        NoteAsync(actor, action, target, allowed, detail, null, cancellationToken);

    /// <summary>Notes it with the grant that decided.</summary>
    ValueTask NoteAsync(
        Actor actor, string action, string? target, bool allowed, string? detail, Guid? grant, CancellationToken cancellationToken = default);
}
