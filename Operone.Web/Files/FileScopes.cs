using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Files.Policies;

namespace Operone.Web.Files;

/// <summary>Which of a device's files policy lets somebody have. <see cref="FilePolicyService"/> changes it.</summary>
internal sealed class FileScopes(IDbContextFactory<OperoneDb> databases, ActorRoles roles)
{
    /// <summary>The scope of a path, or null where it may not be had.</summary>
    public async ValueTask<FileScope?> FindAsync(Actor actor, DeviceEntry device, TreePath path, CancellationToken cancellationToken) =>
        FileRules.Find(await ForAsync(actor, device, cancellationToken), path);

    /// <summary>For a folder that only leads to scopes: the names in it that do; else null.</summary>
    public async ValueTask<IReadOnlyList<string>?> ListAboveAsync(Actor actor, DeviceEntry device, TreePath path, CancellationToken cancellationToken) =>
        FileRules.NamesAbove(await ForAsync(actor, device, cancellationToken), path);

    /// <summary>The scopes whose folder lies directly in this one.</summary>
    public async ValueTask<IReadOnlyList<FileScope>> ListInAsync(Actor actor, DeviceEntry device, TreePath path, CancellationToken cancellationToken) =>
        [.. FileRules.In(await ForAsync(actor, device, cancellationToken), path)];

    private async ValueTask<IReadOnlyList<FileScope>> ForAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        // there are few: as many as somebody wrote by hand
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var policies = await db.Set<FilePolicy>().ToListAsync(cancellationToken);
        return policies.Count == 0 ? [FileScope.Everything] : FileRules.Resolve(policies.SelectMany(ToRules), device.Labels, roles.On(actor, device.Labels));
    }

    private static IEnumerable<FileRule> ToRules(FilePolicy policy) => policy.Folders.Select(folder => new FileRule
    {
        Name = policy.Name,
        // one that cannot be read (a bug, or a hand in the database) is for every device: it takes rather than gives
        Selector = Selector.Parse(policy.Selector) is { IsError: false } selector ? selector.Value : Selector.Everything,
        RoleId = policy.RoleId,
        Path = TreePath.Parse(folder.Path) is { IsError: false } path ? path.Value : TreePath.Top,
        IsWritable = folder.IsWritable && !Selector.Parse(policy.Selector).IsError,
        Hidden = policy.Hidden,
    });
}
