using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What somebody may do now, for work that was asked for earlier: a run that waited for its device.</summary>
internal sealed class CurrentPermissions(IDbContextFactory<OperoneDb> databases, TimeProvider time)
{
    /// <summary>The permissions of a person or API token by its id; none where it is gone or has expired.</summary>
    public async Task<FrozenSet<string>> OfAsync(Guid actorId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Id == actorId, cancellationToken);
        if (token is not null)
        {
            return token.ExpiresAt <= time.GetUtcNow() ? [] : token.Permissions.ToFrozenSet(StringComparer.Ordinal);
        }

        var person = await db.Set<Person>().SingleOrDefaultAsync(p => p.Id == actorId, cancellationToken);
        return person is null ? [] : PersonClaims.PermissionsOf(person).ToFrozenSet(StringComparer.Ordinal);
    }
}
