using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>Which roles somebody has on a device, for policies that are for holders of a role.</summary>
internal sealed class ActorRoles(AccessDirectory access, TimeProvider time)
{
    /// <summary>The roles in force on a device with these labels. A token stands under its own roles, and under those of whoever made it.</summary>
    public IReadOnlyCollection<Guid> On(Actor actor, IReadOnlyDictionary<string, string> labels)
    {
        var (snapshot, now) = (access.Current, time.GetUtcNow());
        var teams = actor.PersonId is { } person ? snapshot.People.GetValueOrDefault(person)?.TeamIds : null;
        IEnumerable<Guid?> subjects = [actor.PersonId, actor.TokenId, .. (teams ?? []).Cast<Guid?>()];
        return new HashSet<Guid>(subjects.OfType<Guid>().SelectMany(snapshot.GrantsOf)
            .Where(g => g.Effect == GrantEffect.Allow && g.IsInForce(now) && g.ReadSelector()?.Matches(labels) == true)
            .Select(g => g.RoleId));
    }
}
