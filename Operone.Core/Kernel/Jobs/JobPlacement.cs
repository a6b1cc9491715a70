using Operone.Core.Errors;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Jobs;

/// <summary>
/// Lets Operone choose among the devices of a job's target, and reserves there what its commands need: from before the first step until the device
/// has done the last, or has failed.
/// </summary>
public sealed record JobPlacement
{
    /// <summary>How many devices, 1 to 10,000: 1 is "any one". Left out: all of the target, each with what it needs.</summary>
    public int? Count { get; init; }
    /// <summary>What its commands need on each device, and get no more of.</summary>
    public PlacementNeeds? Needs { get; init; }
    /// <summary>Selectors of labels: a device goes before those that match fewer of them.</summary>
    public IReadOnlyList<string>? Prefer { get; init; }
    /// <summary>The key of a label: the chosen devices are spread evenly over its values. Devices without it are not chosen.</summary>
    public string? SpreadOver { get; init; }
    /// <summary>Names or ids of devices that are not to be chosen.</summary>
    public IReadOnlyList<string>? Exclude { get; init; }
    /// <summary>Which of the devices that have room are taken first; by default the least loaded.</summary>
    public PlacementStrategy? Strategy { get; init; }

    /// <summary>The same as runs have it.</summary>
    /// <param name="placement">As it was written; null where Operone does not choose.</param>
    /// <param name="errors">What is wrong with its needs is noted here; null where it was checked.</param>
    public static RunPlacement? ToRun(JobPlacement? placement, FieldErrors? errors = null) => placement is null ? null : new()
    {
        Count = placement.Count,
        Needs = PlacementNeeds.Read(placement.Needs, "placement.needs", errors ?? new()),
        Prefer = placement.Prefer,
        SpreadOver = placement.SpreadOver,
        Exclude = placement.Exclude,
        Strategy = placement.Strategy ?? PlacementStrategy.Spread,
    };
}
