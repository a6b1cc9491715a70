using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Files.Mounts;

/// <summary>
/// The use cases of mounts: list, look, make, replace, remove, try. All take <see cref="Permissions.MountsManage"/>; who reads and writes
/// in a mount is for its labels and <see cref="MountPlaces"/> to say. None of them gives a secret.
/// </summary>
internal sealed class MountService(
    IDbContextFactory<OperoneDb> databases, MountVault vault, MountBackends backends, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>A page of mounts, by name.</summary>
    public async Task<Result<Page<MountView>>> ListAsync(Actor actor, string? text, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.MountsManage, "mount.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        // there are few: as many as somebody wrote by hand
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = (await db.Set<Mount>().ToListAsync(cancellationToken)).Where(m => string.IsNullOrWhiteSpace(text)
            || m.Name.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase) || m.Address.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase));
        var page = NamedPage.Take(all, m => m.Name, limit, cursor);
        return page.IsError ? page.Error! : new Page<MountView>([.. page.Value.Items.Select(m => m.ToView())], page.Value.NextCursor);
    }

    /// <summary>One mount, by its id or name.</summary>
    public async Task<Result<MountView>> GetAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.MountsManage, "mount.read", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Mount.FindAsync(db, idOrName, cancellationToken) is { } mount ? mount.ToView() : MountErrors.NotFound(idOrName);
    }

    /// <summary>Makes a mount. It is in the tree at once.</summary>
    public async Task<Result<MountView>> CreateAsync(Actor actor, WriteMount request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "mount.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        var now = time.GetUtcNow();
        var mount = new Mount
        {
            Id = Guid.CreateVersion7(now),
            Name = "",
            NormalizedName = "",
            Kind = request.Kind,
            Address = "",
            Labels = new Dictionary<string, string>(),
            Hidden = [],
            UpdatedAt = now,
            UpdatedBy = actor.Name,
        };
        Put(mount, request, MountSecrets.Of(request));
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Add(mount);
        db.Publish(Event(actor, EventTypes.MountCreated, mount));
        return await SaveAsync(db, mount.Name, cancellationToken) is { } taken
            ? taken
            : await TellAsync(actor, "mount.create", mount, cancellationToken);
    }

    /// <summary>Replaces what a mount says. Secrets that are not given stay, where it still goes to the same server as the same user.</summary>
    public async Task<Result<MountView>> ReplaceAsync(Actor actor, string idOrName, WriteMount request, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "mount.update", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        if (await Mount.FindAsync(db, idOrName, cancellationToken) is not { } mount)
        {
            return MountErrors.NotFound(idOrName);
        }

        var secrets = MountSecrets.Of(request);
        if (secrets is null && mount.Secrets is not null && IsSameServer(mount, request))
        {
            if ((secrets = vault.Open(mount)) is null)
            {
                return MountErrors.Sealed(mount.Name);
            }
        }

        Put(mount, request, secrets);
        mount.UpdatedAt = time.GetUtcNow();
        mount.UpdatedBy = actor.Name;
        db.Publish(Event(actor, EventTypes.MountUpdated, mount));
        if (await SaveAsync(db, mount.Name, cancellationToken) is { } taken)
        {
            return taken;
        }

        return await TellAsync(actor, "mount.update", mount, cancellationToken);
    }

    /// <summary>Removes a mount from the tree, with its secrets. What it shows stays as it is.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "mount.remove", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Mount.FindAsync(db, idOrName, cancellationToken) is not { } mount
            || await db.ChangeAsync(
                () => db.Set<Mount>().Where(m => m.Id == mount.Id).ExecuteDeleteAsync(cancellationToken), Event(actor, EventTypes.MountRemoved, mount), cancellationToken) == 0)
        {
            return MountErrors.NotFound(idOrName);
        }

        await TellAsync(actor, "mount.remove", mount, cancellationToken);
        return Unit.Value;
    }

    /// <summary>Tries a mount: signs in, and lists its folder.</summary>
    public async Task<Result<MountTest>> TestAsync(Actor actor, string idOrName, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(actor, "mount.test", idOrName, cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Mount.FindAsync(db, idOrName, cancellationToken) is not { } mount)
        {
            return MountErrors.NotFound(idOrName);
        }

        var tested = await backends.TestAsync(mount, cancellationToken);
        await audit.NoteAsync(actor, "mount.test", mount.Name, allowed: true, tested.Detail, actor.Decide(Permissions.MountsManage, null).Grant, cancellationToken);
        return tested;
    }

    private async ValueTask<Error?> RefuseAsync(Actor actor, string action, string? target, CancellationToken cancellationToken)
    {
        if (actor.MayEverywhere(Permissions.MountsManage))
        {
            return null;
        }

        await audit.NoteAsync(actor, action, target, allowed: false, $"lacks {Permissions.MountsManage} on everything", cancellationToken);
        return MountErrors.NotEverywhere(actor.Name);
    }

    private static Error? Check(WriteMount request)
    {
        var errors = new FieldErrors();
        MountLimits.Check(request, errors);
        return errors.ToError();
    }

    /// <summary>A secret goes nowhere but where it was typed for.</summary>
    private static bool IsSameServer(Mount mount, WriteMount request) =>
        mount.Kind == request.Kind && (mount.User ?? "") == (request.User?.Trim() ?? "")
        && MountLimits.ReadAddress(mount.Kind, mount.Address) is { IsError: false } before
        && MountLimits.ReadAddress(request.Kind, request.Address) is { IsError: false } after && before.Value.Server == after.Value.Server;

    private void Put(Mount mount, WriteMount request, MountSecrets? secrets)
    {
        mount.Name = request.Name!.Trim();
        mount.NormalizedName = Role.Normalize(mount.Name);
        mount.Kind = request.Kind;
        mount.Address = request.Kind == MountKind.Folder ? TreePath.Parse(request.Address!).Value.ToAddress() : request.Address!.Trim();
        mount.User = string.IsNullOrWhiteSpace(request.User) ? null : request.User.Trim();
        mount.HostKey = request.HostKey;
        mount.Labels = request.Labels ?? new Dictionary<string, string>();
        mount.IsWritable = request.IsWritable;
        mount.Hidden = request.Hidden ?? [];
        mount.Secrets = vault.Seal(mount.Id, secrets);
        mount.SignIn = secrets?.SignIn ?? MountSignIn.None;
    }

    private static async Task<Error?> SaveAsync(OperoneDb db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateConcurrencyException)
        {
            // somebody removed it a moment ago
            return MountErrors.NotFound(name);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return MountErrors.NameTaken(name);
        }
    }

    private async Task<MountView> TellAsync(Actor actor, string action, Mount mount, CancellationToken cancellationToken)
    {
        var grant = actor.Decide(Permissions.MountsManage, null).Grant;
        await audit.NoteAsync(actor, action, mount.Name, allowed: true, Describe(mount), grant, cancellationToken);
        changes.Signal(LiveChanges.Mounts);
        return mount.ToView();
    }

    private static OperoneEvent Event(Actor actor, string type, Mount mount) =>
        new(type, mount.Name, Actor: actor.Name, Data: new Dictionary<string, string?> { ["mountId"] = mount.Id.ToString() });

    private static string Describe(Mount mount) =>
        $"{mount.Address}{(mount.User is { } user ? $" as {user}" : "")}, {(mount.IsWritable ? "writable" : "read-only")}"
        + (mount.SignIn == MountSignIn.None ? "" : $", by {mount.SignIn.ToString().ToLowerInvariant()}")
        + (mount.HostKey is { } key ? $", host key {key}" : "")
        + (mount.Labels.Count > 0 ? $"; labels {string.Join(",", mount.Labels.Select(l => $"{l.Key}={l.Value}"))}" : "")
        + (mount.Hidden.Count > 0 ? $"; hidden {string.Join(", ", mount.Hidden)}" : "");
}
