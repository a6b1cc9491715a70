using System.Globalization;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Sandboxes;

/// <summary>What was typed into the form of a sandbox profile, all of it as text.</summary>
public sealed class SandboxForm
{
    public string Name { get; set; } = "";
    public string Description { get; set; } = "";
    public SandboxKind Kind { get; set; } = SandboxKind.Isolated;
    public bool Network { get; set; }
    public bool KeepWork { get; set; }
    public string RunAs { get; set; } = "";
    public string Cpu { get; set; } = "";
    public string Memory { get; set; } = "";
    public string Processes { get; set; } = "";
    public string File { get; set; } = "";
    public string Disk { get; set; } = "";
    public string Wall { get; set; } = "";

    /// <summary>The profile, and everything that is wrong with what was typed, by the request's fields.</summary>
    public (WriteSandboxProfile Profile, IReadOnlyDictionary<string, string[]> Problems) Read()
    {
        var errors = new FieldErrors();
        var isIsolated = Kind == SandboxKind.Isolated;
        var limits = new SandboxLimits(
            ReadNumber(Cpu, "cpuCores", errors), ReadSize(Memory, "memoryBytes", errors), ReadCount(errors), ReadSize(File, "fileBytes", errors), ReadSeconds(errors),
            isIsolated ? ReadSize(Disk, "diskBytes", errors) : null);
        var profile = new WriteSandboxProfile(Name.Trim(), Description.Trim(), new SandboxSpec(
            Kind, isIsolated && Network, isIsolated && KeepWork, Given(RunAs), limits == new SandboxLimits() ? null : limits));
        var problems = new Dictionary<string, string[]>(SandboxRules.Check(profile)?.Fields ?? new Dictionary<string, string[]>());
        foreach (var (field, messages) in errors.ToError()?.Fields ?? new Dictionary<string, string[]>())
        {
            problems[field] = messages;
        }

        return (profile, problems);
    }

    /// <summary>The form for a profile that there is.</summary>
    public static SandboxForm From(SandboxProfileView profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        var limits = profile.Spec.Limits ?? new();
        return new SandboxForm
        {
            Name = profile.Name,
            Description = profile.Description,
            Kind = profile.Spec.Kind,
            Network = profile.Spec.Network,
            KeepWork = profile.Spec.KeepWork,
            RunAs = profile.Spec.RunAs ?? "",
            Cpu = limits.CpuCores?.ToString(CultureInfo.InvariantCulture) ?? "",
            Memory = Size(limits.MemoryBytes),
            Processes = limits.Processes?.ToString(CultureInfo.InvariantCulture) ?? "",
            File = Size(limits.FileBytes),
            Disk = Size(limits.DiskBytes),
            Wall = limits.WallSeconds is { } seconds ? seconds.ToString("0.###", CultureInfo.InvariantCulture) + "s" : "",
        };
    }

    // A size that is shown rounded would come back as another one.
    private static string Size(long? bytes) => bytes is not { } b ? ""
        : Quantities.ParseSize(Quantities.FormatSize(b)) is { IsError: false } read && read.Value == b ? Quantities.FormatSize(b)
        : b.ToString(CultureInfo.InvariantCulture);

    private static string? Given(string text) => text.Trim() is { Length: > 0 } given ? given : null;

    private static double? ReadNumber(string text, string field, FieldErrors errors)
    {
        if (Given(text) is not { } given)
        {
            return null;
        }

        if (double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        errors.Add("spec.limits." + field, "should be a number, for example 1.5");
        return null;
    }

    private int? ReadCount(FieldErrors errors)
    {
        if (Given(Processes) is not { } given)
        {
            return null;
        }

        if (int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        errors.Add("spec.limits.processes", "should be a whole number, for example 100");
        return null;
    }

    private double? ReadSeconds(FieldErrors errors)
    {
        if (Given(Wall) is not { } given)
        {
            return null;
        }

        var duration = Quantities.ParseDuration(given);
        errors.AddIf(duration.IsError, "spec.limits.wallSeconds", duration.Error?.Detail ?? "");
        return duration.IsError ? null : duration.Value.TotalSeconds;
    }

    private static long? ReadSize(string text, string field, FieldErrors errors)
    {
        if (Given(text) is not { } given)
        {
            return null;
        }

        var size = Quantities.ParseSize(given);
        errors.AddIf(size.IsError, "spec.limits." + field, size.Error?.Detail ?? "");
        return size.IsError ? null : size.Value;
    }
}
