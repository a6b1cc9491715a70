using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Files.Mounts;

namespace Operone.Web.Files;

/// <summary>A place in the tree that somebody may have, resolved.</summary>
/// <param name="Address">In the tree, with the device's or mount's own name: however it was asked for, one place has one address.</param>
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
    /// <summary>Whether it may be read: who may only write there learns nothing of what is there.</summary>
    public required bool IsReadable { get; init; }

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

    /// <summary>An address with the device's or mount's own name; as it is where there is none.</summary>
    public async ValueTask<TreePath> CanonicalAsync(TreePath address, CancellationToken cancellationToken) =>
        address.Depth < 2 ? address
        : address.Names[0] != Devices ? await mounts.CanonicalAsync(address, cancellationToken)
        : devices.Find(address.Names[1]) is { } device ? TopOf(device).Join(address.Below(2)) : address;

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

        var all = await scopes.ForAsync(actor, device.Value, cancellationToken);
        return await PlaceAsync(actor, device.Value, all, address.Below(2), permission, action, cancellationToken);
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
        var top = address.Below(2);
        var below = all.Select(s => TreePath.Parse(s.Root).Value).Where(root => root.Depth > top.Depth && root.IsIn(top)).ToArray();
        var places = new List<FilePlace>();
        foreach (var path in FileRules.Find(all, top) is null && below.Length > 0 ? below : [top, .. below])
        {
            var found = await PlaceAsync(actor, device.Value, all, path, permission, action, cancellationToken);
            if (found.IsError)
            {
                return found.Error!;
            }

            places.Add(found.Value);
        }

        return places;
    }

    /// <summary>A path on a device, where one of the scopes has it.</summary>
    private async ValueTask<Result<FilePlace>> PlaceAsync(
        Actor actor, DeviceEntry device, IReadOnlyList<FileScope> scopes, TreePath path, string permission, string action, CancellationToken cancellationToken)
    {
        var top = TopOf(device);
        var address = top.Join(path);
        if (FileRules.Find(scopes, path) is not { } scope)
        {
            await records.RefusedAsync(actor, action, address.ToString(), "no policy lets it be had", cancellationToken);
            return FileErrors.NotFound(address.ToString());
        }

        var isWritable = scope.IsWritable && actor.May(Permissions.FilesWrite, device.Labels);
        if (permission == Permissions.FilesWrite && !isWritable)
        {
            await records.RefusedAsync(actor, action, address.ToString(), "policy lets it be read alone", cancellationToken);
            return FileErrors.ReadOnly(address.ToString());
        }

        return new FilePlace(
            address, new AgentFiles(channels, records, actor, device), scope, path, top, isWritable, actor.Decide(permission, device.Labels).Grant, device.Id, [.. FileRules.In(scopes, path)])
        {
            IsReadable = actor.May(Permissions.FilesRead, device.Labels),
        };
    }

    private static TreePath TopOf(DeviceEntry device) => TreePath.Top.Child(Devices).Child(device.Name);

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
