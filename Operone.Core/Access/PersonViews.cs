namespace Operone.Core.Access;

/// <summary>Something by its id and name.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
public sealed record NamedId(Guid Id, string Name);

/// <summary>By what a person can sign in.</summary>
/// <param name="Password">Whether they have a password.</param>
/// <param name="OneTimeCodes">Whether the password needs a one-time code beside it.</param>
/// <param name="Passkeys">How many passkeys they have.</param>
/// <param name="Accounts">The external providers whose accounts are linked.</param>
public sealed record SignInWays(bool Password, bool OneTimeCodes, int Passkeys, IReadOnlyList<string> Accounts);

/// <summary>A person.</summary>
/// <param name="Id">Their id.</param>
/// <param name="Email">Their e-mail, which is their name in the audit trail.</param>
/// <param name="DisplayName">What others call them; empty where only the e-mail is known.</param>
/// <param name="IsOwner">Whether they have the permission over owners: only who has it too may act on their account.</param>
/// <param name="DisabledAt">Since when they may not sign in (UTC), or null.</param>
/// <param name="CreatedAt">Since when they are here (UTC).</param>
/// <param name="LastSeenAt">When one of their sessions was last seen (UTC, to the minute), or null.</param>
/// <param name="Roles">The roles that their grants in force and their teams' give them, on whatever devices.</param>
/// <param name="Teams">Their teams.</param>
/// <param name="WaysIn">By what they can sign in.</param>
public sealed record PersonView(
    Guid Id, string Email, string DisplayName, bool IsOwner, DateTimeOffset? DisabledAt, DateTimeOffset CreatedAt, DateTimeOffset? LastSeenAt,
    IReadOnlyList<NamedId> Roles, IReadOnlyList<NamedId> Teams, SignInWays WaysIn);

/// <summary>A person with their grants.</summary>
/// <param name="Person">The person.</param>
/// <param name="Grants">Their own grants and their teams', the newest first.</param>
public sealed record PersonDetails(PersonView Person, IReadOnlyList<GrantView> Grants);

/// <summary>What <c>PATCH /api/v1/people/{id}</c> takes.</summary>
/// <param name="DisplayName">What others call them; up to 100 characters, empty for none.</param>
public sealed record UpdatePerson(string? DisplayName);

/// <summary>What policy says of one permission, and why.</summary>
/// <param name="Permission">The permission.</param>
/// <param name="Device">On which device; null for what is no device.</param>
/// <param name="Allowed">Whether they may.</param>
/// <param name="Reason">Why.</param>
/// <param name="Grant">The grant that gives or takes it.</param>
/// <param name="Explanation">The same in words.</param>
public sealed record DecisionView(string Permission, string? Device, bool Allowed, DecisionReason Reason, GrantView? Grant, string Explanation);

/// <summary>A team.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique.</param>
/// <param name="Description">What it is for.</param>
/// <param name="CreatedAt">Since when it is there (UTC).</param>
/// <param name="Members">How many people are in it.</param>
/// <param name="Roles">The roles that its grants in force give.</param>
public sealed record TeamView(Guid Id, string Name, string Description, DateTimeOffset CreatedAt, int Members, IReadOnlyList<NamedId> Roles);

/// <summary>A team with its members and grants.</summary>
/// <param name="Team">The team.</param>
/// <param name="Members">Who is in it, by e-mail.</param>
/// <param name="Grants">Its grants, the newest first.</param>
public sealed record TeamDetails(TeamView Team, IReadOnlyList<NamedId> Members, IReadOnlyList<GrantView> Grants);

/// <summary>What <c>POST /api/v1/teams</c> takes.</summary>
/// <param name="Name">1 to 63 characters, unique.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
public sealed record CreateTeam(string? Name, string? Description = null);

/// <summary>What <c>PATCH /api/v1/teams/{id}</c> takes. What is not given stays.</summary>
/// <param name="Name">1 to 63 characters, unique.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
public sealed record UpdateTeam(string? Name = null, string? Description = null);
