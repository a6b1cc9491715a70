using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Which grants a list shows. All that is given must hold.</summary>
/// <param name="SubjectId">For this person, team or token.</param>
/// <param name="Role">Of this role, by its id or name.</param>
/// <param name="State"><c>active</c> or <c>ended</c>; null for both.</param>
/// <param name="Text">With this in the name of whom it is for, the role, the selector or the reason.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record GrantQuery(
    Guid? SubjectId = null, string? Role = null, string? State = null, string? Text = null, int? Limit = null, string? Cursor = null);

/// <summary>The use cases of grants: list, give, take away.</summary>
internal sealed class GrantService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, AccessRules rules, IAuditTrail audit, TimeProvider time)
{
    private const int MaxYears = 10;

    /// <summary>A page of grants, newest first; those too that have ended.</summary>
    public async Task<Result<Page<GrantView>>> ListAsync(Actor actor, GrantQuery query, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "grant.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(query.Limit, query.Cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        var (snapshot, now) = (access.Current, time.GetUtcNow());
        var role = string.IsNullOrEmpty(query.Role) ? null : AccessInput.FindRole(snapshot, query.Role);
        var errors = new FieldErrors();
        errors.AddIf(query.State is not (null or "" or "active" or "ended"), "state", "must be active or ended");
        errors.AddIf(!string.IsNullOrEmpty(query.Role) && role is null, "role", $"is no role: '{query.Role}'");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var some = snapshot.Grants.Values.Where(g =>
            (query.SubjectId is null || g.SubjectId == query.SubjectId) && (role is null || g.RoleId == role.Id)
            && (string.IsNullOrEmpty(query.State) || g.IsInForce(now) == (query.State == "active"))).ToArray();
        var names = await GrantNames.ReadAsync(databases, snapshot, some, now, cancellationToken);
        var views = some.Select(names.View).Where(g => Has(g, query.Text) && (page.Value.After is not { } after || g.Id < after));
        return page.Value.ToPage([.. views.OrderByDescending(g => g.Id).Take(page.Value.Limit + 1)], g => g.Id, g => g);
    }

