using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>
/// The rules of the house for whoever changes who may do what: nobody gives what they lack, so that nobody raises themselves;
/// only who manages owners acts on one; the last owner stays (<see cref="AccessChange.CommitAsync"/>). What is refused is noted.
/// </summary>
internal sealed class AccessRules(AccessDirectory access, StepUp stepUp, IAuditTrail audit, TimeProvider time)
{
    /// <summary>
    /// Begins a change, for who has the permission and, where that is asked for, has touched a passkey. The permission is theirs
    /// still when the change has its turn: what another change took from them a moment ago counts.
    /// </summary>
    public async Task<Result<AccessChange>> BeginAsync(
        Actor actor, string permission, string action, string? target, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, permission, action, target, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (await stepUp.RequireAsync(actor, DangerousActs.ChangeAccess, cancellationToken) is { } stale)
        {
            return stale;
        }

        var change = await BeginAsync(cancellationToken);
        if (await audit.RequireAsync(actor, permission, action, target, cancellationToken) is { } late)
        {
            await change.DisposeAsync();
            return late;
        }

        return change;
    }

    /// <summary>Begins a change whose permission is asked otherwise.</summary>
    public async Task<AccessChange> BeginAsync(CancellationToken cancellationToken)
    {
        var change = await access.BeginAsync(cancellationToken);
        if (change.Before.Version != access.Current.Version + 1)
        {
            // Another node was here: decisions are taken from what it left.
            await access.LoadAsync(cancellationToken);
        }

        return change;
    }

    /// <summary>Null where they may give this; else the error, which names what they lack and is noted.</summary>
    public async Task<Error?> RequireCoverAsync(
        Actor actor, string action, string? target, PermissionSet permissions, Selector selector, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (Policy.Covers(actor.Subject, permissions, selector, until, now))
        {
            return null;
        }

        var lacking = permissions.Names.Where(p => !Policy.Covers(actor.Subject, PermissionSet.Of([p]), selector, until, now)).ToArray();
        var what = $"{string.Join(", ", lacking)} {On(selector)}{(until is { } end ? $" until {end:u}" : "")}";
        return await RefuseAsync(
            actor, action, target, AccessErrors.BeyondOwn(actor.Name, what), $"lacks {what}, and so cannot give it", cancellationToken);
    }

    /// <summary>The same for what a grant gives, or for what would be given back by taking a deny grant away.</summary>
    public Task<Error?> RequireCoverAsync(
        Actor actor, string action, string? target, AccessSnapshot snapshot, Grant grant, CancellationToken cancellationToken) => RequireCoverAsync(
            actor, action, target, snapshot.Roles.GetValueOrDefault(grant.RoleId)?.Permissions ?? PermissionSet.All,
            // Taken back before its end, a deny grant gives for as long as it would have denied, and what comes after is not its doing.
            grant.ReadSelector() ?? Selector.Everything, grant.Until, cancellationToken);

    /// <summary>Null where the person is no owner, or the actor may act on owners; else the error, which is noted.</summary>
    public async Task<Error?> RequireOverAsync(
        Actor actor, string action, AccessSnapshot snapshot, Guid personId, CancellationToken cancellationToken) =>
        snapshot.IsProtected(personId, time.GetUtcNow())
            ? await audit.RequireAsync(actor, Permissions.OwnersManage, action, snapshot.People.GetValueOrDefault(personId)?.Email, cancellationToken)
            : null;

    /// <summary>Notes that something was refused, and gives why.</summary>
    public async Task<Error> RefuseAsync(
        Actor actor, string action, string? target, Error error, string? detail, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, target, allowed: false, detail ?? error.Detail, cancellationToken);
        return error;
    }

    /// <summary>Notes what was done, with the grant that allowed it.</summary>
    public ValueTask NoteAsync(
        Actor actor, string permission, string action, string? target, string? detail, CancellationToken cancellationToken) =>
        audit.NoteAsync(
            actor, action, target, allowed: true, detail,
            actor.Decide(permission, null) is { Allowed: true } decision ? decision.Grant : null, cancellationToken);

    /// <summary>Where a selector is, in words.</summary>
    public static string On(Selector selector) => selector.IsEverything ? "on everything" : $"on {selector}";

    /// <inheritdoc cref="On(Selector)"/>
    public static string On(string selector) => selector.Length == 0 ? "on everything" : $"on {selector}";
}
