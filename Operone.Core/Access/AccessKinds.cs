using System.Text.Json.Serialization;

namespace Operone.Core.Access;

/// <summary>Who a grant is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SubjectKind>))]
public enum SubjectKind
{
    /// <summary>A person.</summary>
    [JsonStringEnumMemberName("person")] Person,
    /// <summary>All members of a team.</summary>
    [JsonStringEnumMemberName("team")] Team,
    /// <summary>A service token.</summary>
    [JsonStringEnumMemberName("token")] Token,
}

/// <summary>What sort of API token it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TokenKind>))]
public enum TokenKind
{
    /// <summary>A person's: it may what the person may, less what it was not given.</summary>
    [JsonStringEnumMemberName("personal")] Personal,
    /// <summary>A program's: it has grants of its own, and still never exceeds whoever made it.</summary>
    [JsonStringEnumMemberName("service")] Service,
}

/// <summary>By what a session is bound to its device.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SessionBinding>))]
public enum SessionBinding
{
    /// <summary>A key of WebCrypto's that cannot be exported, kept in IndexedDB.</summary>
    [JsonStringEnumMemberName("web-crypto")] WebCrypto,
    /// <summary>The browser's own Device Bound Session Credentials.</summary>
    [JsonStringEnumMemberName("device-bound")] DeviceBound,
    /// <summary>A command line's token.</summary>
    [JsonStringEnumMemberName("token")] Token,
}

/// <summary>How an access request stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AccessRequestStatus>))]
public enum AccessRequestStatus
{
    /// <summary>Nobody has decided.</summary>
    [JsonStringEnumMemberName("open")] Open,
    /// <summary>Granted.</summary>
    [JsonStringEnumMemberName("approved")] Approved,
    /// <summary>Refused.</summary>
    [JsonStringEnumMemberName("refused")] Refused,
    /// <summary>Taken back by who asked.</summary>
    [JsonStringEnumMemberName("withdrawn")] Withdrawn,
}

/// <summary>How a device login stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeviceLoginStatus>))]
public enum DeviceLoginStatus
{
    /// <summary>Nobody has decided.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting,
    /// <summary>Approved, and its token not fetched yet.</summary>
    [JsonStringEnumMemberName("approved")] Approved,
    /// <summary>Refused.</summary>
    [JsonStringEnumMemberName("refused")] Refused,
    /// <summary>Its token was fetched.</summary>
    [JsonStringEnumMemberName("done")] Done,
}

/// <summary>The ways to sign in, as a session and the audit trail name them. An external provider adds its name: <c>oauth:github</c>.</summary>
public static class SignInMethods
{
    /// <summary>A passkey.</summary>
    public const string Passkey = "passkey";
    /// <summary>A password alone.</summary>
    public const string Password = "password";
    /// <summary>A password and a one-time code.</summary>
    public const string PasswordAndCode = "password+code";
    /// <summary>The code that the server printed at its first start.</summary>
    public const string Setup = "setup";
    /// <summary>An address that the server's own shell printed.</summary>
    public const string Recovery = "recovery";
    /// <summary>An invitation.</summary>
    public const string Invitation = "invitation";
    /// <summary>The device flow of RFC 8628: a command line.</summary>
    public const string DeviceFlow = "device-flow";
    /// <summary>What the name of an external provider begins with.</summary>
    public const string ExternalPrefix = "oauth:";
}

/// <summary>Acts that can be set to need a fresh touch of a passkey, or be kept from tokens.</summary>
public static class DangerousActs
{
    /// <summary>Opening a terminal.</summary>
    public const string OpenTerminal = "terminal.open";
    /// <summary>A run on more devices than the settings say.</summary>
    public const string RunOnMany = "run.on-many";
    /// <summary>Changing roles, grants, teams and people.</summary>
    public const string ChangeAccess = "access.change";
    /// <summary>Making something whose secret is shown once: an API token, an enrolment token, an invitation.</summary>
    public const string ShowSecret = "secret.show";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [OpenTerminal, RunOnMany, ChangeAccess, ShowSecret];
}

/// <summary>Who may sign in with a password.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PasswordSignIn>))]
public enum PasswordSignIn
{
    /// <summary>Everybody who has one.</summary>
    [JsonStringEnumMemberName("everyone")] Everyone,
    /// <summary>Owners alone.</summary>
    [JsonStringEnumMemberName("owners")] Owners,
}

/// <summary>The installation's settings of sign-in.</summary>
/// <param name="Passwords">Who may sign in with a password.</param>
/// <param name="StepUpActs">Acts that need a fresh touch of a passkey from everybody; each from <see cref="DangerousActs.All"/>. Roles can name more.</param>
/// <param name="StepUpMinutes">For how long a touch is fresh, 1 to 1440 minutes.</param>
/// <param name="ManyDevices">A run on more devices than this is a run on many; 1 to 100,000.</param>
public sealed record SignInSettings(
    PasswordSignIn Passwords = PasswordSignIn.Everyone, IReadOnlyList<string>? StepUpActs = null, int StepUpMinutes = 15, int ManyDevices = 10);
