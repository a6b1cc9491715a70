using System.Text.Json.Serialization;

namespace Operone.Core.Access;

/// <summary>How an invitation stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InvitationStatus>))]
public enum InvitationStatus
{
    /// <summary>It can be taken up.</summary>
    [JsonStringEnumMemberName("open")] Open,
    /// <summary>Somebody took it up.</summary>
    [JsonStringEnumMemberName("used")] Used,
    /// <summary>It was revoked.</summary>
    [JsonStringEnumMemberName("revoked")] Revoked,
    /// <summary>Nobody took it up in time.</summary>
    [JsonStringEnumMemberName("expired")] Expired,
}

/// <summary>Invites somebody. Nobody can give more than they have themselves.</summary>
/// <param name="Email">For whom: only an account with this e-mail can be made with it. Null for whoever has the address.</param>
/// <param name="Role">The role's id or name; null for none, where the teams give what is needed.</param>
/// <param name="Selector">On which devices the role is given; empty for all.</param>
/// <param name="Teams">The ids or names of the teams to be in.</param>
/// <param name="ExpiresInSeconds">For how long it is good: one hour to 30 days; 7 days where it is not said.</param>
/// <param name="Send">Whether to send it to the e-mail, where a mail server is set up; true where it is not said.</param>
public sealed record CreateInvitation(
    string? Email = null, string? Role = null, string? Selector = null, IReadOnlyList<string>? Teams = null, long? ExpiresInSeconds = null, bool? Send = null);

/// <summary>An invitation, without its code.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Email">For whom; null for whoever has the address.</param>
/// <param name="Role">The role's name; null for none.</param>
/// <param name="Selector">On which devices the role is given; empty for all.</param>
/// <param name="Teams">The names of the teams to be in.</param>
/// <param name="Status">How it stands.</param>
/// <param name="CreatedBy">Who invites.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="ExpiresAt">Until when it is good (UTC).</param>
/// <param name="UsedAt">When it was taken up (UTC).</param>
/// <param name="UsedBy">By whom.</param>
public sealed record InvitationView(
    Guid Id, string? Email, string? Role, string Selector, IReadOnlyList<string> Teams, InvitationStatus Status, string CreatedBy,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? UsedAt = null, string? UsedBy = null);

/// <summary>An invitation that was just made.</summary>
/// <param name="Invitation">What it is.</param>
/// <param name="Address">The address at which it is taken up, shown this once. Whoever has it can take it up.</param>
/// <param name="IsSent">Whether it was sent by e-mail.</param>
/// <param name="MailProblem">Why it could not be sent, where it should have been; the invitation stands.</param>
public sealed record InvitationMade(InvitationView Invitation, string Address, bool IsSent = false, string? MailProblem = null);