    /// <summary>One grant.</summary>
    public async Task<Result<GrantView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "grant.read", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        return access.Current.Grants.GetValueOrDefault(id) is { } grant ? await ViewAsync(grant, cancellationToken) : AccessErrors.GrantNotFound(id);
    }

    /// <summary>Gives, or denies, a role on devices. Nobody gives what they lack; nothing is denied to an owner.</summary>
    public async Task<Result<GrantView>> CreateAsync(Actor actor, CreateGrant request, CancellationToken cancellationToken)
    {
        var target = $"{request.Role} for {request.Subject}";
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, "grant.create", target, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        var now = time.GetUtcNow();
        var errors = new FieldErrors();
        var role = AccessInput.FindRole(change.Before, request.Role);
        errors.AddIf(role is null, "role", string.IsNullOrWhiteSpace(request.Role) ? "is empty" : $"is no role: '{request.Role}'");
        var subject = await FindSubjectAsync(change, request.SubjectKind, request.Subject, cancellationToken);
        errors.AddIf(subject is null, "subject", string.IsNullOrWhiteSpace(request.Subject) ? "is empty" : $"is no {Word(request.SubjectKind)}: '{request.Subject}'");
        var selector = AccessInput.CheckSelector(request.Selector, errors);
        var reason = AccessInput.CheckText(request.Reason, "reason", errors);
        errors.AddIf(request.Until <= now, "until", "is past already");
        errors.AddIf(request.Until > now.AddYears(MaxYears), "until", $"must be within {MaxYears} years");
        errors.AddIf(!Enum.IsDefined(request.Effect), "effect", "must be allow or deny");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var grant = new Grant
        {
            Id = Guid.CreateVersion7(now),
            Effect = request.Effect,
            RoleId = role!.Id,
            SubjectKind = request.SubjectKind,
            SubjectId = subject!.Id,
            Selector = selector.ToString(),
            Until = request.Until?.ToUniversalTime(),
            Reason = reason.Length == 0 ? null : reason,
            CreatedBy = actor.Name,
            CreatedById = actor.PersonId,
            CreatedAt = now,
        };
        if (await RefuseAsync(actor, change.Before, grant, $"{role.Name} for {subject.Name}", cancellationToken) is { } refused)
        {
            return refused;
        }

        change.Db.Add(grant);
        var view = await ViewAsync(change.Before, grant, cancellationToken);
        change.Db.Publish(Event(actor, EventTypes.GrantCreated, view));
        if (await change.CommitAsync(cancellationToken) is { } conflict)
        {
            return await rules.RefuseAsync(actor, "grant.create", target, conflict, null, cancellationToken);
        }

        await NoteAsync(actor, "grant.create", view, cancellationToken);
        return view;
    }

    /// <summary>The service tokens, by name: whom else a grant can be for.</summary>
    public async Task<IReadOnlyList<NamedId>> ListServiceTokensAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.PeopleManage) is not null)
        {
            return [];
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<ApiToken>().Where(t => t.Kind == TokenKind.Service).OrderBy(t => t.Name).Take(PageRequest.MaxLimit)
            .Select(t => new NamedId(t.Id, t.Name)).ToListAsync(cancellationToken);
    }

    /// <summary>Takes a grant away, at once. Who takes a denial away gives, and so needs what it denied.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, "grant.remove", id.ToString(), cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        if (change.Before.Grants.GetValueOrDefault(id) is not { } grant)
        {
            return AccessErrors.GrantNotFound(id);
        }

        var view = await ViewAsync(grant, cancellationToken);
        if (grant.IsInForce(time.GetUtcNow()) && await RefuseRemovalAsync(actor, change.Before, grant, view, cancellationToken) is { } refused)
        {
            return refused;
        }

        await change.Db.Set<Grant>().Where(g => g.Id == id).ExecuteDeleteAsync(cancellationToken);
        change.Db.Publish(Event(actor, EventTypes.GrantRemoved, view));
        if (await change.CommitAsync(cancellationToken) is { } conflict)
        {
            return await rules.RefuseAsync(actor, "grant.remove", Target(view), conflict, null, cancellationToken);
        }

        await NoteAsync(actor, "grant.remove", view, cancellationToken);
        return Unit.Value;
    }

    /// <summary>What stands in the way of a new grant, noted; null where nothing does. Access requests ask the same.</summary>
    public async Task<Error?> RefuseAsync(Actor actor, AccessSnapshot snapshot, Grant grant, string target, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (grant.Effect == GrantEffect.Deny)
        {
            var people = grant.SubjectKind switch
            {
                SubjectKind.Person => snapshot.People.Values.Where(p => p.Id == grant.SubjectId),
                SubjectKind.Team => snapshot.MembersOf(grant.SubjectId),
                _ => [],
            };
            return people.FirstOrDefault(p => snapshot.IsProtected(p.Id, now)) is { } owner
                ? await rules.RefuseAsync(actor, "grant.create", target, AccessErrors.OwnerDenied(owner.Email), null, cancellationToken)
                : null;
        }

        if (grant.SubjectKind == SubjectKind.Person
            && await rules.RequireOverAsync(actor, "grant.create", snapshot, grant.SubjectId, cancellationToken) is { } denied)
        {
            return denied;
        }

        return await rules.RequireCoverAsync(actor, "grant.create", target, snapshot, grant, cancellationToken);
    }

    /// <summary>Notes that a grant was made or removed.</summary>
    public async Task NoteAsync(Actor actor, string action, GrantView grant, CancellationToken cancellationToken)
    {
        var detail = $"{(grant.Effect == GrantEffect.Deny ? "denies" : "gives")} {AccessRules.On(grant.Selector)}"
            + (grant.Until is { } until ? $" until {until:u}" : "") + (grant.Reason is { } reason ? $": {reason}" : "");
        await rules.NoteAsync(actor, Permissions.PeopleManage, action, Target(grant), detail, cancellationToken);
    }

    /// <summary>What tells of it, in the transaction of the change.</summary>
    public static OperoneEvent Event(Actor actor, string type, GrantView grant) =>
        new(type, Target(grant), Actor: actor.Name, Data: new Dictionary<string, string?>
        {
            ["grantId"] = grant.Id.ToString(),
            ["role"] = grant.Role,
            ["subject"] = grant.Subject,
            ["effect"] = grant.Effect == GrantEffect.Deny ? "deny" : "allow",
            ["selector"] = grant.Selector,
            ["until"] = grant.Until?.ToString("O"),
        });

    /// <summary>A grant as it is shown.</summary>
    private Task<GrantView> ViewAsync(Grant grant, CancellationToken cancellationToken) => ViewAsync(access.Current, grant, cancellationToken);

    /// <summary>The same, as things stood when a change began.</summary>
    public async Task<GrantView> ViewAsync(AccessSnapshot snapshot, Grant grant, CancellationToken cancellationToken) =>
        (await GrantNames.ReadAsync(databases, snapshot, [grant], time.GetUtcNow(), cancellationToken)).View(grant);

    private async Task<Error?> RefuseRemovalAsync(
        Actor actor, AccessSnapshot snapshot, Grant grant, GrantView view, CancellationToken cancellationToken)
    {
        if (grant.Effect == GrantEffect.Deny)
        {
            return await rules.RequireCoverAsync(actor, "grant.remove", Target(view), snapshot, grant, cancellationToken);
        }

        if (grant.SubjectKind == SubjectKind.Person)
        {
            return await rules.RequireOverAsync(actor, "grant.remove", snapshot, grant.SubjectId, cancellationToken);
        }

        // A team's grant that makes owners of its members.
        return snapshot.Roles.GetValueOrDefault(grant.RoleId)?.Permissions.Has(Permissions.OwnersManage) == true
            ? await audit.RequireAsync(actor, Permissions.OwnersManage, "grant.remove", Target(view), cancellationToken)
            : null;
    }

    private static async Task<NamedId?> FindSubjectAsync(AccessChange change, SubjectKind kind, string? text, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(text, out var id);
        var name = text?.Trim();
        switch (kind)
        {
            case SubjectKind.Person:
                var person = isId ? change.Before.People.GetValueOrDefault(id)
                    : change.Before.People.Values.FirstOrDefault(p => string.Equals(p.Email, name, StringComparison.OrdinalIgnoreCase));
                return person is null ? null : new(person.Id, person.Email);
            case SubjectKind.Team:
                var team = isId ? change.Before.Teams.GetValueOrDefault(id)
                    : change.Before.Teams.Values.FirstOrDefault(t => string.Equals(t.Name, name, StringComparison.OrdinalIgnoreCase));
                return team is null ? null : new(team.Id, team.Name);
            case SubjectKind.Token:
                // A personal token has no grants of its own: it may what its person may.
                var token = await change.Db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Id == id && t.Kind == TokenKind.Service, cancellationToken);
                return token is null ? null : new(token.Id, token.Name);
            default:
                return null;
        }
    }

    private static string Word(SubjectKind kind) => kind switch
    {
        SubjectKind.Person => "person's id or e-mail",
        SubjectKind.Team => "team's id or name",
        _ => "service token's id",
    };

    private static string Target(GrantView grant) => $"{grant.Role} for {grant.Subject}";

    private static bool Has(GrantView grant, string? text) => string.IsNullOrWhiteSpace(text)
        || text.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word =>
            $"{grant.Subject} {grant.Role} {grant.Selector} {grant.Reason}".Contains(word, StringComparison.OrdinalIgnoreCase));
}
