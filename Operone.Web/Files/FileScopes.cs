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
    /// <summary>All scopes that somebody has on a device; <see cref="FileRules"/> says what they come to.</summary>
    public async ValueTask<IReadOnlyList<FileScope>> ForAsync(Actor actor, DeviceEntry device, CancellationToken cancellationToken)
    {
        // there are few: as many as somebody wrote by hand
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var policies = await db.Set<FilePolicy>().ToListAsync(cancellationToken);
        return policies.Count == 0 ? [FileScope.Everything] : FileRules.Resolve(policies.SelectMany(ToRules), device.Labels, roles.On(actor, device.Labels));
    }

    private static IEnumerable<FileRule> ToRules(FilePolicy policy)
    {
        // one that cannot be read (a bug, or a hand in the database) is for every device: it takes rather than gives
        var selector = Selector.Parse(policy.Selector);
        return policy.Folders.Select(folder => new FileRule
        {
            Name = policy.Name,
            Selector = selector.IsError ? Selector.Everything : selector.Value,
            RoleId = policy.RoleId,
            Path = TreePath.Parse(folder.Path) is { IsError: false } path ? path.Value : TreePath.Top,
            IsWritable = folder.IsWritable && !selector.IsError,
            Hidden = policy.Hidden,
        });
    }
}
