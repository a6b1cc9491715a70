using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Files.Policies;

/// <summary>
/// The use cases of file policies: list, look, make, replace, remove. Who manages mounts anywhere may look; who does on
/// everything may change, for a rule can be for every device.
/// </summary>
internal sealed class FilePolicyService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of policies, by name.</summary>
    public async Task<Result<Page<FilePolicyView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.MountsManage, "file-policy.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        // There are few: as many as somebody wrote by hand.
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = (await db.Set<FilePolicy>().ToListAsync(cancellationToken)).Where(p => string.IsNullOrWhiteSpace(text)
            || p.Name.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase) || p.Selector.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase));
        var page = NamedPage.Take(all, p => p.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<FilePolicyView>([.. page.Value.Items.Select(View)], page.Value.NextCursor);
    }

    /// <summary>One policy.</summary>
    public async Task<Result<FilePolicyView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.MountsManage, "file-policy.read", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<FilePolicy>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken) is { } policy ? View(policy) : FilePolicyErrors.NotFound(id);
    }

    /// <summary>Makes a policy. It counts at once.</summary>
    public async Task<Result<FilePolicyView>> CreateAsync(Actor actor, WriteFilePolicy request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "file-policy.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        var read = Read(Guid.CreateVersion7(time.GetUtcNow()), request);
        if (read.IsError)
        {
            return read.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Add(read.Value);
        db.Publish(Event(actor, EventTypes.FilePolicyCreated, read.Value));
        return await SaveAsync(db, read.Value.Name, cancellationToken) is { } taken
            ? taken
            : await TellAsync(actor, "file-policy.create", read.Value, cancellationToken);
    }

    /// <summary>Replaces what a policy says: what is not given, it says no more.</summary>
    public async Task<Result<FilePolicyView>> ReplaceAsync(Actor actor, Guid id, WriteFilePolicy request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "file-policy.update", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var read = Read(id, request);
        if (read.IsError)
        {
            return read.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (!await db.Set<FilePolicy>().AnyAsync(p => p.Id == id, cancellationToken))
        {
            return FilePolicyErrors.NotFound(id);
        }

        db.Update(read.Value);
        db.Publish(Event(actor, EventTypes.FilePolicyUpdated, read.Value));
        try
        {
            if (await SaveAsync(db, read.Value.Name, cancellationToken) is { } taken)
            {
                return taken;
            }
        }
        catch (DbUpdateConcurrencyException)
        {
            // somebody removed it a moment ago
            return FilePolicyErrors.NotFound(id);
        }

        return await TellAsync(actor, "file-policy.update", read.Value, cancellationToken);
    }

    /// <summary>Removes a policy. Where it was the last that matched, all of a device is to be had.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "file-policy.remove", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var policy = await db.Set<FilePolicy>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken);
        if (policy is null || await db.ChangeAsync(
            () => db.Set<FilePolicy>().Where(p => p.Id == id).ExecuteDeleteAsync(cancellationToken), Event(actor, EventTypes.FilePolicyRemoved, policy), cancellationToken) == 0)
        {
            return FilePolicyErrors.NotFound(id);
        }

        await TellAsync(actor, "file-policy.remove", policy, cancellationToken);
        return Unit.Value;
    }

    private async ValueTask<Error?> RefuseAsync(Actor actor, string action, string? target, CancellationToken cancellationToken)
    {
        if (actor.MayEverywhere(Permissions.MountsManage))
        {
            return null;
        }

        await audit.NoteAsync(actor, action, target, allowed: false, $"lacks {Permissions.MountsManage} on everything", cancellationToken);
        return FilePolicyErrors.NotEverywhere(actor.Name);
    }

    private Result<FilePolicy> Read(Guid id, WriteFilePolicy request)
    {
        request = request with { Role = string.IsNullOrWhiteSpace(request.Role) ? null : request.Role.Trim() };
        var errors = new FieldErrors();
        var role = request.Role is null ? null : AccessInput.FindRole(access.Current, request.Role);
        errors.AddIf(request.Role is not null && role is null, "role", $"'{request.Role}' is no role");
        FilePolicyLimits.Check(request, errors);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var name = request.Name!.Trim();
        return new FilePolicy
        {
            Id = id,
            Name = name,
            NormalizedName = Role.Normalize(name),
            Selector = Selector.Parse(request.Selector).Value.ToString(),
            RoleId = role?.Id,
            Folders = [.. request.Folders!.Select(f => new PolicyFolder(TreePath.Parse(f.Path).Value.ToAddress(), f.IsWritable))],
            Hidden = request.Hidden ?? [],
        };
    }

    private static async Task<Error?> SaveAsync(OperoneDb db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return FilePolicyErrors.NameTaken(name);
        }
    }

    private async Task<FilePolicyView> TellAsync(Actor actor, string action, FilePolicy policy, CancellationToken cancellationToken)
    {
        var view = View(policy);
        var grant = actor.Decide(Permissions.MountsManage, null).Grant;
        await audit.NoteAsync(actor, action, policy.Name, allowed: true, Describe(view), grant, cancellationToken);
        changes.Signal(LiveChanges.FilePolicies);
        return view;
    }

    private static string Describe(FilePolicyView policy) =>
        $"on {(policy.Selector.Length > 0 ? policy.Selector : "every device")}{(policy.Role is { } role ? $", for {role}" : "")}: "
        + string.Join(", ", policy.Folders.Select(f => $"{f.Path} ({(f.IsWritable ? "writable" : "read-only")})"))
        + (policy.Hidden.Count > 0 ? $"; hidden {string.Join(", ", policy.Hidden)}" : "");

    private static OperoneEvent Event(Actor actor, string type, FilePolicy policy) =>
        new(type, policy.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["policyId"] = policy.Id.ToString() });

    private FilePolicyView View(FilePolicy policy) => new(
        policy.Id, policy.Name, policy.Selector, policy.RoleId is { } role ? access.Current.Roles.GetValueOrDefault(role)?.Name ?? role.ToString() : null,
        policy.Folders, policy.Hidden);
}
