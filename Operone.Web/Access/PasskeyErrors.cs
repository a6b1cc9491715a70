using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>What can go wrong with passkeys, as expected.</summary>
internal static class PasskeyErrors
{
    /// <summary>The same whatever was wrong, so that nothing can be learnt from it; the audit trail has the reason.</summary>
    public static Error SignInFailed { get; } = AccessErrors.SignInFailed with
    {
        Detail = "The passkey was not accepted. Try again, or sign in another way; the audit trail says why.",
    };

    public static Error StepUpFailed { get; } = new(ErrorKind.Forbidden, "step-up-failed", "The passkey was not accepted.",
        "Use a passkey of the account that is signed in, and try again; the audit trail says why it failed.");

    public static Error NotMade(string reason) => new(ErrorKind.Invalid, "passkey-refused", "The passkey was not accepted.",
        $"{reason} Try again.");

    public static Error NotFound(string id) => new(ErrorKind.NotFound, "passkey-not-found", "There is no such passkey.",
        $"No passkey of yours has the id '{id}'. It may have been removed already.");

    public static Error LastWayIn(string name) => new(ErrorKind.Conflict, "last-way-in", "The last way in stays.",
        $"Without '{name}' you could not sign in any more. Add another passkey, or another way to sign in, first.");

    public static Error TooMany(int most) => new(ErrorKind.Conflict, "too-many-passkeys", "There are too many passkeys on this account.",
        $"An account can have {most}. Remove one that is not used any more.");

    public static Error NoDomain(string host) => new(ErrorKind.Unprocessable, "passkey-domain", "There are no passkeys at this address.",
        $"Passkeys belong to a name, and '{host}' is none. Open this page as http://localhost on the machine itself, or by a name over HTTPS.");

    /// <summary>A change to how somebody signs in is made by them, not by a token they gave away.</summary>
    public static Error NotWithToken(string token) => new(ErrorKind.Forbidden, "sign-in-needed", "Not with a token.",
        $"How somebody signs in is changed by who has signed in, in the console or with 'operone login', and this is {token}.");
}
