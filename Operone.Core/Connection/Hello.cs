using Operone.Core.Devices;

namespace Operone.Core.Connection;

/// <summary>The version of the protocol between a node and an agent.</summary>
public static class ProtocolVersion
{
    /// <summary>The version that this code speaks.</summary>
    public const int Current = 1;

    /// <summary>The oldest version that a node of this code accepts.</summary>
    public const int Oldest = 1;

    /// <summary>The path of the agents' hub.</summary>
    public const string HubPath = "/hubs/agent";

    /// <summary>How often an agent pings, in seconds. A node that hears nothing for <see cref="SilenceSeconds"/> counts the device as offline.</summary>
    public const int PingSeconds = 5;

    /// <summary>How long either end waits for a sign of life, in seconds.</summary>
    public const int SilenceSeconds = 12;

    /// <summary>The largest hub message either way, in bytes.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>The most bytes of output in one report.</summary>
    public const int MaxReportBytes = 256 * 1024;

    /// <summary>The most bytes of one execution's output that an agent sends without an acknowledgement.</summary>
    public const int WindowBytes = 4 * 1024 * 1024;
}

/// <summary>What an agent says first.</summary>
/// <param name="Protocol">Its <see cref="ProtocolVersion"/>.</param>
/// <param name="AgentVersion">The agent's version.</param>
/// <param name="Facts">The machine.</param>
public sealed record Hello(int Protocol, string AgentVersion, DeviceFacts Facts);

/// <summary>What the server answers.</summary>
/// <param name="Accepted">Whether it may stay. If not, the connection ends after this answer.</param>
/// <param name="Reason">If not: why, and what to do (for example to upgrade).</param>
/// <param name="DeviceName">The device's name now.</param>
/// <param name="Settings">The settings that apply.</param>
public sealed record HelloReply(bool Accepted, string? Reason, string? DeviceName, AgentSettings Settings);

/// <summary>What the server wants of an agent.</summary>
/// <param name="TelemetrySeconds">How often telemetry is sent, in seconds, 1 to 3600.</param>
public sealed record AgentSettings(int TelemetrySeconds = 10);
