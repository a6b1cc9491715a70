using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Files.Mounts;

/// <summary>
/// Mounts in the tree: <c>/server/NAME/...</c> and <c>/mounts/NAME/...</c>. A mount has labels as a device has, and grants select it by them.
/// One that somebody may not read does not exist for them.
/// </summary>
internal sealed class MountPlaces(IDbContextFactory<OperoneDb> databases, MountBackends backends, FileRecords records)
{
    /// <summary>Where an address leads; with <paramref name="permission"/> to do it there.</summary>
    public async ValueTask<Result<FilePlace>> FindAsync(Actor actor, TreePath address, string permission, string action, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var mount = await Mount.FindAsync(db, address.Names[1], cancellationToken);
        if (mount is null || mount.Folder != address.Names[0])
        {
            return FileErrors.NotFound(address.ToString());
        }

        var decision = actor.Decide(permission, mount.Labels);
        if (!decision.Allowed)
        {
            await records.RefusedAsync(actor, action, address.ToString(), $"lacks {permission} on it", cancellationToken);
            return actor.May(Permissions.FilesRead, mount.Labels) ? AccessErrors.PermissionMissingOn(actor.Name, permission, address.First(2).ToString()) : FileErrors.NotFound(address.ToString());
        }

        if (permission == Permissions.FilesWrite && !mount.IsWritable)
        {
            await records.RefusedAsync(actor, action, address.ToString(), "the mount is read-only", cancellationToken);
            return FileErrors.ReadOnly(address.ToString());
        }

        var opened = backends.Open(mount);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        var (backend, scope, top) = opened.Value;
        var path = TreePath.FromNames(top.Names.Concat(address.Below(2).Names));
        var folder = TopOf(mount);
        return path.IsError ? path.Error! : new FilePlace(
            folder.Join(address.Below(2)), backend, scope, path.Value, folder, mount.IsWritable && actor.May(Permissions.FilesWrite, mount.Labels), decision.Grant, null, [])
        {
            IsReadable = actor.May(Permissions.FilesRead, mount.Labels),
        };
    }

    /// <summary>An address with the mount's own name; as it is where there is none.</summary>
    public async ValueTask<TreePath> CanonicalAsync(TreePath address, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Mount.FindAsync(db, address.Names[1], cancellationToken) is { } mount && mount.Folder == address.Names[0] ? TopOf(mount).Join(address.Below(2)) : address;
    }

    private static TreePath TopOf(Mount mount) => TreePath.Top.Child(mount.Folder).Child(mount.Name);

    /// <summary>The names of those in a folder of the tree that somebody may read.</summary>
    public async ValueTask<IReadOnlyList<string>> NamesAsync(Actor actor, string folder, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var all = await db.Set<Mount>().ToListAsync(cancellationToken);
        return [.. all.Where(m => m.Folder == folder && actor.May(Permissions.FilesRead, m.Labels)).Select(m => m.Name).Order(StringComparer.OrdinalIgnoreCase)];
    }
}
