using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Shell.Terminals;

/// <summary>
/// The use cases of terminal policies: list, look, make, replace, remove. Who manages terminals anywhere may look; who does on
/// everything may change, for a rule can be for every device.
/// </summary>
internal sealed class TerminalPolicyService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of policies, by name.</summary>
    public async Task<Result<Page<TerminalPolicyView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.TerminalsManage, "terminal-policy.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        // There are few: as many as somebody wrote by hand.
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = (await db.Set<TerminalPolicy>().ToListAsync(cancellationToken)).Where(p => string.IsNullOrWhiteSpace(text)
            || p.Name.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase) || p.Selector.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase));
        var page = NamedPage.Take(all, p => p.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<TerminalPolicyView>([.. page.Value.Items.Select(View)], page.Value.NextCursor);
    }

    /// <summary>One policy.</summary>
    public async Task<Result<TerminalPolicyView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.TerminalsManage, "terminal-policy.read", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<TerminalPolicy>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken) is { } policy ? View(policy) : TerminalPolicyErrors.NotFound(id);
    }

    /// <summary>Makes a policy. It counts for terminals that are opened from now on.</summary>
    public async Task<Result<TerminalPolicyView>> CreateAsync(Actor actor, WriteTerminalPolicy request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "terminal-policy.create", request.Name, cancellationToken) is { } denied)
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
        db.Publish(Event(actor, EventTypes.TerminalPolicyCreated, read.Value));
        return await SaveAsync(db, read.Value.Name, cancellationToken) is { } taken
            ? taken
            : await TellAsync(actor, "terminal-policy.create", read.Value, cancellationToken);
    }

    /// <summary>Replaces what a policy says: what is not given, it says no more.</summary>
    public async Task<Result<TerminalPolicyView>> ReplaceAsync(Actor actor, Guid id, WriteTerminalPolicy request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "terminal-policy.update", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var read = Read(id, request);
        if (read.IsError)
        {
            return read.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (!await db.Set<TerminalPolicy>().AnyAsync(p => p.Id == id, cancellationToken))
        {
            return TerminalPolicyErrors.NotFound(id);
        }

        db.Update(read.Value);
        db.Publish(Event(actor, EventTypes.TerminalPolicyUpdated, read.Value));
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
            return TerminalPolicyErrors.NotFound(id);
        }

        return await TellAsync(actor, "terminal-policy.update", read.Value, cancellationToken);
    }

    /// <summary>Removes a policy. Terminals that are open stay as they are.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "terminal-policy.remove", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var policy = await db.Set<TerminalPolicy>().SingleOrDefaultAsync(p => p.Id == id, cancellationToken);
        if (policy is null || await db.ChangeAsync(
            () => db.Set<TerminalPolicy>().Where(p => p.Id == id).ExecuteDeleteAsync(cancellationToken), Event(actor, EventTypes.TerminalPolicyRemoved, policy), cancellationToken) == 0)
        {
            return TerminalPolicyErrors.NotFound(id);
        }

        await TellAsync(actor, "terminal-policy.remove", policy, cancellationToken);
        return Unit.Value;
    }

    private async ValueTask<Error?> RefuseAsync(Actor actor, string action, string? target, CancellationToken cancellationToken)
    {
        if (actor.MayEverywhere(Permissions.TerminalsManage))
        {
            return null;
        }

        await audit.NoteAsync(actor, action, target, allowed: false, $"lacks {Permissions.TerminalsManage} on everything", cancellationToken);
        return TerminalPolicyErrors.NotEverywhere(actor.Name);
    }

    private Result<TerminalPolicy> Read(Guid id, WriteTerminalPolicy request)
    {
        // A field that a form left empty says nothing.
        request = request with
        {
            Role = NullIfEmpty(request.Role),
            User = NullIfEmpty(request.User),
            Shell = NullIfEmpty(request.Shell),
            WorkingDirectory = NullIfEmpty(request.WorkingDirectory),
            Environment = request.Environment is { Count: 0 } ? null : request.Environment,
        };
        var errors = new FieldErrors();
        var role = request.Role is null ? null : AccessInput.FindRole(access.Current, request.Role);
        errors.AddIf(request.Role is not null && role is null, "role", $"'{request.Role}' is no role");
        TerminalPolicyLimits.Check(request, errors);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var name = request.Name!.Trim();
        return new TerminalPolicy
        {
            Id = id,
            Name = name,
            NormalizedName = Role.Normalize(name),
            Order = request.Order,
            Selector = Selector.Parse(request.Selector).Value.ToString(),
            RoleId = role?.Id,
            Record = request.Record,
            RecordInput = request.RecordInput,
            User = request.User,
            Shell = request.Shell,
            WorkingDirectory = request.WorkingDirectory,
            Environment = request.Environment,
            IdleSeconds = request.IdleSeconds,
            ChoiceAllowed = request.ChoiceAllowed,
        };
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static async Task<Error?> SaveAsync(OperoneDb db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return TerminalPolicyErrors.NameTaken(name);
        }
    }

    private async Task<TerminalPolicyView> TellAsync(Actor actor, string action, TerminalPolicy policy, CancellationToken cancellationToken)
    {
        var view = View(policy);
        var grant = actor.Decide(Permissions.TerminalsManage, null).Grant;
        await audit.NoteAsync(actor, action, policy.Name, allowed: true, TerminalPolicyText.Describe(view), grant, cancellationToken);
        changes.Signal(LiveChanges.TerminalPolicies);
        return view;
    }

    private static OperoneEvent Event(Actor actor, string type, TerminalPolicy policy) =>
        new(type, policy.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["policyId"] = policy.Id.ToString() });

    private TerminalPolicyView View(TerminalPolicy policy) => new(
        policy.Id, policy.Name, policy.Order, policy.Selector,
        policy.RoleId is { } role ? access.Current.Roles.GetValueOrDefault(role)?.Name ?? role.ToString() : null,
        policy.Record, policy.RecordInput, policy.User, policy.Shell, policy.WorkingDirectory, policy.Environment, policy.IdleSeconds, policy.ChoiceAllowed);
}
