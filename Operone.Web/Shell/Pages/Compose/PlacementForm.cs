using System.Globalization;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Compose;

/// <summary>What was typed of a new run's placement, all of it as text.</summary>
public sealed class PlacementForm
{
    /// <summary>Whether Operone chooses the devices.</summary>
    public bool IsPlaced { get; set; }
    /// <summary>How many; empty for all.</summary>
    public string Count { get; set; } = "1";
    public string Cpu { get; set; } = "";
    public string Memory { get; set; } = "";
    public string Disk { get; set; } = "";
    public string SpreadOver { get; set; } = "";
    /// <summary>A selector.</summary>
    public string Prefer { get; set; } = "";
    /// <summary>Names joined by commas.</summary>
    public string Exclude { get; set; } = "";
    public PlacementStrategy Strategy { get; set; }

    /// <summary>What it says; null where the devices are all of the target.</summary>
    internal RunPlacement? Read(FieldErrors errors)
    {
        if (!IsPlaced)
        {
            return null;
        }

        int? count = null;
        if (Count.Trim() is { Length: > 0 } typed)
        {
            count = int.TryParse(typed, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
            errors.AddIf(count is null, "placement.count", "is not a number");
        }

        var needs = new Resources(
            Amount(Cpu, "placement.needs.cpuMillis", Resources.ParseCores, errors), Amount(Memory, "placement.needs.memoryBytes", Quantities.ParseSize, errors),
            Amount(Disk, "placement.needs.diskBytes", Quantities.ParseSize, errors));
        return new()
        {
            Count = count,
            Needs = needs.IsNone ? null : needs,
            SpreadOver = Given(SpreadOver),
            Prefer = Given(Prefer) is { } prefer ? [prefer] : null,
            Exclude = Exclude.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } names ? names : null,
            Strategy = Strategy,
        };
    }

    /// <summary>The form as it was for a run that was made.</summary>
    internal static PlacementForm From(RunPlacement? placement) => placement is null ? new() : new()
    {
        IsPlaced = true,
        Count = placement.Count?.ToString(CultureInfo.InvariantCulture) ?? "",
        Cpu = placement.Needs is { CpuMillis: > 0 } cpu ? Resources.Cores(cpu.CpuMillis) : "",
        Memory = placement.Needs is { MemoryBytes: > 0 } memory ? memory.MemoryBytes.ToString(CultureInfo.InvariantCulture) : "",
        Disk = placement.Needs is { DiskBytes: > 0 } disk ? disk.DiskBytes.ToString(CultureInfo.InvariantCulture) : "",
        SpreadOver = placement.SpreadOver ?? "",
        Prefer = placement.Prefer is [var first, ..] ? first : "",
        Exclude = string.Join(", ", placement.Exclude ?? []),
        Strategy = placement.Strategy,
    };

    private static string? Given(string text) => text.Trim() is { Length: > 0 } given ? given : null;

    private static long Amount(string text, string field, Func<string?, Result<long>> parse, FieldErrors errors)
    {
        if (Given(text) is not { } given)
        {
            return 0;
        }

        var amount = parse(given);
        if (amount.IsError)
        {
            errors.Add(field, amount.Error!.Detail);
            return 0;
        }

        return amount.Value;
    }
}
