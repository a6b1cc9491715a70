namespace Operone.Core.Access;

/// <summary>Who did what to what, and whether it was allowed. Sealed: <see cref="AuditChain"/> says how.</summary>
/// <param name="Id">Its id; later entries have larger ones.</param>
/// <param name="At">When (UTC, to the microsecond).</param>
/// <param name="Actor">Who: a person's e-mail, <c>token:NAME</c>, <c>device:NAME</c>, <c>system</c> or <c>anonymous</c>.</param>
/// <param name="Action">What, as <c>noun.verb</c>, for example <c>run.create</c>.</param>
/// <param name="Target">To what, or null.</param>
/// <param name="Allowed">Whether it was allowed.</param>
/// <param name="Detail">Why not, or what in particular.</param>
/// <param name="RemoteAddress">From which address, where one is known.</param>
public sealed record AuditEntryView(
    Guid Id, DateTimeOffset At, string Actor, string Action, string? Target, bool Allowed, string? Detail, string? RemoteAddress)
{
    /// <summary>Its place in the chain, counted from 1 without gaps.</summary>
    public long Seq { get; init; }

    /// <summary>The id of who did it; null for the system and for nobody.</summary>
    public Guid? ActorId { get; init; }

    /// <summary>In which session, where it was one.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>With which API token, where it was one.</summary>
    public Guid? TokenId { get; init; }

    /// <summary>In which request, as problems and the server's log name it.</summary>
    public string? RequestId { get; init; }

    /// <summary>By which grant it was allowed, where one decided.</summary>
    public Guid? GrantId { get; init; }

    /// <summary>The hash of the entry before, as 64 hexadecimal digits; zeros for the first.</summary>
    public string? PreviousHash { get; init; }

    /// <summary>The hash of this entry, as 64 hexadecimal digits.</summary>
    public string? Hash { get; init; }
}
