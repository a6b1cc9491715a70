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

/// <summary>Who did what to what, and whether it was allowed.</summary>
/// <param name="Id">Its id; later entries have larger ones.</param>
/// <param name="At">When (UTC).</param>
/// <param name="Actor">Who: a person's e-mail, <c>token:NAME</c>, <c>device:NAME</c>, <c>system</c> or <c>anonymous</c>.</param>
/// <param name="Action">What, as <c>noun.verb</c>, for example <c>run.create</c>.</param>
/// <param name="Target">To what, or null.</param>
/// <param name="Allowed">Whether it was allowed.</param>
/// <param name="Detail">Why not, or what in particular.</param>
/// <param name="RemoteAddress">From which address, where one is known.</param>
public sealed record AuditEntryView(
    Guid Id, DateTimeOffset At, string Actor, string Action, string? Target, bool Allowed, string? Detail, string? RemoteAddress);
