using System.Text.Json.Serialization;

namespace Operone.Core.Devices;

/// <summary>Whether a device's agent is connected now.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeviceStatus>))]
public enum DeviceStatus
{
    /// <summary>No connection.</summary>
    [JsonStringEnumMemberName("offline")] Offline,
    /// <summary>Connected.</summary>
    [JsonStringEnumMemberName("online")] Online,
}

/// <summary>A device as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique without regard to case.</param>
/// <param name="Status">Whether its agent is connected now.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Facts">What the agent last told of the machine, or null before it first connected.</param>
/// <param name="LastSeenAt">When it was last connected (UTC), or null.</param>
/// <param name="AgentVersion">The agent's version, or null before it first connected.</param>
/// <param name="EnrolledAt">When it enrolled (UTC).</param>
public sealed record DeviceView(
    Guid Id, string Name, DeviceStatus Status, IReadOnlyDictionary<string, string> Labels, DeviceFacts? Facts,
    DateTimeOffset? LastSeenAt, string? AgentVersion, DateTimeOffset EnrolledAt)
{
    /// <summary>Why it takes no new work; null where it does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DeviceCordon? Cordon { get; init; }

    /// <summary>What is kept for the device itself, as somebody has set it; null for a tenth of its memory and disk.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Resources? OwnReserve { get; init; }
}

/// <summary>What <c>PATCH /devices/{idOrName}</c> takes; what is null stays as it is.</summary>
/// <param name="Name">A new name.</param>
/// <param name="Labels">All labels from now on.</param>
/// <param name="OwnReserve">What is kept for the device itself, and is not given to what Operone places there.</param>
public sealed record UpdateDevice(string? Name = null, IReadOnlyDictionary<string, string>? Labels = null, Resources? OwnReserve = null);

/// <summary>What <c>POST /enrollment-tokens</c> takes.</summary>
/// <param name="Name">What the token is for; 1 to 100 characters.</param>
/// <param name="Labels">The labels that devices enrolled with it get.</param>
/// <param name="Uses">How many devices may enrol with it; 1 to 10,000, default 1.</param>
/// <param name="ExpiresInSeconds">How long it is good for; 1 second to 90 days, default 1 hour.</param>
public sealed record CreateEnrollmentToken(
    string? Name = null, IReadOnlyDictionary<string, string>? Labels = null, int? Uses = null, long? ExpiresInSeconds = null);

/// <summary>An enrolment token as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Labels">The labels that devices enrolled with it get.</param>
/// <param name="Uses">How many devices may enrol with it in all.</param>
/// <param name="UsesLeft">How many still may.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="ExpiresAt">When it ends (UTC).</param>
/// <param name="RevokedAt">When it was revoked (UTC), or null.</param>
/// <param name="Token">The secret; given once, when it is made, and null ever after.</param>
/// <param name="InstallCommand">The line to paste on a Unix device; given with the secret.</param>
/// <param name="InstallCommandWindows">The line to paste into PowerShell; given with the secret.</param>
public sealed record EnrollmentTokenView(
    Guid Id, string Name, IReadOnlyDictionary<string, string> Labels, int Uses, int UsesLeft, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, string? Token = null, string? InstallCommand = null,
    string? InstallCommandWindows = null);

/// <summary>What an agent sends to <c>POST /api/v1/agents/enroll</c>. The token is the only credential.</summary>
/// <param name="Token">The enrolment token's secret.</param>
/// <param name="Name">The name it would like; a number is added where it is taken. The host's name by default.</param>
/// <param name="Labels">Labels besides the token's; the token's win.</param>
/// <param name="PublicKey">The device's ECDSA P-256 public key as SubjectPublicKeyInfo (RFC 5280), base64.</param>
public sealed record EnrollRequest(string? Token, string? Name, IReadOnlyDictionary<string, string>? Labels, string? PublicKey);

/// <summary>What an agent gets back when it has enrolled.</summary>
/// <param name="DeviceId">The device's id; the <c>iss</c> and <c>sub</c> of its tokens from now on.</param>
/// <param name="Name">The name it got.</param>
/// <param name="Audience">The <c>aud</c> of its tokens: this installation of Operone.</param>
public sealed record EnrollReply(Guid DeviceId, string Name, string Audience);

/// <summary>What one item of a <see cref="TelemetrySeries"/> stands for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TelemetryResolution>))]
public enum TelemetryResolution
{
    /// <summary>A sample as the device sent it; kept for an hour.</summary>
    [JsonStringEnumMemberName("sample")] Sample,
    /// <summary>The mean of a minute; kept for a week.</summary>
    [JsonStringEnumMemberName("minute")] Minute,
}

/// <summary>What <c>GET /devices/{idOrName}/telemetry</c> gives.</summary>
/// <param name="Resolution">What one item stands for: samples where all of the range is in the last hour, else minutes.</param>
/// <param name="From">The start of the range (UTC).</param>
/// <param name="To">The end of the range (UTC).</param>
/// <param name="Items">By time.</param>
public sealed record TelemetrySeries(
    TelemetryResolution Resolution, DateTimeOffset From, DateTimeOffset To, IReadOnlyList<TelemetrySample> Items);
