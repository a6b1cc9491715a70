using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Grants as they are shown: with the names of their roles and of whom they are for.</summary>
internal sealed class GrantNames(AccessSnapshot snapshot, IReadOnlyDictionary<Guid, string> tokens, DateTimeOffset now)
{
    /// <summary>Reads the names of the tokens among them; the others are known.</summary>
    public static async Task<GrantNames> ReadAsync(
        IDbContextFactory<OperoneDb> databases, AccessSnapshot snapshot, IReadOnlyCollection<Grant> grants, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var ids = grants.Where(g => g.SubjectKind == SubjectKind.Token).Select(g => g.SubjectId).Distinct().ToArray();
        if (ids.Length == 0)
        {
            return new(snapshot, new Dictionary<Guid, string>(), now);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return new(snapshot, await db.Set<ApiToken>().Where(t => ids.Contains(t.Id)).ToDictionaryAsync(t => t.Id, t => t.Name, cancellationToken), now);
    }

    public GrantView View(Grant grant) => new(
        grant.Id, grant.Effect, grant.RoleId, snapshot.Roles.GetValueOrDefault(grant.RoleId)?.Name ?? "", grant.SubjectKind, grant.SubjectId,
        Subject(grant), grant.Selector, grant.Until, !grant.IsInForce(now), grant.Reason, grant.CreatedBy, grant.CreatedAt);

    private string Subject(Grant grant) => (grant.SubjectKind switch
    {
        SubjectKind.Person => snapshot.People.GetValueOrDefault(grant.SubjectId)?.Email,
        SubjectKind.Team => snapshot.Teams.GetValueOrDefault(grant.SubjectId)?.Name,
        _ => tokens.GetValueOrDefault(grant.SubjectId),
    }) ?? grant.SubjectId.ToString();
}
