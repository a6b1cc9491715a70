namespace Operone.Core.Access;

/// <summary>One sign-in on one device.</summary>
/// <param name="Id">Its id.</param>
/// <param name="PersonId">Whose it is.</param>
/// <param name="Person">Their e-mail.</param>
/// <param name="Device">The browser and the system, or the command line and its machine, as it said of itself.</param>
/// <param name="Address">From where it was signed in.</param>
/// <param name="Method">How: see <see cref="SignInMethods"/>.</param>
/// <param name="Binding">By what it is bound to its device.</param>
/// <param name="CreatedAt">Since when (UTC).</param>
/// <param name="LastSeenAt">When it was last seen (UTC, to the minute).</param>
/// <param name="ExpiresAt">When it ends by itself (UTC).</param>
/// <param name="IsCurrent">Whether it is the one that asks.</param>
public sealed record SessionView(
    Guid Id, Guid PersonId, string Person, string Device, string? Address, string Method, SessionBinding Binding, DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, bool IsCurrent);

/// <summary>What ending all sessions of a person gives.</summary>
/// <param name="Ended">How many were ended.</param>
public sealed record SessionsEnded(int Ended);
