using System.Text.Json.Serialization;

namespace Operone.Core.Shell;

/// <summary>The <c>data</c> of an <c>output</c> event in <c>GET /runs/{id}/stream</c>.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">The device's name.</param>
/// <param name="Stream">Which stream.</param>
/// <param name="Offset">The offset of the first byte in that stream.</param>
/// <param name="Data">The bytes; base64 in JSON.</param>
public sealed record RunStreamOutput(Guid DeviceId, string DeviceName, OutputStream Stream, long Offset, byte[] Data)
{
    /// <summary>In a pipeline: of which stage, from 0 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Stage { get; init; }
}

/// <summary>
/// The <c>data</c> of a <c>status</c> event in <c>GET /runs/{id}/stream</c>: of one execution, or of the run itself
/// where <see cref="DeviceId"/> is null (the last event there is).
/// </summary>
/// <param name="DeviceId">The device; null where the run itself is meant.</param>
/// <param name="DeviceName">The device's name.</param>
/// <param name="Status">The state's name on the wire.</param>
/// <param name="ExitCode">The exit code, where there is one.</param>
/// <param name="Reason">Why, at an end.</param>
public sealed record RunStreamStatus(Guid? DeviceId, string? DeviceName, string Status, int? ExitCode, string? Reason);
