namespace Operone.Core.Access;

/// <summary>What <c>POST /api/v1/tokens</c> takes.</summary>
/// <param name="Name">What the token is for; 1 to 100 characters.</param>
/// <param name="Permissions">What it may do; each from <see cref="Access.Permissions.All"/>, at least one, none that its maker lacks.</param>
/// <param name="ExpiresInSeconds">How long it is good for, in seconds; null for ever.</param>
public sealed record CreateApiToken(string? Name, IReadOnlyList<string>? Permissions, long? ExpiresInSeconds = null);

/// <summary>An API token, without its secret.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Permissions">What it may do.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="ExpiresAt">When it ends (UTC), or null.</param>
/// <param name="LastUsedAt">When it was last used (UTC, to the minute), or null.</param>
/// <param name="Token">The secret; given once, when it is made, and null ever after.</param>
public sealed record ApiTokenView(
    Guid Id, string Name, IReadOnlyList<string> Permissions, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt, string? Token = null);
