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
/// The <c>data</c> of a <c>gap</c> event in <c>GET /runs/{id}/stream</c>: of an instance of a workload the oldest output is let go of. The next
/// <c>output</c> of the same device and stream goes on behind what is missing.
/// </summary>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">The device's name.</param>
/// <param name="Stream">Which stream.</param>
/// <param name="Offset">The offset at which it goes on.</param>
/// <param name="Bytes">How many bytes are missing; null where the place that was resumed from is itself not kept any more.</param>
/// <param name="Text">The same in words.</param>
public sealed record RunStreamGap(Guid DeviceId, string DeviceName, OutputStream Stream, long Offset, long? Bytes, string Text);

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
