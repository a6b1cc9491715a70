using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access;

/// <summary>What can go wrong with access, as expected.</summary>
internal static class AccessErrors
{
    /// <summary>Neither a credential nor a session.</summary>
    public static Error NoCredential { get; } = new(ErrorKind.Unauthenticated, "credential-missing", "Sign in first.",
        "Send an API token: Authorization: Bearer opr_.... The console's session counts for GET alone.");

    public static Error PermissionMissing(string actor, string permission) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission '{permission}'. Ask an administrator for it, or make an access request.");

    public static Error PermissionMissingOn(string actor, string permission, string target) => new(
        ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission '{permission}' on {target}. Ask an administrator for it, or make an access request.");

    public static Error NoPerson(string actor) => new(ErrorKind.Forbidden, "no-person", "Not allowed.",
        $"{actor} is no person, and this is done in a person's name.");

    public static Error SessionOnly(string actor) => new(ErrorKind.Forbidden, "session-only", "Not with this token.",
        $"{actor} was made for something else. Do this in the console, or sign in with 'operone login'.");

    public static Error LastOwner { get; } = new(ErrorKind.Conflict, "last-owner", "The last owner stays.",
        "That would leave nobody who may do everything. Make somebody else an owner first.");

    public static Error CredentialMalformed { get; } = new(ErrorKind.Unauthenticated, "credential-malformed", "The credential cannot be read.",
        "The Authorization header must be: Bearer, a space, and an API token.");

    /// <summary>The same to a network drive, which asks without one first.</summary>
    public static Error NoDriveCredential { get; } = new(ErrorKind.Unauthenticated, "credential-missing", "Sign in first.",
        "Give any user name, and an API token as the password. Over plain HTTP a password is taken on this machine alone: mount the https address.");

    public static Error PasswordInTheClear { get; } = new(ErrorKind.Unauthenticated, "password-in-the-clear", "Not without HTTPS.",
        "A network drive sends its token with each request: anybody on the way could read it. Mount the https address; a reverse proxy that speaks it must be in Operone:Proxies. A token that was sent so is better revoked.");

    public static Error TokenUnknown { get; } = new(ErrorKind.Unauthenticated, "token-unknown", "The API token is not known.",
        "No API token with this text exists. It may have been revoked, or cut off when it was copied.");

    public static Error TokenExpired(string name, DateTimeOffset at) => new(ErrorKind.Unauthenticated, "token-expired", "The API token has expired.",
        $"The API token '{name}' was good until {at:u}. Make a new one.");

    public static Error TokenNotFound(Guid id) => new(ErrorKind.NotFound, "token-not-found", "There is no such API token.",
        $"No API token has the id {id}. It may have been revoked already.");

    /// <summary>The same whether the name is known or not, and whether it is locked, so that nothing can be learnt from it.</summary>
    public static Error SignInFailed { get; } = new(ErrorKind.Unauthenticated, "sign-in-failed", "Signing in failed.",
        "The e-mail or the password is not right. After five tries that fail, an account pauses, for longer each time: wait before the next.");

    public static Error SessionEnded { get; } = new(ErrorKind.Unauthenticated, "session-ended", "The session has ended.",
        "Sign in again. It was ended, has run out, or its account was disabled.");

    public static Error SessionStale { get; } = new(ErrorKind.Unauthenticated, "session-stale", "The session's cookie wants renewing.",
        "A cookie is good for ten minutes. The console renews it by itself with the key of its browser: load the page again.");

    public static Error SessionNotFound(Guid id) => new(ErrorKind.NotFound, "session-not-found", "There is no such session.",
        $"No session that goes on has the id {id}.");

    public static Error NonceStale { get; } = new(ErrorKind.Conflict, "nonce-stale", "The nonce is not good any more.",
        "It was used, or is older than a minute. Ask for another.");

    public static Error BindingRefused { get; } = new(ErrorKind.Forbidden, "binding-refused", "The session is not bound to that key.",
        "Right after a sign-in the browser that signed in may bind its session, with the challenge that it was given, once.");

    public static Error ProofWanted { get; } = new(ErrorKind.Forbidden, "proof-wanted", "A proof is wanted.",
        "Sign the challenge in the header Secure-Session-Challenge with the session's key.");

    public static Error DeviceKeyMissing { get; } = new(ErrorKind.Invalid, "device-key-missing", "The browser made no key.",
        "A session is bound to a key that the browser makes. That needs JavaScript, and HTTPS or localhost. Load the page again, and try once more.");

    public static Error SetupDone { get; } = new(ErrorKind.Conflict, "setup-done", "The owner's account exists.",
        "Operone is set up already. Sign in instead.");

    public static Error SetupCodeWrong { get; } = new(ErrorKind.Forbidden, "setup-code-wrong", "The set-up code is not right.",
        "Use the address that the server printed when it last started. Each start prints a new one.");

    public static Error BeyondOwn(string actor, string what) => new(ErrorKind.Forbidden, "beyond-own", "Nobody can give what they lack.",
        $"{actor} lacks {what}. Nobody gives others more than they have, on more devices, or for longer. Ask somebody who has it.");

    public static Error OwnerDenied(string name) => new(ErrorKind.Conflict, "owner-denied", "Nothing is denied to an owner.",
        $"{name} is an owner. Make them no owner first.");

    public static Error NotYourself(string what) => new(ErrorKind.Conflict, "not-yourself", "Nobody does this to themselves.",
        $"Nobody can {what} themselves. Ask somebody else who manages people.");

    public static Error PersonNotFound(string id) => new(ErrorKind.NotFound, "person-not-found", "There is no such person.",
        $"Nobody has the id {id}. They may have been removed.");

    public static Error TeamNotFound(string id) => new(ErrorKind.NotFound, "team-not-found", "There is no such team.",
        $"No team has the id {id}. It may have been removed.");

    public static Error MemberNotFound(string person, string team) => new(ErrorKind.NotFound, "member-not-found", "They are not in the team.",
        $"{person} is not in {team}.");

    public static Error RoleNotFound(string id) => new(ErrorKind.NotFound, "role-not-found", "There is no such role.",
        $"No role has the id {id}. It may have been removed.");

    public static Error RoleIsBuiltIn(string name) => new(ErrorKind.Conflict, "role-built-in", "A built-in role stays as it is.",
        $"{name} is in every installation. Only the acts that need a passkey, or are kept from tokens, can be set on it. Make a role of your own instead.");

    public static Error RoleInUse(string name, string by) => new(ErrorKind.Conflict, "role-in-use", "The role is in use.",
        $"{name} is used by {by}. Remove those first.");

    public static Error NameTaken(string what, string name) => new(ErrorKind.Conflict, "name-taken", "The name is taken.",
        $"There is another {what} with the name '{name}'. Names are the same without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error GrantNotFound(Guid id) => new(ErrorKind.NotFound, "grant-not-found", "There is no such grant.",
        $"No grant has the id {id}. It may have been removed, or have ended long ago.");

    public static Error RequestNotFound(Guid id) => new(ErrorKind.NotFound, "access-request-not-found", "There is no such request.",
        $"No request for access that you may see has the id {id}.");

    public static Error RequestDecided(AccessRequestStatus status) => new(ErrorKind.Conflict, "access-request-decided", "The request is decided.",
        $"It was {status.ToString().ToLowerInvariant()} already. Ask again if it is still needed.");

    public static Error OwnRequest { get; } = new(ErrorKind.Forbidden, "own-request", "Nobody approves their own request.",
        "Somebody else who manages people has to decide.");

    public static Error TooManyRequests(int most) => new(ErrorKind.Conflict, "too-many-access-requests", "Too many requests are open.",
        $"At most {most} requests of one person may be open. Withdraw one, or wait until one is decided.");

    public static Error NobodyCouldStepUp { get; } = new(ErrorKind.Conflict, "nobody-could-step-up", "Nobody could do it any more.",
        "No owner has a passkey, and acts that need one could then be done by nobody. Add a passkey to an owner's account first.");

    public static Error DeviceUnknown(string device) => new(ErrorKind.NotFound, "device-not-found", "There is no such device.",
        $"No device has the id or name '{device}'.");

    public static Error OwnSandbox(string role, string sandbox) => new(ErrorKind.Forbidden, "own-sandbox", "It holds yourself.",
        $"The role '{role}' holds what you run by the sandbox profile '{sandbox}', and nobody takes that away from themselves. Ask somebody who does not have the role.");
}
