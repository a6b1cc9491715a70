using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What somebody may now, for work that was asked for earlier: a run that waited for its device.</summary>
internal sealed class CurrentStanding(IDbContextFactory<OperoneDb> databases, AccessDirectory access, TimeProvider time)
{
    /// <summary>The grants of a person or an API token by its id; none where it is gone, disabled or has expired.</summary>
    public async Task<Subject> OfAsync(Guid actorId, CancellationToken cancellationToken)
    {
        if (access.Current.People.ContainsKey(actorId))
        {
            return access.Current.OfPerson(actorId);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Id == actorId, cancellationToken);
        return token is null || token.ExpiresAt <= time.GetUtcNow() ? Subject.Nobody : access.Current.OfToken(token);
    }
}
