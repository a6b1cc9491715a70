using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>What can go wrong with invitations, as expected.</summary>
internal static class InvitationErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "invitation-not-found", "There is no such invitation.",
        $"No invitation that is open has the id {id}. It may have been taken up, or revoked.");

    /// <summary>The same for one that never was, that was used, revoked or has run out: who knows a code learns nothing of others.</summary>
    public static Error NotGood { get; } = new(ErrorKind.NotFound, "invitation-not-good", "The invitation is not good any more.",
        "It was taken up already, was revoked, or has run out; or its address was cut off when it was copied. Ask whoever invited you for another.");

    public static Error EmailNotInvited { get; } = new(ErrorKind.Forbidden, "invitation-for-another", "The invitation is for somebody else.",
        "The e-mail of that account is not the one that was invited, or the provider does not say that it is verified.");

    public static Error HasAccount { get; } = new(ErrorKind.Conflict, "account-exists", "There is an account with this e-mail.",
        "Sign in with it. More ways to sign in are added on the page Account; what it may do, an administrator changes.");

    public static Error PasswordsNotAllowed { get; } = new(ErrorKind.Forbidden, "passwords-not-allowed", "No passwords here.",
        "An administrator set that people sign in with a passkey or another account. Choose one of those.");

    public static Error BeyondInviter(string actor, string what) => new(ErrorKind.Forbidden, "beyond-own", "Nobody can give what they lack.",
        $"{actor} lacks {what}. Nobody gives others more than they have, or on more devices. Ask somebody who has it.");
}
