using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>What can go wrong with accounts elsewhere, as expected. Their codes travel in addresses back to a page.</summary>
internal static class ExternalErrors
{
    public static Error Denied(string title) => new(ErrorKind.Forbidden, "provider-denied", $"{title} did not let you in.",
        $"You said no there, or {title} does not let you use this application. Try again, or choose another way.");

    public static Error Failed(string title) => new(ErrorKind.Unavailable, "provider-failed", $"Signing in with {title} failed.",
        $"What {title} answered could not be used. Try again; if it stays, the server's log says why.");

    public static Error Away(string title) => new(ErrorKind.Unavailable, "provider-away", $"{title} cannot be reached.",
        $"The server could not talk to {title}. Try again in a while, or choose another way.");

    public static Error Expired(string title) => new(ErrorKind.Conflict, "provider-expired", "That took too long, or came from elsewhere.",
        $"The way to {title} and back must be gone in one go, in the same browser, within 15 minutes. Try again.");

    public static Error Unknown(string title) => new(ErrorKind.Forbidden, "provider-unknown", "This account is not known here.",
        $"No account here is linked to yours at {title}, and no invitation is open for its verified e-mail. Sign in another way and link it on the page "
        + "Account, or ask an administrator for an invitation.");

    public static Error DomainNotAllowed(string title) => new(ErrorKind.Forbidden, "provider-domain", "Not with an e-mail of that domain.",
        $"Accounts at {title} are taken here where their verified e-mail is in one of the allowed domains, and yours is not.");

    public static Error Unverified(string title) => new(ErrorKind.Forbidden, "provider-unverified", "The e-mail is not verified.",
        $"{title} does not say that the e-mail of your account is verified. Verify it there, and try again.");

    public static Error LinkedElsewhere(string title) => new(ErrorKind.Conflict, "provider-linked", "That account is linked already.",
        $"Your account at {title} is linked to a person here. An account elsewhere belongs to one person.");

    public static Error NotSignedIn(string title) => new(ErrorKind.Unauthenticated, "provider-not-signed-in", "Sign in again first.",
        $"Your session here ended while you were at {title}, or is another person's. Sign in, and link it then.");

    public static Error LastWayIn { get; } = new(ErrorKind.Conflict, "last-way-in", "The last way in stays.",
        "Without it nobody could sign in to this account. Add another way first: a passkey, a password or another account.");

    public static Error NotLinked { get; } = new(ErrorKind.NotFound, "link-not-found", "There is no such link.",
        "No account of yours elsewhere is linked by that name. It may have been removed.");

    /// <summary>The error behind a code in an address; null where there is none. Others' codes are invitations'.</summary>
    public static Error? ByCode(string? code, string title) => new[]
    {
        Denied(title), Failed(title), Away(title), Expired(title), Unknown(title), DomainNotAllowed(title), Unverified(title), LinkedElsewhere(title),
        NotSignedIn(title), InvitationErrors.NotGood, InvitationErrors.EmailNotInvited, InvitationErrors.HasAccount, AccessErrors.DeviceKeyMissing,
        AccessErrors.SignInFailed, StepUpErrors.SignInAgain("Linking an account", 15),
    }.FirstOrDefault(e => e.Code == code);
}
