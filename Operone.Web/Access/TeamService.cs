using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The use cases of teams: list, look, make, change, remove, and who is in them.</summary>
internal sealed class TeamService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, AccessRules rules, IAuditTrail audit, TimeProvider time)
{
    /// <summary>A page of teams, by name.</summary>
    public async Task<Result<Page<TeamView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "team.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var snapshot = access.Current;
        var found = snapshot.Teams.Values.Where(t => string.IsNullOrWhiteSpace(text)
            || t.Name.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase) || t.Description.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase));
        var page = NamedPage.Take(found, t => t.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<TeamView>([.. page.Value.Items.Select(t => View(snapshot, t))], page.Value.NextCursor);
    }

    /// <summary>One team with its members and grants.</summary>
    public async Task<Result<TeamDetails>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "team.read", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var snapshot = access.Current;
        if (snapshot.Teams.GetValueOrDefault(id) is not { } team)
        {
            return AccessErrors.TeamNotFound(id.ToString());
        }

        var grants = snapshot.GrantsOf(id).OrderByDescending(g => g.Id).ToArray();
        var names = await GrantNames.ReadAsync(databases, snapshot, grants, time.GetUtcNow(), cancellationToken);
        return new TeamDetails(
            View(snapshot, team),
            [.. snapshot.MembersOf(id).OrderBy(p => p.Email, StringComparer.OrdinalIgnoreCase).Select(p => new NamedId(p.Id, p.Email))],
            [.. grants.Select(names.View)]);
    }

    /// <summary>Makes a team. It has no members and no grants yet.</summary>
    public async Task<Result<TeamView>> CreateAsync(Actor actor, CreateTeam request, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, "team.create", request.Name, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        var errors = new FieldErrors();
        var now = time.GetUtcNow();
        var name = AccessInput.CheckName(request.Name, errors);
        var team = new Team
        {
            Id = Guid.CreateVersion7(now),
            Name = name,
            NormalizedName = Role.Normalize(name),
            Description = AccessInput.CheckText(request.Description, "description", errors),
            CreatedAt = now,
        };
        if (errors.ToError() is { } error)
        {
            return error;
        }

        change.Db.Add(team);
        return await CommitAsync(actor, change, "team.create", Event(actor, EventTypes.TeamCreated, team.Id, team.Name, null), team.Name, cancellationToken) is { } conflict
            ? conflict
            : await TellAsync(actor, "team.create", team.Id, team.Name, null, cancellationToken);
    }

    /// <summary>Renames or describes a team.</summary>
    public async Task<Result<TeamView>> UpdateAsync(Actor actor, Guid id, UpdateTeam request, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, "team.update", id.ToString(), cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        if (await change.Db.Set<Team>().SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is not { } team)
        {
            return AccessErrors.TeamNotFound(id.ToString());
        }

        var errors = new FieldErrors();
        var before = team.Name;
        team.Name = request.Name is null ? team.Name : AccessInput.CheckName(request.Name, errors);
        team.NormalizedName = Role.Normalize(team.Name);
        team.Description = request.Description is null ? team.Description : AccessInput.CheckText(request.Description, "description", errors);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var detail = before == team.Name ? null : $"named '{team.Name}', before '{before}'";
        return await CommitAsync(actor, change, "team.update", Event(actor, EventTypes.TeamUpdated, id, team.Name, detail), team.Name, cancellationToken) is { } conflict
            ? conflict
            : await TellAsync(actor, "team.update", id, team.Name, detail, cancellationToken);
    }

    /// <summary>Removes a team with its grants. Its members stay, without what it gave them.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(actor, id, "team.remove", cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value.Change;
        var team = begun.Value.Team;
        var members = change.Before.MembersOf(id).ToArray();
        foreach (var member in members)
        {
            if (await RefuseLeavingAsync(actor, "team.remove", change.Before, team, member, cancellationToken) is { } refused)
            {
                return refused;
            }
        }

        await change.Db.Set<Grant>().Where(g => g.SubjectId == id).ExecuteDeleteAsync(cancellationToken);
        await change.Db.Set<Team>().Where(t => t.Id == id).ExecuteDeleteAsync(cancellationToken);
        var detail = $"with {members.Length} members and {change.Before.GrantsOf(id).Count()} grants";
        if (await CommitAsync(actor, change, "team.remove", Event(actor, EventTypes.TeamRemoved, id, team.Name, detail), team.Name, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "team.remove", id, team.Name, detail, cancellationToken);
        return Unit.Value;
    }

    /// <summary>Puts a person into a team: it gives them the team's grants, and so needs what giving those needs.</summary>
    public async Task<Result<Unit>> AddMemberAsync(Actor actor, Guid id, Guid personId, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(actor, id, "team.add-member", cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value.Change;
        var team = begun.Value.Team;
        if (change.Before.People.GetValueOrDefault(personId) is not { } person)
        {
            return AccessErrors.PersonNotFound(personId.ToString());
        }

        if (person.TeamIds.Contains(id))
        {
            return Unit.Value;
        }

        var now = time.GetUtcNow();
        var grants = change.Before.GrantsOf(id).Where(g => g.IsInForce(now)).ToArray();
        if (await rules.RequireOverAsync(actor, "team.add-member", change.Before, personId, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (grants.Any(g => g.Effect == GrantEffect.Deny) && change.Before.IsProtected(personId, now))
        {
            return await rules.RefuseAsync(
                actor, "team.add-member", $"{person.Email} to {team.Name}", AccessErrors.OwnerDenied(person.Email), null, cancellationToken);
        }

        foreach (var grant in grants.Where(g => g.Effect == GrantEffect.Allow))
        {
            if (await rules.RequireCoverAsync(
                actor, "team.add-member", $"{person.Email} to {team.Name}", change.Before, grant, cancellationToken) is { } beyond)
            {
                return beyond;
            }
        }

        change.Db.Add(new TeamMember { TeamId = id, PersonId = personId });
        if (await CommitAsync(
            actor, change, "team.add-member", Event(actor, EventTypes.TeamUpdated, id, team.Name, $"{person.Email} joined"), team.Name, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "team.add-member", id, team.Name, $"{person.Email} joined", cancellationToken);
        return Unit.Value;
    }

    /// <summary>Takes a person out of a team. Where the team denies something, that gives it back, and so needs it.</summary>
    public async Task<Result<Unit>> RemoveMemberAsync(Actor actor, Guid id, Guid personId, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(actor, id, "team.remove-member", cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value.Change;
        var team = begun.Value.Team;
        if (change.Before.People.GetValueOrDefault(personId) is not { } person || !person.TeamIds.Contains(id))
        {
            return AccessErrors.MemberNotFound(personId.ToString(), team.Name);
        }

        if (await RefuseLeavingAsync(actor, "team.remove-member", change.Before, team, person, cancellationToken) is { } refused)
        {
            return refused;
        }

        await change.Db.Set<TeamMember>().Where(m => m.TeamId == id && m.PersonId == personId).ExecuteDeleteAsync(cancellationToken);
        if (await CommitAsync(
            actor, change, "team.remove-member", Event(actor, EventTypes.TeamUpdated, id, team.Name, $"{person.Email} left"), team.Name, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "team.remove-member", id, team.Name, $"{person.Email} left", cancellationToken);
        return Unit.Value;
    }

    private async Task<Error?> RefuseLeavingAsync(
        Actor actor, string action, AccessSnapshot snapshot, TeamEntry team, PersonEntry person, CancellationToken cancellationToken)
    {
        if (await rules.RequireOverAsync(actor, action, snapshot, person.Id, cancellationToken) is { } denied)
        {
            return denied;
        }

        var now = time.GetUtcNow();
        foreach (var grant in snapshot.GrantsOf(team.Id).Where(g => g.Effect == GrantEffect.Deny && g.IsInForce(now)))
        {
            if (await rules.RequireCoverAsync(actor, action, $"{person.Email} from {team.Name}", snapshot, grant, cancellationToken) is { } beyond)
            {
                return beyond;
            }
        }

        return null;
    }

    private async Task<Result<(AccessChange Change, TeamEntry Team)>> BeginAsync(
        Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(
            actor, Permissions.PeopleManage, action, access.Current.Teams.GetValueOrDefault(id)?.Name ?? id.ToString(), cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        if (begun.Value.Before.Teams.GetValueOrDefault(id) is { } team)
        {
            return (begun.Value, team);
        }

        await begun.Value.DisposeAsync();
        return AccessErrors.TeamNotFound(id.ToString());
    }

    private async Task<Error?> CommitAsync(
        Actor actor, AccessChange change, string action, OperoneEvent happened, string name, CancellationToken cancellationToken)
    {
        change.Db.Publish(happened);
        try
        {
            return await change.CommitAsync(cancellationToken) is { } conflict
                ? await rules.RefuseAsync(actor, action, name, conflict, null, cancellationToken)
                : null;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return AccessErrors.NameTaken("team", name);
        }
    }

    private async Task<TeamView> TellAsync(
        Actor actor, string action, Guid id, string name, string? detail, CancellationToken cancellationToken)
    {
        await rules.NoteAsync(actor, Permissions.PeopleManage, action, name, detail, cancellationToken);
        return View(access.Current, access.Current.Teams.GetValueOrDefault(id) ?? new(id, name, "", time.GetUtcNow()));
    }

    private static OperoneEvent Event(Actor actor, string type, Guid id, string name, string? detail) =>
        new(type, name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["teamId"] = id.ToString(), ["change"] = detail });

    private TeamView View(AccessSnapshot snapshot, TeamEntry team)
    {
        var now = time.GetUtcNow();
        return new(
            team.Id, team.Name, team.Description, team.CreatedAt, snapshot.MembersOf(team.Id).Count(),
            [.. snapshot.GrantsOf(team.Id).Where(g => g.Effect == GrantEffect.Allow && g.IsInForce(now))
                .Select(g => snapshot.Roles.GetValueOrDefault(g.RoleId)).OfType<RoleEntry>().Distinct().Select(r => new NamedId(r.Id, r.Name))]);
    }
}
