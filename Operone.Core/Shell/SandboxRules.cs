using System.Globalization;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>The rules of sandbox profiles. Pure, so that every door and the device can use them.</summary>
public static class SandboxRules
{
    /// <summary>The name of the built-in profile that holds nothing.</summary>
    public const string None = "none";
    /// <summary>The name of the built-in profile that isolates.</summary>
    public const string Isolated = "isolated";
    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 63;
    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescriptionLength = 500;
    /// <summary>The longest name of a user on a device, in characters (useradd(8)).</summary>
    public const int MaxUserLength = 32;
    /// <summary>The least memory, in bytes: 1 MiB.</summary>
    public const long MinMemoryBytes = 1024 * 1024;
    /// <summary>The most of memory, of a file and of a disk that can be named, in bytes: 1 PiB.</summary>
    public const long MaxBytes = 1L << 50;
    /// <summary>The most processors that can be named.</summary>
    public const double MaxCores = 4096;
    /// <summary>The most processes that can be named (Linux's PID_MAX_LIMIT).</summary>
    public const int MaxProcesses = 4_194_304;

    /// <summary>Everything that is wrong with a profile, or null.</summary>
    public static Error? Check(WriteSandboxProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        var errors = new FieldErrors();
        var name = profile.Name?.Trim() ?? "";
        errors.AddIf(name.Length is 0 or > MaxNameLength, "name", $"must have 1 to {MaxNameLength} characters");
        errors.AddIf(name.Any(char.IsControl), "name", "has a control character");
        errors.AddIf(profile.Description?.Length > MaxDescriptionLength, "description", $"must have at most {MaxDescriptionLength} characters");
        CheckSpec(profile.Spec ?? new(), "spec.", errors);
        return errors.ToError();
    }

    /// <summary>Everything that is wrong with what a profile says, or null.</summary>
    public static Error? Check(SandboxSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var errors = new FieldErrors();
        CheckSpec(spec, "", errors);
        return errors.ToError();
    }

    /// <summary>What is wrong with the name of a user on a device, or null. Whether there is such a user, the device knows.</summary>
    public static string? CheckUser(string user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return user.Length is 0 or > MaxUserLength ? $"must have 1 to {MaxUserLength} characters"
            : user[0] == '-' || user.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is ':' or '/' or ',') ? "is not the name of a user"
            : null;
    }

    /// <summary>How long an execution may take, in seconds: the shorter of its own time and its sandbox's; null without end.</summary>
    public static double? WallSeconds(this StartExecution start)
    {
        ArgumentNullException.ThrowIfNull(start);
        return (start.TimeoutSeconds, start.Sandbox?.Limits?.WallSeconds) switch
        {
            ({ } own, { } sandbox) => Math.Min(own, sandbox),
            var (own, sandbox) => own ?? sandbox,
        };
    }

    private static void CheckSpec(SandboxSpec spec, string prefix, FieldErrors errors)
    {
        errors.AddIf(!Enum.IsDefined(spec.Kind), prefix + "kind", "must be none or isolated");
        var isIsolated = spec.Kind == SandboxKind.Isolated;
        errors.AddIf(spec.Network && !isIsolated, prefix + "network", "goes with isolated alone: without, a command always has the network");
        errors.AddIf(spec.KeepWork && !isIsolated, prefix + "keepWork", "goes with isolated alone: without, there is no work folder");
        if (spec.RunAs is { } user && CheckUser(user) is { } problem)
        {
            errors.Add(prefix + "runAs", problem);
        }

        if (spec.Limits is not { } limits)
        {
            return;
        }

        prefix += "limits.";
        errors.AddIf(
            limits.CpuCores is { } cores && !(cores >= 0.01 && cores <= MaxCores), prefix + "cpuCores", string.Create(CultureInfo.InvariantCulture, $"must be 0.01 to {MaxCores}"));
        errors.AddIf(limits.MemoryBytes is < MinMemoryBytes or > MaxBytes, prefix + "memoryBytes", $"must be {MinMemoryBytes} (1 MiB) to {MaxBytes}");
        errors.AddIf(limits.Processes is < 1 or > MaxProcesses, prefix + "processes", $"must be 1 to {MaxProcesses}");
        errors.AddIf(limits.FileBytes is < 0 or > MaxBytes, prefix + "fileBytes", $"must be 0 to {MaxBytes}");
        errors.AddIf(
            limits.WallSeconds is { } seconds && !(seconds > 0 && seconds <= RunLimits.MaxSeconds), prefix + "wallSeconds", $"must be over 0 and at most {RunLimits.MaxSeconds} seconds");
        errors.AddIf(limits.DiskBytes is { } disk && (disk < 4096 || disk > MaxBytes), prefix + "diskBytes", $"must be 4096 to {MaxBytes}");
        errors.AddIf(limits.DiskBytes is not null && !isIsolated, prefix + "diskBytes", "goes with isolated alone: without, there is no work folder");
    }
}
