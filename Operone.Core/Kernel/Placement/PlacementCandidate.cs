using Operone.Core.Devices;

namespace Operone.Core.Kernel.Placement;

/// <summary>A device as placement looks at it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels.</param>
public sealed record PlacementCandidate(Guid Id, string Name, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>What it has; null where nobody knows yet.</summary>
    public Resources? Capacity { get; init; }
    /// <summary>What is kept for the device itself.</summary>
    public Resources OwnReserve { get; init; } = Resources.None;
    /// <summary>What is reserved on it.</summary>
    public Resources Reserved { get; init; } = Resources.None;
    /// <summary>Whether it takes new work.</summary>
    public DeviceIntake Intake { get; init; }
    /// <summary>Whether its agent is connected.</summary>
    public bool IsOnline { get; init; } = true;
    /// <summary>How busy it is by live telemetry, 0 to 1: the greater of its processors and its memory.</summary>
    public double Load { get; init; }
    /// <summary>How many things that were placed there failed lately.</summary>
    public int Failures { get; init; }
    /// <summary>How many copies of the same thing it has already.</summary>
    public int Copies { get; init; }

    /// <summary>What can still be reserved.</summary>
    public Resources Free => Capacity is null ? Resources.None : Capacity.Less(OwnReserve).Less(Reserved);
}
