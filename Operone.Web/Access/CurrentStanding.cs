using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What somebody may now, for work that was asked for earlier: a run that waited for its device, a transfer that goes on by itself.</summary>
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

    /// <summary>Whoever asked for it, with what they may at this moment. It is to be asked again now and then.</summary>
    /// <param name="actorId">The person or token; null for Operone itself.</param>
    /// <param name="name">Their name at that time.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public async Task<Actor> ActorAsync(Guid? actorId, string name, CancellationToken cancellationToken) =>
        actorId is not { } id ? Actor.System
            : new Actor(id, name, new AsOf(await OfAsync(id, cancellationToken), time)) { Person = await PersonOfAsync(id, cancellationToken) };

    /// <summary>Whose it is: the person, or who made the token; null for a service token.</summary>
    private async Task<Guid?> PersonOfAsync(Guid actorId, CancellationToken cancellationToken)
    {
        if (access.Current.People.ContainsKey(actorId))
        {
            return actorId;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<ApiToken>().Where(t => t.Id == actorId).Select(t => (Guid?)t.OwnerId).SingleOrDefaultAsync(cancellationToken);
    }

    private sealed class AsOf(Subject subject, TimeProvider time) : Standing(time)
    {
        public override Subject Subject => subject;
    }
}
