namespace Operone.Core.Access;

/// <summary>What <c>POST /api/v1/tokens</c> takes.</summary>
/// <param name="Name">What the token is for; 1 to 100 characters.</param>
/// <param name="Permissions">
/// What a personal token may do; each from <see cref="Access.Permissions.All"/>, at least one, none that its maker lacks. A service
/// token has none: it has roles.
/// </param>
/// <param name="ExpiresInSeconds">How long it is good for, in seconds; null for ever, where the installation sets no limit.</param>
/// <param name="Kind">A personal or a service token.</param>
/// <param name="Selector">On which devices; null or empty for all that its maker may.</param>
/// <param name="Role">For a service token: the role, by name or id, that it is given at once on those devices; null where grants follow.</param>
public sealed record CreateApiToken(
    string? Name, IReadOnlyList<string>? Permissions = null, long? ExpiresInSeconds = null, TokenKind Kind = TokenKind.Personal,
    string? Selector = null, string? Role = null);

/// <summary>What <c>PATCH /api/v1/tokens/{id}</c> takes.</summary>
/// <param name="Name">Its new name; 1 to 100 characters.</param>
public sealed record RenameApiToken(string? Name);

/// <summary>A role that a service token has.</summary>
/// <param name="Id">The grant's id.</param>
/// <param name="Role">The role's name.</param>
/// <param name="Effect">Whether it is given or taken.</param>
/// <param name="Selector">On which devices; empty for all.</param>
/// <param name="Until">When it ends (UTC), or null.</param>
public sealed record ApiTokenRole(Guid Id, string Role, GrantEffect Effect, string Selector, DateTimeOffset? Until);

/// <summary>An API token, without its secret.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Kind">A personal or a service token.</param>
/// <param name="Permissions">What a personal token was given. It never exceeds its maker.</param>
/// <param name="Selector">On which devices a personal token was given that; empty for all that its maker may.</param>
/// <param name="Roles">What a service token was given. It never exceeds its maker.</param>
/// <param name="OwnerId">Whose it is.</param>
/// <param name="Owner">Their e-mail.</param>
/// <param name="CreatedBy">Who made it: its owner's e-mail, or the token that they made it with.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="ExpiresAt">When it ends (UTC), or null.</param>
/// <param name="LastUsedAt">When it was last used (UTC, to the minute), or null.</param>
/// <param name="LastUsedAddress">From which address, or null.</param>
/// <param name="SessionId">The session that holds it, where a command line was signed in through a browser.</param>
/// <param name="Token">The secret; given once, when it is made, and null ever after.</param>
public sealed record ApiTokenView(
    Guid Id, string Name, TokenKind Kind, IReadOnlyList<string> Permissions, string Selector, IReadOnlyList<ApiTokenRole> Roles, Guid OwnerId, string Owner,
    string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, string? LastUsedAddress, Guid? SessionId,
    string? Token = null);
