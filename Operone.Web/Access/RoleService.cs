using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The use cases of roles: list, make, change, remove.</summary>
internal sealed class RoleService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, AccessRules rules, ISandboxNames sandboxes, TimeProvider time)
{
    /// <summary>A page of roles, by name. Everybody who is signed in may see them: one asks for access by them.</summary>
    public async Task<Result<Page<RoleView>>> ListAsync(Actor actor, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var snapshot = access.Current;
        var page = NamedPage.Take(snapshot.Roles.Values, r => r.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<RoleView>(await ViewsAsync(actor, snapshot, page.Value.Items, cancellationToken), page.Value.NextCursor);
    }

    /// <summary>One role, by its id or name.</summary>
    public async Task<Result<RoleView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken) =>
        AccessInput.FindRole(access.Current, idOrName) is { } role
            ? (await ViewsAsync(actor, access.Current, [role], cancellationToken))[0]
            : AccessErrors.RoleNotFound(idOrName);

    /// <summary>Makes a role. It gives nothing yet, and still nobody makes one of what they lack.</summary>
    public async Task<Result<RoleView>> CreateAsync(Actor actor, CreateRole request, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, "role.create", request.Name, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        var errors = new FieldErrors();
        var now = time.GetUtcNow();
        var name = AccessInput.CheckName(request.Name, errors);
        var permissions = AccessInput.CheckPermissions(request.Permissions, errors);
        var role = new Role
        {
            Id = Guid.CreateVersion7(now),
            Name = name,
            NormalizedName = Role.Normalize(name),
            Description = AccessInput.CheckText(request.Description, "description", errors),
            Permissions = [.. permissions.Names],
            StepUpActs = AccessInput.CheckActs(request.StepUpActs, "stepUpActs", errors),
            TokenForbiddenActs = AccessInput.CheckActs(request.TokenForbiddenActs, "tokenForbiddenActs", errors),
            RequiredSandbox = await sandboxes.CheckAsync(change.Db, request.RequiredSandbox, errors, cancellationToken),
            CreatedAt = now,
        };
        if (errors.ToError() is { } error)
        {
            return error;
        }

        if (permissions.Names.Where(p => !actor.May(p)).ToArray() is { Length: > 0 } beyond)
        {
            var what = string.Join(", ", beyond);
            return await rules.RefuseAsync(
                actor, "role.create", name, AccessErrors.BeyondOwn(actor.Name, what), $"lacks {what}, and so cannot make a role of it", cancellationToken);
        }

        change.Db.Add(role);
        if (await CommitAsync(actor, change, "role.create", EventTypes.RoleCreated, role, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "role.create", role, string.Join(", ", role.Permissions), cancellationToken);
        return await GetAsync(actor, role.Id.ToString(), cancellationToken);
    }

    /// <summary>
    /// Changes a role, for everybody who has it. Nobody adds what they could not give to each of those, nor takes from a role that
    /// denies. Of a built-in role only the acts and the sandbox are set, by who changes settings. Nobody
    /// takes a sandbox away that holds themselves.
    /// </summary>
    public async Task<Result<RoleView>> UpdateAsync(Actor actor, Guid id, UpdateRole request, CancellationToken cancellationToken)
    {
        var isBuiltIn = access.Current.Roles.GetValueOrDefault(id)?.IsBuiltIn == true;
        var permission = isBuiltIn ? Permissions.SettingsManage : Permissions.PeopleManage;
        var begun = await rules.BeginAsync(actor, permission, "role.update", id.ToString(), cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        if (await change.Db.Set<Role>().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is not { } role)
        {
            return AccessErrors.RoleNotFound(id.ToString());
        }

        if (isBuiltIn && (request.Name ?? request.Description ?? (object?)request.Permissions) is not null)
        {
            return AccessErrors.RoleIsBuiltIn(role.Name);
        }

        var errors = new FieldErrors();
        var before = PermissionSet.Of(role.Permissions);
        var after = request.Permissions is null ? before : AccessInput.CheckPermissions(request.Permissions, errors);
        role.Name = request.Name is null ? role.Name : AccessInput.CheckName(request.Name, errors);
        role.NormalizedName = Role.Normalize(role.Name);
        role.Description = request.Description is null ? role.Description : AccessInput.CheckText(request.Description, "description", errors);
        role.StepUpActs = request.StepUpActs is null ? role.StepUpActs : AccessInput.CheckActs(request.StepUpActs, "stepUpActs", errors);
        role.TokenForbiddenActs = request.TokenForbiddenActs is null
            ? role.TokenForbiddenActs : AccessInput.CheckActs(request.TokenForbiddenActs, "tokenForbiddenActs", errors);
        role.Permissions = after == before ? role.Permissions : [.. after.Names];
        var required = role.RequiredSandbox;
        role.RequiredSandbox = request.RequiredSandbox is null
            ? role.RequiredSandbox : await sandboxes.CheckAsync(change.Db, request.RequiredSandbox, errors, cancellationToken);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        if (required is not null && required != role.RequiredSandbox && change.Before.RolesOf(actor, time.GetUtcNow()).Any(r => r.Id == id))
        {
            return await rules.RefuseAsync(actor, "role.update", role.Name, AccessErrors.OwnSandbox(role.Name, required), null, cancellationToken);
        }

        if (after != before && await RefuseAsync(actor, change, role, before, after, cancellationToken) is { } refused)
        {
            return refused;
        }

        if (await CommitAsync(actor, change, "role.update", EventTypes.RoleUpdated, role, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "role.update", role, Describe(request, before, after), cancellationToken);
        return await GetAsync(actor, id.ToString(), cancellationToken);
    }

    /// <summary>Removes a role that nobody has.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, "role.remove", id.ToString(), cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var change = begun.Value;
        if (await change.Db.Set<Role>().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is not { } role)
        {
            return AccessErrors.RoleNotFound(id.ToString());
        }

        if (role.IsBuiltIn)
        {
            return AccessErrors.RoleIsBuiltIn(role.Name);
        }

        if (await FindUseAsync(change, id, cancellationToken) is { } use)
        {
            return AccessErrors.RoleInUse(role.Name, use);
        }

        // What has ended does not hold a role.
        await change.Db.Set<Grant>().Where(g => g.RoleId == id).ExecuteDeleteAsync(cancellationToken);
        change.Db.Remove(role);
        if (await CommitAsync(actor, change, "role.remove", EventTypes.RoleRemoved, role, cancellationToken) is { } conflict)
        {
            return conflict;
        }

        await TellAsync(actor, "role.remove", role, null, cancellationToken);
        return Unit.Value;
    }

    // Each grant of the role is given anew with what changes, and each invitation is a grant to come.
    private async Task<Error?> RefuseAsync(
        Actor actor, AccessChange change, Role role, PermissionSet before, PermissionSet after, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (added, taken) = (after.Except(before), before.Except(after));
        var given = change.Before.Grants.Values.Where(g => g.RoleId == role.Id && g.IsInForce(now))
            .Select(g => (Permissions: g.Effect == GrantEffect.Allow ? added : taken, Selector: g.ReadSelector() ?? Selector.Everything, g.Until));
        var invited = await change.Db.Set<Invitation>().AsNoTracking()
            .Where(i => i.RoleId == role.Id && i.UsedAt == null && i.RevokedAt == null && i.ExpiresAt > now).Select(i => i.Selector).ToListAsync(cancellationToken);
        var toCome = invited.Select(s => (Permissions: added, Selector: Selector.Parse(s) is { IsError: false } read ? read.Value : Selector.Everything, (DateTimeOffset?)null));
        foreach (var (permissions, selector, until) in given.Concat(toCome).Where(g => !g.Permissions.IsEmpty))
        {
            if (await rules.RequireCoverAsync(actor, "role.update", role.Name, permissions, selector, until, cancellationToken) is { } beyond)
            {
                return beyond;
            }
        }

        return added.Names.FirstOrDefault(p => !actor.May(p)) is { } lacking
            ? await rules.RefuseAsync(
                actor, "role.update", role.Name, AccessErrors.BeyondOwn(actor.Name, lacking), $"lacks {lacking}, and so cannot put it in a role", cancellationToken)
            : null;
    }

    private async Task<string?> FindUseAsync(AccessChange change, Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var grants = change.Before.Grants.Values.Where(g => g.RoleId == id && g.IsInForce(now)).OrderBy(g => g.Id).ToArray();
        var names = await GrantNames.ReadAsync(databases, change.Before, grants, now, cancellationToken);
        var invitations = await change.Db.Set<Invitation>().CountAsync(
            i => i.RoleId == id && i.UsedAt == null && i.RevokedAt == null && i.ExpiresAt > now, cancellationToken);
        var requests = await change.Db.Set<AccessRequest>().CountAsync(r => r.RoleId == id && r.Status == AccessRequestStatus.Open, cancellationToken);
        var uses = grants.Take(5).Select(g => $"a grant for {names.View(g).Subject}").ToList();
        if (grants.Length > uses.Count)
        {
            uses.Add($"{grants.Length - uses.Count} more grants");
        }

        if (invitations > 0)
        {
            uses.Add($"{invitations} open invitation{(invitations == 1 ? "" : "s")}");
        }

        if (requests > 0)
        {
            uses.Add($"{requests} open access request{(requests == 1 ? "" : "s")}");
        }

        return uses.Count == 0 ? null : string.Join(", ", uses);
    }

    private async Task<Error?> CommitAsync(Actor actor, AccessChange change, string action, string type, Role role, CancellationToken cancellationToken)
    {
        change.Db.Publish(new(type, role.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["roleId"] = role.Id.ToString() }));
        try
        {
            return await change.CommitAsync(cancellationToken) is { } conflict
                ? await rules.RefuseAsync(actor, action, role.Name, conflict, null, cancellationToken)
                : null;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return AccessErrors.NameTaken("role", role.Name);
        }
    }

    private async Task TellAsync(Actor actor, string action, Role role, string? detail, CancellationToken cancellationToken)
    {
        await rules.NoteAsync(
            actor, role.IsBuiltIn ? Permissions.SettingsManage : Permissions.PeopleManage, action, role.Name, detail, cancellationToken);
    }

    private async Task<IReadOnlyList<RoleView>> ViewsAsync(
        Actor actor, AccessSnapshot snapshot, IReadOnlyList<RoleEntry> roles, CancellationToken cancellationToken)
    {
        var ids = roles.Select(r => r.Id).ToArray();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var descriptions = await db.Set<Role>().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Description, cancellationToken);
        var now = time.GetUtcNow();
        var mayCount = actor.Lacks(Permissions.PeopleManage) is null;
        return [.. roles.Select(r => new RoleView(
            r.Id, r.Name, descriptions.GetValueOrDefault(r.Id) ?? "", [.. r.Permissions.Names], r.IsBuiltIn, r.StepUpActs, r.TokenForbiddenActs,
            mayCount ? snapshot.Grants.Values.Count(g => g.RoleId == r.Id && g.IsInForce(now)) : null)
        {
            RequiredSandbox = r.RequiredSandbox,
        })];
    }

    private static string Describe(UpdateRole request, PermissionSet before, PermissionSet after)
    {
        var parts = new List<string>();
        parts.AddRange(after.Except(before).Names.Select(p => $"+{p}"));
        parts.AddRange(before.Except(after).Names.Select(p => $"-{p}"));
        if (request.Name is { } name)
        {
            parts.Add($"named {name.Trim()}");
        }

        if (request.StepUpActs is { } acts)
        {
            parts.Add($"a passkey for: {string.Join(", ", acts)}");
        }

        if (request.TokenForbiddenActs is { } forbidden)
        {
            parts.Add($"kept from tokens: {string.Join(", ", forbidden)}");
        }

        if (request.RequiredSandbox is { } sandbox)
        {
            parts.Add(sandbox.Length == 0 ? "no sandbox required" : $"held by the sandbox {sandbox}");
        }

        return string.Join("; ", parts);
    }
}
