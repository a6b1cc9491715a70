using System.Collections.Concurrent;
using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>What is needed of a person to decide.</summary>
internal sealed record PersonEntry(Guid Id, string Email, string DisplayName, bool IsEnabled, IReadOnlyList<Guid> TeamIds);

/// <summary>What is needed of a role to decide.</summary>
internal sealed record RoleEntry(
    Guid Id, string Name, PermissionSet Permissions, bool IsBuiltIn, IReadOnlyList<string> StepUpActs, IReadOnlyList<string> TokenForbiddenActs,
    string? RequiredSandbox);

/// <summary>A team. Who is in it is in each <see cref="PersonEntry"/>.</summary>
internal sealed record TeamEntry(Guid Id, string Name, string Description, DateTimeOffset CreatedAt);

/// <summary>Who may do what, all of it, as it was at one moment. It never changes; a change makes another.</summary>
internal sealed class AccessSnapshot
{
    private readonly ILookup<Guid, Grant> _grants;
    private readonly ConcurrentDictionary<Guid, Subject> _subjects = new();

    private AccessSnapshot(
        AccessState? state, IEnumerable<PersonEntry> people, IEnumerable<RoleEntry> roles, IEnumerable<Grant> grants, IEnumerable<TeamEntry> teams)
    {
        Version = state?.Version ?? 0;
        Settings = state?.Settings ?? new();
        People = people.ToFrozenDictionary(p => p.Id);
        Roles = roles.ToFrozenDictionary(r => r.Id);
        Teams = teams.ToFrozenDictionary(t => t.Id);
        Grants = grants.ToFrozenDictionary(g => g.Id);
        _grants = Grants.Values.ToLookup(g => g.SubjectId);
    }

    /// <summary>Before anything was read.</summary>
    public static AccessSnapshot Empty { get; } = new(null, [], [], [], []);

    /// <summary>Grows with every change.</summary>
    public long Version { get; }

    /// <summary>The settings of sign-in.</summary>
    public SignInSettings Settings { get; }

    /// <summary>Everybody, by id.</summary>
    public FrozenDictionary<Guid, PersonEntry> People { get; }

    /// <summary>Every role, by id.</summary>
    public FrozenDictionary<Guid, RoleEntry> Roles { get; }

    /// <summary>Every team, by id.</summary>
    public FrozenDictionary<Guid, TeamEntry> Teams { get; }

    /// <summary>Every grant, by id; those too that have ended.</summary>
    public FrozenDictionary<Guid, Grant> Grants { get; }

