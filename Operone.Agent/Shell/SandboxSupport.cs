using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>What this device can hold a command with at all.</summary>
internal static class SandboxSupport
{
    /// <summary>Why what is asked for cannot be had on this system, or null where it may.</summary>
    public static string? Refusal(SandboxSpec spec)
    {
        if (SandboxRules.Check(spec) is { Fields: { } fields })
        {
            return $"The sandbox is not valid: {string.Join("; ", fields.Select(f => $"{f.Key} {string.Join(", ", f.Value)}"))}.";
        }

        if (OperatingSystem.IsLinux())
        {
            return null;
        }

        return spec.Kind != SandboxKind.None ? "Commands can be isolated on Linux alone."
            : spec.RunAs is not null && OperatingSystem.IsWindows() ? "Commands can be run as another user on Linux alone."
            : spec.Limits is not null && spec.Limits with { WallSeconds = null } != new SandboxLimits() ? "Limits other than the time it may take are kept on Linux alone."
            : null;
    }
}
