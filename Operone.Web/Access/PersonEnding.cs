using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What a person holds: their sessions and the tokens that they made.</summary>
internal sealed record PersonHoldings(IReadOnlyList<Session> Sessions, IReadOnlyList<ApiToken> Tokens);

/// <summary>Ends what somebody holds who may not be here any more: pages, streams, tokens in flight.</summary>
internal sealed class PersonEnding(IDbContextFactory<OperoneDb> databases, SessionService sessions, TokenDirectory tokens)
{
    /// <summary>What they hold now.</summary>
    public static async Task<PersonHoldings> FindAsync(OperoneDb db, Guid personId, CancellationToken cancellationToken) => new(
        await db.Set<Session>().AsNoTracking().Where(s => s.PersonId == personId && s.EndedAt == null).ToListAsync(cancellationToken),
        await db.Set<ApiToken>().AsNoTracking().Where(t => t.OwnerId == personId).ToListAsync(cancellationToken));

    /// <summary>Ends what they hold now.</summary>
    public async Task EndAsync(Actor actor, Guid personId, string reason, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await EndAsync(actor, await FindAsync(db, personId, cancellationToken), reason, cancellationToken);
    }

    /// <summary>Ends what they held. On other nodes it is seen within <see cref="CredentialWatch.Period"/>.</summary>
    public async Task EndAsync(Actor actor, PersonHoldings held, string reason, CancellationToken cancellationToken)
    {
        foreach (var token in held.Tokens)
        {
            tokens.Ended(token.Hash);
        }

        await sessions.EndAsync(actor, held.Sessions, reason, cancellationToken);
    }
}
