using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>What can stand in the way of a dangerous act, as expected.</summary>
internal static class StepUpErrors
{
    /// <summary>The code of <see cref="Required"/>, for pages that ask for the touch and try again.</summary>
    public const string RequiredCode = "step-up-required";

    /// <summary>The session's last touch of a passkey is too old for the act, or there was none.</summary>
    /// <param name="act">The act, in words.</param>
    /// <param name="minutes">For how long a touch is fresh.</param>
    /// <param name="hasPasskey">Whether the person has a passkey to touch.</param>
    public static Error Required(string act, int minutes, bool hasPasskey) => new(
        ErrorKind.Forbidden, RequiredCode, "Touch a passkey first.",
        hasPasskey
            ? $"{act} needs a touch of a passkey within the last {Minutes(minutes)}. Touch yours in the console, and do it again."
            : $"{act} needs a touch of a passkey within the last {Minutes(minutes)}, and there is none on this account. Add one on the page Account, and do it again.");

    /// <summary>There is no passkey to touch, and the sign-in is too old.</summary>
    public static Error SignInAgain(string act, int minutes) => new(
        ErrorKind.Forbidden, "sign-in-again", "Sign in again first.",
        $"{act} needs a sign-in within the last {Minutes(minutes)}. Sign out and in again, and do it then.");

    /// <summary>Whoever comes with a token has no passkey at hand.</summary>
    public static Error Impossible(string token, string act) => new(
        ErrorKind.Forbidden, "step-up-impossible", "Not with a token.",
        $"{act} needs a fresh touch of a passkey here, and {token} cannot give one. Do it in the console, or ask an administrator to lift the need for it.");

    /// <summary>A role keeps the act from tokens.</summary>
    public static Error ForbiddenToTokens(string token, string act, string role) => new(
        ErrorKind.Forbidden, "act-forbidden-to-tokens", "Not with a token.",
        $"{act} is kept from tokens by the role '{role}', and this is {token}. Do it in the console.");

    /// <summary>There is nothing to touch.</summary>
    public static Error NoPasskey { get; } = new(ErrorKind.Conflict, "passkey-missing", "There is no passkey on this account.",
        "Add one on the page Account first. Adding the first one needs a sign-in a moment ago: sign out and in again if it asks for that.");

    /// <summary>A dangerous act in words, as the beginning of a sentence.</summary>
    public static string Describe(string act) => act switch
    {
        DangerousActs.OpenTerminal => "Opening a terminal",
        DangerousActs.RunOnMany => "A run on many devices",
        DangerousActs.ChangeAccess => "Changing who may do what",
        DangerousActs.ShowSecret => "Making a secret that is shown once",
        _ => $"The act '{act}'",
    };

    private static string Minutes(int minutes) => minutes == 1 ? "minute" : $"{minutes} minutes";
}
