namespace Operone.Core.Access;

/// <summary>A role.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Permissions">What it gives, in the order of <see cref="Access.Permissions.All"/>.</param>
/// <param name="IsBuiltIn">Whether every installation has it: then its name and permissions are not to be changed.</param>
/// <param name="StepUpActs">Acts for which whoever has it must touch a passkey afresh.</param>
/// <param name="TokenForbiddenActs">Acts that API tokens never do by it.</param>
/// <param name="Grants">How many grants in force give or take it; null for who does not manage people.</param>
public sealed record RoleView(
    Guid Id, string Name, string Description, IReadOnlyList<string> Permissions, bool IsBuiltIn, IReadOnlyList<string> StepUpActs,
    IReadOnlyList<string> TokenForbiddenActs, int? Grants)
{
    /// <summary>The name of the sandbox profile that holds whatever its holders run; null for none.</summary>
    public string? RequiredSandbox { get; init; }
}

/// <summary>What <c>POST /api/v1/roles</c> takes.</summary>
/// <param name="Name">1 to 63 characters, unique.</param>
/// <param name="Permissions">Each from <see cref="Access.Permissions.All"/>, at least one.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
/// <param name="StepUpActs">Each from <see cref="DangerousActs.All"/>.</param>
/// <param name="TokenForbiddenActs">Each from <see cref="DangerousActs.All"/>.</param>
/// <param name="RequiredSandbox">The name of a sandbox profile that holds whatever its holders run.</param>
public sealed record CreateRole(
    string? Name, IReadOnlyList<string>? Permissions, string? Description = null, IReadOnlyList<string>? StepUpActs = null,
    IReadOnlyList<string>? TokenForbiddenActs = null, string? RequiredSandbox = null);

/// <summary>What <c>PATCH /api/v1/roles/{id}</c> takes. What is not given stays. Of a built-in role only the acts and the sandbox can be set.</summary>
/// <param name="Name">1 to 63 characters, unique.</param>
/// <param name="Permissions">Each from <see cref="Access.Permissions.All"/>, at least one.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
/// <param name="StepUpActs">Each from <see cref="DangerousActs.All"/>.</param>
/// <param name="TokenForbiddenActs">Each from <see cref="DangerousActs.All"/>.</param>
/// <param name="RequiredSandbox">The name of a sandbox profile that holds whatever its holders run; an empty one for none.</param>
public sealed record UpdateRole(
    string? Name = null, IReadOnlyList<string>? Permissions = null, string? Description = null, IReadOnlyList<string>? StepUpActs = null,
    IReadOnlyList<string>? TokenForbiddenActs = null, string? RequiredSandbox = null);

/// <summary>A grant.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Effect">Whether it gives or takes.</param>
/// <param name="RoleId">Its role.</param>
/// <param name="Role">Its role's name.</param>
/// <param name="SubjectKind">Whom it is for: a person, a team, a service token.</param>
/// <param name="SubjectId">Their id.</param>
/// <param name="Subject">Their e-mail or name.</param>
/// <param name="Selector">On which devices; empty for all, and for what is no device.</param>
/// <param name="Until">When it ends by itself (UTC); null for never.</param>
/// <param name="IsEnded">Whether it has ended: it counts no more, and is kept for thirty days to be seen.</param>
/// <param name="Reason">Why it was made, or null.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="CreatedAt">When (UTC).</param>
public sealed record GrantView(
    Guid Id, GrantEffect Effect, Guid RoleId, string Role, SubjectKind SubjectKind, Guid SubjectId, string Subject, string Selector,
    DateTimeOffset? Until, bool IsEnded, string? Reason, string CreatedBy, DateTimeOffset CreatedAt);

/// <summary>What <c>POST /api/v1/grants</c> takes.</summary>
/// <param name="Role">The role's id or name.</param>
/// <param name="SubjectKind">Whom it is for.</param>
/// <param name="Subject">Their id; a person's e-mail and a team's name will do too.</param>
/// <param name="Selector">On which devices; empty or null for all, and for what is no device.</param>
/// <param name="Effect">Whether it gives or takes; it gives where nothing is said.</param>
/// <param name="Until">When it ends by itself (UTC), at most ten years ahead; null for never.</param>
/// <param name="Reason">Why; up to 500 characters.</param>
public sealed record CreateGrant(
    string? Role, SubjectKind SubjectKind, string? Subject, string? Selector = null, GrantEffect Effect = GrantEffect.Allow,
    DateTimeOffset? Until = null, string? Reason = null);

/// <summary>A request for access.</summary>
/// <param name="Id">Its id.</param>
/// <param name="PersonId">Who asks.</param>
/// <param name="Person">Their e-mail.</param>
/// <param name="RoleId">For which role.</param>
/// <param name="Role">Its name.</param>
/// <param name="Selector">On which devices; empty for all.</param>
/// <param name="DurationSeconds">For how long, from the approval on.</param>
/// <param name="Reason">Why.</param>
/// <param name="Status">How it stands.</param>
/// <param name="CreatedAt">When it was asked (UTC).</param>
/// <param name="DecidedAt">When it was decided or withdrawn (UTC).</param>
/// <param name="DecidedBy">By whom.</param>
/// <param name="DecisionReason">And why.</param>
/// <param name="GrantId">The grant that the approval made.</param>
/// <param name="GrantUntil">When that ends (UTC); null where it is gone already.</param>
public sealed record AccessRequestView(
    Guid Id, Guid PersonId, string Person, Guid RoleId, string Role, string Selector, long DurationSeconds, string Reason, AccessRequestStatus Status,
    DateTimeOffset CreatedAt, DateTimeOffset? DecidedAt, string? DecidedBy, string? DecisionReason, Guid? GrantId, DateTimeOffset? GrantUntil);

/// <summary>What <c>POST /api/v1/access-requests</c> takes.</summary>
/// <param name="Role">The role's id or name.</param>
/// <param name="DurationSeconds">For how long, from the approval on: 15 minutes to 30 days, in seconds.</param>
/// <param name="Reason">Why; 1 to 500 characters.</param>
/// <param name="Selector">On which devices; empty or null for all.</param>
public sealed record CreateAccessRequest(string? Role, long DurationSeconds, string? Reason, string? Selector = null);

/// <summary>What <c>POST /api/v1/access-requests/{id}/approve</c> takes.</summary>
/// <param name="DurationSeconds">A shorter time than was asked for, at least a minute; null for all of it.</param>
/// <param name="Reason">What to tell who asked; up to 500 characters.</param>
public sealed record ApproveAccessRequest(long? DurationSeconds = null, string? Reason = null);

/// <summary>What <c>POST /api/v1/access-requests/{id}/refuse</c> takes.</summary>
/// <param name="Reason">Why; 1 to 500 characters.</param>
public sealed record RefuseAccessRequest(string? Reason);
