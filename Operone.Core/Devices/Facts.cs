namespace Operone.Core.Devices;

/// <summary>What a machine is. Sent by the agent when it connects and when something changes. What has a default is set and not initialized: left out over JSON it would be null.</summary>
public sealed record DeviceFacts
{
    /// <summary>The host's name.</summary>
    public string HostName { get; set; } = "";
    /// <summary>The operating system, for example <c>Debian GNU/Linux 12 (bookworm)</c>.</summary>
    public string OperatingSystem { get; set; } = "";
    /// <summary>Its version, for example <c>12.11</c>.</summary>
    public string OsVersion { get; set; } = "";
    /// <summary>The kernel's release.</summary>
    public string Kernel { get; set; } = "";
    /// <summary>The processor architecture as in .NET's runtime identifiers: <c>x64</c>, <c>arm64</c>.</summary>
    public string Architecture { get; set; } = "";
    /// <summary>The processor's model.</summary>
    public string CpuModel { get; set; } = "";
    /// <summary>How many logical processors there are.</summary>
    public int CpuCount { get; init; }
    /// <summary>Memory in bytes.</summary>
    public long MemoryBytes { get; init; }
    /// <summary>Swap in bytes.</summary>
    public long SwapBytes { get; init; }
    /// <summary>The mounted disks.</summary>
    public IReadOnlyList<DiskFact> Disks { get; set; } = [];
    /// <summary>IP addresses, without loopback and link-local ones.</summary>
    public IReadOnlyList<string> Addresses { get; set; } = [];
    /// <summary>When the machine started (UTC).</summary>
    public DateTimeOffset? BootedAt { get; init; }
    /// <summary>What it can hold commands with; null where the agent is older than the question.</summary>
    public SandboxFact? Sandbox { get; init; }
}

/// <summary>What a device can hold commands with. It was tried out when the agent started.</summary>
/// <param name="Isolates">Whether it can isolate commands.</param>
/// <param name="IsolationProblem">Why it cannot, and what to do about it; null where it can.</param>
/// <param name="BecomesUsers">Whether it can run commands as any of its users.</param>
/// <param name="UserProblem">Why it cannot, and what to do about it; null where it can.</param>
/// <param name="HasCgroups">Whether the kernel keeps limits by cgroup v2. Otherwise the agent watches, and the end says what was not kept.</param>
public sealed record SandboxFact(bool Isolates, string? IsolationProblem, bool BecomesUsers, string? UserProblem, bool HasCgroups);

/// <summary>A mounted disk.</summary>
/// <param name="Mount">Where it is mounted.</param>
/// <param name="FileSystem">Its file system's type.</param>
/// <param name="TotalBytes">Its size in bytes.</param>
public sealed record DiskFact(string Mount, string FileSystem, long TotalBytes);

/// <summary>How a machine does at one moment.</summary>
public sealed record TelemetrySample
{
    /// <summary>When it was measured (UTC, by the device's clock).</summary>
    public DateTimeOffset At { get; init; }
    /// <summary>Processor use since the sample before, 0 to 100 over all processors.</summary>
    public double CpuPercent { get; init; }
    /// <summary>Memory in use (total less available), in bytes.</summary>
    public long MemoryUsedBytes { get; init; }
    /// <summary>Memory, in bytes.</summary>
    public long MemoryTotalBytes { get; init; }
    /// <summary>Swap in use, in bytes.</summary>
    public long SwapUsedBytes { get; init; }
    /// <summary>Load average over one minute; 0 where the system has none.</summary>
    public double Load1 { get; init; }
    /// <summary>Load average over five minutes.</summary>
    public double Load5 { get; init; }
    /// <summary>Load average over fifteen minutes.</summary>
    public double Load15 { get; init; }
    /// <summary>How many processes there are.</summary>
    public int Processes { get; init; }
    /// <summary>Bytes received a second since the sample before, over all but loopback.</summary>
    public double NetworkReceivedPerSecond { get; init; }
    /// <summary>Bytes sent a second since the sample before, over all but loopback.</summary>
    public double NetworkSentPerSecond { get; init; }
    /// <summary>Each disk.</summary>
    public IReadOnlyList<DiskSample> Disks { get; set; } = [];
}

/// <summary>How full a disk is.</summary>
/// <param name="Mount">Where it is mounted.</param>
/// <param name="UsedBytes">Bytes in use.</param>
/// <param name="TotalBytes">Its size in bytes.</param>
public sealed record DiskSample(string Mount, long UsedBytes, long TotalBytes);
