using System.Text.Json.Serialization;
using Operone.Core.Devices;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>Which of the devices that have room are taken first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlacementStrategy>))]
public enum PlacementStrategy
{
    /// <summary>The least loaded: by what is reserved, by live telemetry, and by what failed there lately.</summary>
    [JsonStringEnumMemberName("spread")] Spread = 0,
    /// <summary>The fullest that still has room, so that others stay free.</summary>
    [JsonStringEnumMemberName("pack")] Pack = 1,
}

/// <summary>In <see cref="CreateRun"/>: lets Operone choose among the devices of the target, and reserves there what the command needs.</summary>
public sealed record RunPlacement
{
    /// <summary>How many devices: 1 is "any one". Null for all of the target, each with what it needs.</summary>
    public int? Count { get; init; }
    /// <summary>What it needs on each device, and gets no more of.</summary>
    public Resources? Needs { get; init; }
    /// <summary>Selectors of labels that count for a device: it goes before those that match fewer of them.</summary>
    public IReadOnlyList<string>? Prefer { get; init; }
    /// <summary>The key of a label: the chosen devices are spread evenly over its values. Devices without it are not chosen.</summary>
    public string? SpreadOver { get; init; }
    /// <summary>Names or ids of devices that are not to be chosen.</summary>
    public IReadOnlyList<string>? Exclude { get; init; }
    /// <summary>Which are taken first.</summary>
    public PlacementStrategy Strategy { get; init; }

    /// <summary>The most devices that can be asked for.</summary>
    public const int MaxCount = 10_000;
    /// <summary>The most preferences.</summary>
    public const int MaxPreferences = 16;
    /// <summary>The least memory that can be asked for, in bytes: less than this no command can start in.</summary>
    public const long MinMemoryBytes = SandboxRules.MinMemoryBytes;

    /// <summary>
    /// A sandbox that holds the command to what it needs: what is reserved is all that it gets, unless the sandbox gives it less. Disk is
    /// held where it is isolated; elsewhere a command writes where its user may.
    /// </summary>
    public SandboxSpec? Hold(SandboxSpec? sandbox)
    {
        if (Needs is not { IsNone: false } needs)
        {
            return sandbox;
        }

        var (spec, limits) = (sandbox ?? new(), sandbox?.Limits ?? new());
        return spec with
        {
            Limits = limits with
            {
                CpuCores = needs.CpuMillis > 0 ? Math.Min(limits.CpuCores ?? double.MaxValue, needs.CpuMillis / 1000.0) : limits.CpuCores,
                MemoryBytes = needs.MemoryBytes > 0 ? Math.Min(limits.MemoryBytes ?? long.MaxValue, needs.MemoryBytes) : limits.MemoryBytes,
                DiskBytes = needs.DiskBytes > 0 && spec.Kind == SandboxKind.Isolated
                    ? Math.Min(limits.DiskBytes ?? long.MaxValue, Math.Max(4096, needs.DiskBytes)) : limits.DiskBytes,
            },
        };
    }

    /// <summary>What is wrong with it.</summary>
    internal static void Check(RunPlacement? placement, CreateRun request, FieldErrors errors)
    {
        if (placement is null)
        {
            return;
        }

        errors.AddIf(placement.Count is < 1 or > MaxCount, "placement.count", $"must be 1 to {MaxCount}, or left out for all");
        Resources.Check(placement.Needs, "placement.needs", errors);
        errors.AddIf(placement.Needs?.CpuMillis is > 0 and < 10, "placement.needs.cpuMillis", "must be at least 10 (0.01 of a processor)");
        errors.AddIf(placement.Needs?.MemoryBytes is > 0 and < MinMemoryBytes, "placement.needs.memoryBytes", $"must be at least {MinMemoryBytes} (1 MiB)");
        errors.AddIf(placement.Prefer?.Count > MaxPreferences, "placement.prefer", $"has more than {MaxPreferences} selectors");
        foreach (var preference in placement.Prefer ?? [])
        {
            if (string.IsNullOrWhiteSpace(preference))
            {
                errors.Add("placement.prefer", "has an empty selector");
            }
            else if (Selector.Parse(preference) is { Error: { } malformed })
            {
                errors.Add("placement.prefer", malformed.Detail);
            }
        }

        if (placement.SpreadOver is { } key && Labels.CheckKey(key) is { } problem)
        {
            errors.Add("placement.spreadOver", problem);
        }

        errors.AddIf(placement.Exclude?.Count > RunLimits.MaxNamedDevices, "placement.exclude", $"names more than {RunLimits.MaxNamedDevices} devices");
        errors.AddIf(placement.Exclude?.Any(string.IsNullOrWhiteSpace) == true, "placement.exclude", "has an empty name");
        errors.AddIf(!Enum.IsDefined(placement.Strategy), "placement.strategy", "must be spread or pack");
        errors.AddIf(request.Stdin == StreamLimits.Word, "stdin", "cannot be streamed to a device that is chosen later; give it with the request");
        errors.AddIf(request.Stdout is not null, "stdout", "cannot be streamed from a device that is chosen later");
    }
}

/// <summary>How far the placement of a run has come.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlacementState>))]
public enum PlacementState
{
    /// <summary>It waits for room.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting = 0,
    /// <summary>Its devices are chosen, and what it needs is reserved there.</summary>
    [JsonStringEnumMemberName("placed")] Placed = 1,
    /// <summary>It ended before there was room.</summary>
    [JsonStringEnumMemberName("ended")] Ended = 2,
}

/// <summary>How a run was placed, or why it was not.</summary>
/// <param name="State">How far it is.</param>
/// <param name="Reason">In words: why it waits, or how it was chosen.</param>
/// <param name="At">Since when it is so (UTC).</param>
/// <param name="Devices">Device by device: those chosen first, then those that were not, up to 200 of them.</param>
/// <param name="MoreDevices">How many more were looked at.</param>
public sealed record PlacementView(PlacementState State, string Reason, DateTimeOffset At, IReadOnlyList<PlacedDevice> Devices, int MoreDevices = 0)
{
    /// <summary>The most devices that it tells of.</summary>
    public const int MaxDevices = 200;
}

/// <summary>What placement thought of one device.</summary>
/// <param name="DeviceId">Which.</param>
/// <param name="Name">Its name then.</param>
/// <param name="Chosen">Whether it was chosen.</param>
/// <param name="Why">In words.</param>
public sealed record PlacedDevice(Guid DeviceId, string Name, bool Chosen, string Why);
