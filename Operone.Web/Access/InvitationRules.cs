using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What an invitation gives, held against what the inviter has.</summary>
internal static class InvitationRules
{
    /// <summary>What of it the inviter lacks, in words; null where they may give it all.</summary>
    /// <param name="inviter">Their grants now.</param>
    /// <param name="snapshot">Who may do what now.</param>
    /// <param name="roleId">The role, or null for none.</param>
    /// <param name="selector">On which devices.</param>
    /// <param name="teamIds">The teams: being in one gives what it has.</param>
    /// <param name="now">When.</param>
    public static string? Lacks(
        Subject inviter, AccessSnapshot snapshot, Guid? roleId, Selector selector, IEnumerable<Guid> teamIds, DateTimeOffset now)
    {
        if (!Policy.Decide(inviter, Permissions.PeopleManage, null, now).Allowed)
        {
            return Permissions.PeopleManage;
        }

        if (roleId is { } id && LacksOf(snapshot.Roles.GetValueOrDefault(id)?.Permissions ?? PermissionSet.All, selector, null) is { } lacked)
        {
            return lacked;
        }

        return teamIds.SelectMany(snapshot.GrantsOf).Where(g => g.Effect == GrantEffect.Allow && !(g.Until <= now))
            .Select(g => LacksOf(
                snapshot.Roles.GetValueOrDefault(g.RoleId)?.Permissions ?? PermissionSet.All,
                Selector.Parse(g.Selector) is { IsError: false } read ? read.Value : Selector.Everything, g.Until))
            .FirstOrDefault(l => l is not null);

        string? LacksOf(PermissionSet permissions, Selector on, DateTimeOffset? until)
        {
            if (Policy.Covers(inviter, permissions, on, until, now))
            {
                return null;
            }

            var names = permissions.Names.Where(p => !Policy.Covers(inviter, PermissionSet.Of([p]), on, until, now));
            return $"{string.Join(", ", names)} {(on.IsEverything ? "on everything" : $"on {on}")}";
        }
    }

    /// <summary>Of what can be taken up now, those that a condition holds for.</summary>
    public static IQueryable<Invitation> Open(OperoneDb db, DateTimeOffset now) =>
        db.Set<Invitation>().Where(i => i.UsedAt == null && i.RevokedAt == null && i.ExpiresAt > now);
}