    /// <summary>Reads it.</summary>
    public static async Task<AccessSnapshot> ReadAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var state = await db.Set<AccessState>().AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        var members = (await db.Set<TeamMember>().AsNoTracking().ToListAsync(cancellationToken)).ToLookup(m => m.PersonId, m => m.TeamId);
        var teams = await db.Set<Team>().Select(t => new TeamEntry(t.Id, t.Name, t.Description, t.CreatedAt)).ToListAsync(cancellationToken);
        var people = await db.Set<Person>().Select(p => new { p.Id, p.UserName, p.DisplayName, p.DisabledAt }).ToListAsync(cancellationToken);
        var roles = await db.Set<Role>().AsNoTracking().ToListAsync(cancellationToken);
        var grants = await db.Set<Grant>().AsNoTracking().ToListAsync(cancellationToken);
        return new(
            state,
            people.Select(p => new PersonEntry(p.Id, p.UserName!, p.DisplayName, p.DisabledAt is null, [.. members[p.Id]])),
            roles.Select(r => new RoleEntry(r.Id, r.Name, PermissionSet.Of(r.Permissions), r.IsBuiltIn, r.StepUpActs, r.TokenForbiddenActs, r.RequiredSandbox)),
            grants,
            teams);
    }

    /// <summary>The grants of a person, a team or a token itself.</summary>
    public IEnumerable<Grant> GrantsOf(Guid subjectId) => _grants[subjectId];

    /// <summary>What a person may; nothing where they are gone or disabled.</summary>
    public Subject OfPerson(Guid personId) => _subjects.GetOrAdd(personId, static (id, self) =>
        self.People.GetValueOrDefault(id) is { IsEnabled: true } person
            ? new(self.GrantsOf(id).Concat(person.TeamIds.SelectMany(self.GrantsOf)).Select(self.ToPolicy))
            : Subject.Nobody, this);

    /// <summary>What a token may: what it was given, within what its maker may.</summary>
    public Subject OfToken(ApiToken token) => _subjects.GetOrAdd(token.Id, static (id, context) =>
    {
        var (self, token) = context;
        var grants = token.Kind == TokenKind.Service
            ? self.GrantsOf(id).Select(self.ToPolicy)
            : [new PolicyGrant(id, GrantEffect.Allow, PermissionSet.Of(token.Permissions), Read(token.Selector) ?? Nothing, token.ExpiresAt)];
        return new(grants, self.OfPerson(token.OwnerId));
    }, (this, token));

    /// <summary>The roles that somebody has now, by their own grants or their teams'.</summary>
    public IEnumerable<RoleEntry> RolesOf(Guid personId, DateTimeOffset at) =>
        GrantsOf(personId).Concat(People.GetValueOrDefault(personId)?.TeamIds.SelectMany(GrantsOf) ?? [])
            .Where(g => g.Effect == GrantEffect.Allow && !(g.Until <= at))
            .Select(g => Roles.GetValueOrDefault(g.RoleId)).OfType<RoleEntry>().Distinct();

    /// <summary>The roles that somebody stands under now: a token under its own, and under those of whoever made it.</summary>
    public IReadOnlyList<RoleEntry> RolesOf(Actor actor, DateTimeOffset at)
    {
        IEnumerable<Guid?> subjects = [actor.PersonId, actor.TokenId];
        return [.. subjects.OfType<Guid>().SelectMany(id => RolesOf(id, at)).Distinct()];
    }

    /// <summary>Whether a person is an owner for good: enabled, by a grant on everything without end, and with nothing denied.</summary>
    public bool IsOwner(Guid personId, DateTimeOffset at) =>
        People.GetValueOrDefault(personId) is { IsEnabled: true } person
        && GrantsOf(personId).Concat(person.TeamIds.SelectMany(GrantsOf))
            .Any(g => g.Effect == GrantEffect.Allow && g.RoleId == BuiltInRoles.Owner.Id && g.Selector.Length == 0 && g.Until is null)
        && Policy.Covers(OfPerson(personId), PermissionSet.All, Selector.Everything, null, at);

    /// <summary>
    /// Whether somebody has the permission over owners by a grant in force, also while they are disabled or it is denied them: only
    /// who has it too acts on their account.
    /// </summary>
    public bool IsProtected(Guid personId, DateTimeOffset at) => GrantsOf(personId).Concat(People.GetValueOrDefault(personId)?.TeamIds.SelectMany(GrantsOf) ?? [])
        .Any(g => g.Effect == GrantEffect.Allow && g.Selector.Length == 0 && g.IsInForce(at)
            && Roles.GetValueOrDefault(g.RoleId)?.Permissions.Has(Permissions.OwnersManage) == true);

    /// <summary>Who is in a team.</summary>
    public IEnumerable<PersonEntry> MembersOf(Guid teamId) => People.Values.Where(p => p.TeamIds.Contains(teamId));

    /// <summary>Whether there is an owner.</summary>
    public bool HasOwner(DateTimeOffset at) => People.Keys.Any(id => IsOwner(id, at));

    private static readonly Selector Nothing = Selector.Parse("operone.dev/nothing,!operone.dev/nothing").Value;

    private PolicyGrant ToPolicy(Grant grant)
    {
        var permissions = Roles.GetValueOrDefault(grant.RoleId)?.Permissions ?? PermissionSet.None;
        return Read(grant.Selector) is { } selector
            ? new(grant.Id, grant.Effect, permissions, selector, grant.Until)
            // One that cannot be read (a bug, or a hand in the database) gives nothing, and takes everywhere.
            : new(grant.Id, grant.Effect, permissions, grant.Effect == GrantEffect.Deny ? Selector.Everything : Nothing, grant.Until);
    }

    private static Selector? Read(string text) => Selector.Parse(text) is { IsError: false } read ? read.Value : null;
}
