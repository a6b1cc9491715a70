using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Files.Mounts;

namespace Operone.Web.Files;

/// <summary>A place in the tree that somebody may have, resolved.</summary>
/// <param name="Address">In the tree.</param>
/// <param name="Backend">Where it is.</param>
/// <param name="Scope">Within what.</param>
/// <param name="Path">On the backend.</param>
/// <param name="Top">The part of the address that names the backend.</param>
/// <param name="IsWritable">Whether policy and permission let it be changed.</param>
/// <param name="Grant">The grant that decided.</param>
/// <param name="DeviceId">The device; null in a mount.</param>
/// <param name="Inner">The scopes whose folder lies directly in this one: its own scope hides them.</param>
internal sealed record FilePlace(
    TreePath Address, IFileBackend Backend, FileScope Scope, TreePath Path, TreePath Top, bool IsWritable, Guid? Grant, Guid? DeviceId, IReadOnlyList<FileScope> Inner)
{
    public override string ToString() => Address.ToString();
}

/// <summary>
/// The one tree: <c>/devices/&lt;name&gt;/...</c> is a device's files, <c>/server</c> and <c>/mounts</c> have what was mounted. Says what an address means and whether somebody may have it; everything
/// that anybody asks of a file goes through here.
/// </summary>
internal sealed class FileTree(DeviceDirectory devices, DeviceSight sight, FileChannels channels, FileScopes scopes, FileRecords records, MountPlaces mounts)
{
    /// <summary>The folder of the devices.</summary>
    public const string Devices = "devices";

    /// <summary>The folder of the node's own folders that are mounted.</summary>
    public const string Server = "server";

    /// <summary>The folder of other mounts.</summary>
    public const string Mounts = "mounts";

    /// <summary>Whether two addresses are on the same device or mount.</summary>
    public static bool IsOnePlace(TreePath one, TreePath other) => one.Depth >= 2 && other.Depth >= 2 && one.First(2).Equals(other.First(2));

    /// <summary>Where an address leads; with <paramref name="permission"/> to do it there. An address of the tree's own folders is none.</summary>
    public async ValueTask<Result<FilePlace>> FindAsync(Actor actor, TreePath address, string permission, string action, CancellationToken cancellationToken)
    {
        if (!address.IsTop && address.Names[0] is not (Devices or Server or Mounts))
        {
            return FileErrors.NotFound(address.ToString());
        }

        if (address.Depth < 2)
        {
            return FileErrors.NotThere(address.ToString());
        }

        if (address.Names[0] != Devices)
        {
            return await mounts.FindAsync(actor, address, permission, action, cancellationToken);
        }

        var device = await sight.RequireAsync(actor, permission, address.Names[1], action, cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        var path = address.Below(2);
        var all = await scopes.ForAsync(actor, device.Value, cancellationToken);
        if (FileRules.Find(all, path) is not { } scope)
        {
            await records.RefusedAsync(actor, action, address.ToString(), "no policy lets it be had", cancellationToken);
            return FileErrors.NotFound(address.ToString());
        }

        var isWritable = scope.IsWritable && actor.May(Permissions.FilesWrite, device.Value.Labels);
        if (permission == Permissions.FilesWrite && !isWritable)
        {
            await records.RefusedAsync(actor, action, address.ToString(), "policy lets it be read alone", cancellationToken);
            return FileErrors.ReadOnly(address.ToString());
        }

        return new FilePlace(
            address, new AgentFiles(channels, records, actor, device.Value), scope, path, address.First(2), isWritable, actor.Decide(permission, device.Value.Labels).Grant, device.Value.Id,
            [.. FileRules.In(all, path)]);
    }

    /// <summary>All of what is at an address and below it that may be had: the place itself, where it may, and those below it with a scope of their own.</summary>
    public async ValueTask<Result<IReadOnlyList<FilePlace>>> FindAllAsync(Actor actor, TreePath address, string permission, string action, CancellationToken cancellationToken)
    {
        if (address.Depth < 2 || address.Names[0] != Devices)
        {
            var one = await FindAsync(actor, address, permission, action, cancellationToken);
            return one.IsError ? one.Error! : (FilePlace[])[one.Value];
        }

        var device = await sight.RequireAsync(actor, permission, address.Names[1], action, cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        var all = await scopes.ForAsync(actor, device.Value, cancellationToken);
        var places = new List<FilePlace>();
        var below = all.Select(s => address.First(2).Join(TreePath.Parse(s.Root).Value)).Where(a => a.Depth > address.Depth && a.IsIn(address));
        foreach (var place in FileRules.Find(all, address.Below(2)) is null ? below : below.Prepend(address))
        {
            var found = await FindAsync(actor, place, permission, action, cancellationToken);
            if (found.IsError)
            {
                return found.Error!;
            }

            places.Add(found.Value);
        }

        if (places.Count > 0)
        {
            return places;
        }

        await records.RefusedAsync(actor, action, address.ToString(), "no policy lets it be had", cancellationToken);
        return FileErrors.NotFound(address.ToString());
    }

    /// <summary>What is in one of the tree's own folders: <c>/</c>, <c>/devices</c>, <c>/mounts</c>, <c>/server</c>, and a device whose files begin further down. Null for any other place.</summary>
    public async ValueTask<Result<FileEntry[]>?> ListOwnAsync(Actor actor, TreePath address, CancellationToken cancellationToken)
    {
        if (address.IsTop)
        {
            return (FileEntry[])[Folder(Devices), Folder(Mounts), Folder(Server)];
        }

        if (address.Names[0] is Mounts or Server)
        {
            if (address.Depth > 1)
            {
                return null;
            }

            return (FileEntry[])[.. (await mounts.NamesAsync(actor, address.Names[0], cancellationToken)).Select(Folder)];
        }

        if (address.Names[0] != Devices)
        {
            return FileErrors.NotFound(address.ToString());
        }

        if (address.Depth == 1)
        {
            return (FileEntry[])[.. sight.With(actor, Permissions.FilesRead).OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).Select(d => Folder(d.Name))];
        }

        if (devices.Find(address.Names[1]) is { } device && actor.May(Permissions.FilesRead, device.Labels)
            && FileRules.NamesAbove(await scopes.ForAsync(actor, device, cancellationToken), address.Below(2)) is { } names)
        {
            return (FileEntry[])[.. names.Select(Folder)];
        }

        return null;
    }

    /// <summary>What is in a folder that has a scope of its own, so that the folder's own scope hides it; what is not there is left out.</summary>
    public static async ValueTask<IReadOnlyList<FileEntry>> ListInnerAsync(FilePlace place, CancellationToken cancellationToken)
    {
        var entries = new List<FileEntry>();
        foreach (var scope in place.Inner)
        {
            var entry = await place.Backend.StatAsync(scope, TreePath.Parse(scope.Root).Value, withAttributes: false, cancellationToken);
            if (!entry.IsError)
            {
                entries.Add(entry.Value);
            }
        }

        return entries;
    }

    private static FileEntry Folder(string name) => new() { Segment = FileName.ToSegment(name), Kind = FileKind.Folder };
}
