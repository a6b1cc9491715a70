using System.Text.Json.Serialization;

namespace Operone.Core.Shell;

/// <summary>How far a command is kept away from its device.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SandboxKind>))]
public enum SandboxKind
{
    /// <summary>Not at all: as a user of the device.</summary>
    [JsonStringEnumMemberName("none")] None = 0,
    /// <summary>By bubblewrap: namespaces, a system that is read-only, a work folder of its own, no privileges, a seccomp filter. Linux.</summary>
    [JsonStringEnumMemberName("isolated")] Isolated = 1,
}

/// <summary>Limits of an execution. What is null is not limited.</summary>
/// <param name="CpuCores">Processors, from 0.01 on; 1.5 is one and a half.</param>
/// <param name="MemoryBytes">Memory of all its processes together, in bytes, from 1 MiB on.</param>
/// <param name="Processes">How many processes and threads, from 1 on.</param>
/// <param name="FileBytes">The largest file that it can write, in bytes.</param>
/// <param name="WallSeconds">How long it may take, in seconds; besides the run's own timeout.</param>
/// <param name="DiskBytes">How much it may write into its work folder and its <c>/tmp</c>, in bytes; where it is isolated.</param>
public sealed record SandboxLimits(
    double? CpuCores = null, long? MemoryBytes = null, int? Processes = null, long? FileBytes = null, double? WallSeconds = null, long? DiskBytes = null);

/// <summary>What a sandbox profile says.</summary>
/// <param name="Kind">How far away.</param>
/// <param name="Network">Where it is isolated: whether it has the device's network.</param>
/// <param name="KeepWork">Where it is isolated: whether its work folder stays on the device afterwards.</param>
/// <param name="RunAs">The user on the device; null for the agent's own.</param>
/// <param name="Limits">The limits.</param>
public sealed record SandboxSpec(
    SandboxKind Kind = SandboxKind.None, bool Network = false, bool KeepWork = false, string? RunAs = null, SandboxLimits? Limits = null);

/// <summary>A sandbox profile as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique.</param>
/// <param name="Description">What it is for.</param>
/// <param name="IsBuiltIn">Whether every installation has it, and nobody changes it.</param>
/// <param name="Spec">What it says.</param>
public sealed record SandboxProfileView(Guid Id, string Name, string Description, bool IsBuiltIn, SandboxSpec Spec);

/// <summary>What <c>POST /api/v1/sandbox-profiles</c> and <c>PUT /api/v1/sandbox-profiles/{idOrName}</c> take.</summary>
/// <param name="Name">1 to 63 characters, unique.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
/// <param name="Spec">What it says.</param>
public sealed record WriteSandboxProfile(string? Name, string? Description = null, SandboxSpec? Spec = null);
