using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Placement;

/// <summary>What is to be placed.</summary>
public sealed record PlacementRequest
{
    /// <summary>What each copy needs.</summary>
    public Resources Needs { get; init; } = Resources.None;
    /// <summary>How many copies; null for one on every device that is meant.</summary>
    public int? Count { get; init; } = 1;
    /// <summary>Which devices are meant.</summary>
    public Selector Required { get; init; } = Selector.Everything;
    /// <summary>What counts for a device: it goes before those that match fewer of them.</summary>
    public IReadOnlyList<Selector> Preferred { get; init; } = [];
    /// <summary>The key of a label over whose values the copies are spread evenly; null for none.</summary>
    public string? SpreadOver { get; init; }
    /// <summary>Devices that are not to be chosen.</summary>
    public IReadOnlySet<Guid> Excluded { get; init; } = new HashSet<Guid>();
    /// <summary>Which devices are taken first.</summary>
    public PlacementStrategy Strategy { get; init; }
    /// <summary>The most copies on one device.</summary>
    public int PerDevice { get; init; } = 1;
}

/// <summary>What placement thinks of a device.</summary>
public enum PlacementVerdictKind
{
    /// <summary>It has room, and others came first.</summary>
    Outranked,
    /// <summary>It has room, and its value of the label that is spread over has enough.</summary>
    SpreadEnough,
    /// <summary>It has room, and there is not room enough for all.</summary>
    Spare,
    /// <summary>It is chosen.</summary>
    Chosen,
    /// <summary>It is excluded by name.</summary>
    Excluded,
    /// <summary>Its labels are not those that are required.</summary>
    LabelsDiffer,
    /// <summary>It takes no new work.</summary>
    Shut,
    /// <summary>It has not the label that is spread over.</summary>
    NoSpreadLabel,
    /// <summary>Its agent is not connected.</summary>
    Offline,
    /// <summary>What it has is not known yet.</summary>
    Unknown,
    /// <summary>It has as many copies as it may.</summary>
    Full,
    /// <summary>Not enough processors are free.</summary>
    Cpu,
    /// <summary>Not enough memory is free.</summary>
    Memory,
    /// <summary>Not enough disk is free.</summary>
    Disk,
}

/// <summary>What placement thinks of a device, and by which numbers.</summary>
/// <param name="Device">The device as it was looked at.</param>
/// <param name="Kind">What it thinks.</param>
/// <param name="Request">What was to be placed.</param>
public readonly record struct PlacementVerdict(PlacementCandidate Device, PlacementVerdictKind Kind, PlacementRequest Request)
{
    /// <summary>Whether it was chosen.</summary>
    public bool IsChosen => Kind == PlacementVerdictKind.Chosen;

    /// <summary>In words, with the numbers.</summary>
    public string Text => Kind switch
    {
        PlacementVerdictKind.Chosen => Request.Needs.IsNone ? "chosen" : $"chosen: it had {Device.Free} free",
        PlacementVerdictKind.Outranked => Request.Strategy == PlacementStrategy.Pack
            ? "has room; fuller or preferred ones came first" : "has room; less loaded or preferred ones came first",
        PlacementVerdictKind.SpreadEnough => $"has room; {Request.SpreadOver}={Device.Labels.GetValueOrDefault(Request.SpreadOver ?? "")} has its share",
        PlacementVerdictKind.Spare => "has room; there is not room enough for all",
        PlacementVerdictKind.Excluded => "is excluded",
        PlacementVerdictKind.LabelsDiffer => $"its labels do not match {Request.Required}",
        PlacementVerdictKind.Shut => $"is {Device.Intake.ToText()}",
        PlacementVerdictKind.NoSpreadLabel => $"has no label {Request.SpreadOver} to spread over",
        PlacementVerdictKind.Offline => "is not connected",
        PlacementVerdictKind.Unknown => "has not told yet what it has",
        PlacementVerdictKind.Full => $"has {Device.Copies} of it already",
        PlacementVerdictKind.Cpu => $"needs {Resources.Cores(Request.Needs.CpuMillis)} CPU; {Resources.Cores(Device.Free.CpuMillis)} of {Resources.Cores(Device.Capacity!.CpuMillis)} free",
        PlacementVerdictKind.Memory => Lacks("memory", Request.Needs.MemoryBytes, Device.Free.MemoryBytes, Device.Capacity!.MemoryBytes),
        _ => Lacks("disk", Request.Needs.DiskBytes, Device.Free.DiskBytes, Device.Capacity!.DiskBytes),
    };

    private static string Lacks(string what, long needs, long free, long all) =>
        $"needs {Quantities.FormatSize(needs)} {what}; {Quantities.FormatSize(free)} of {Quantities.FormatSize(all)} free";
}

/// <summary>Where something goes, or why it goes nowhere.</summary>
/// <param name="Chosen">The device of each copy; empty where there is not room for all.</param>
/// <param name="Verdicts">Device by device: those chosen first, then by name.</param>
/// <param name="Problem">Why it goes nowhere, in words; null where it is placed.</param>
public sealed record PlacementAnswer(IReadOnlyList<PlacementCandidate> Chosen, IReadOnlyList<PlacementVerdict> Verdicts, string? Problem)
{
    /// <summary>Whether there is room for all of it.</summary>
    public bool IsPlaced => Problem is null;
}
