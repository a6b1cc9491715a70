using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Shell;
using Operone.Web.Shell.Environments;

namespace Operone.Web.Kernel.Placement;

/// <summary>The ledger and the load of all devices at one moment.</summary>
/// <param name="Reserved">What is reserved, where anything is.</param>
/// <param name="Failures">How often what was placed there failed lately.</param>
/// <param name="Loads">How busy those are that have told.</param>
internal sealed record FleetState(
    IReadOnlyDictionary<Guid, Resources> Reserved, IReadOnlyDictionary<Guid, int> Failures, IReadOnlyDictionary<Guid, double> Loads);

/// <summary>What a run asks for, and of which devices it may be had now.</summary>
/// <param name="Request">What it asks for.</param>
/// <param name="Candidates">The devices that its maker may run commands on, as they are now.</param>
/// <param name="Barred">Those on which it may not have its environments, and why.</param>
internal sealed record RunCandidates(PlacementRequest Request, IReadOnlyList<PlacementCandidate> Candidates, IReadOnlyList<PlacedDevice> Barred);

/// <summary>Makes of a run that waits, and of what is known of the devices, what placement looks at.</summary>
internal sealed class CandidateReader(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, DeviceLoads loads, ReservationBook book, CurrentStanding standing, EnvironmentUse environments,
    TimeProvider time)
{
    /// <summary>The state of the fleet now.</summary>
    public async Task<FleetState> ReadAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var reserved = await ReservationBook.ReservedAsync(db, null, cancellationToken);
        var failures = await book.FailuresAsync(db, cancellationToken);
        return new(reserved, failures, await loads.GetAsync([.. directory.All.Select(d => d.Id)], cancellationToken));
    }

    /// <summary>What a run asks for. Whoever asked is held to what they may now; what they may not see is not among the candidates.</summary>
    public async Task<RunCandidates> OfAsync(Run run, FleetState fleet, CancellationToken cancellationToken)
    {
        var placement = run.Request.Placement ?? throw new InvalidOperationException($"The run {run.Id} has named its devices.");
        var target = run.Request.Target ?? new();
        var owner = run.CreatedById is { } id ? await standing.OfAsync(id, cancellationToken) : null;
        var now = time.GetUtcNow();
        var named = (target.Devices ?? []).Select(n => directory.Find(n)?.Id).ToHashSet();
        var selector = target.Selector is null ? null : Selector.Parse(target.Selector).Value;

        // Of a selector alone it is told of the others too why they are not meant.
        var isSelector = selector is not null && named.Count == 0 && !target.All;
        var (candidates, barred) = (new List<PlacementCandidate>(), new List<PlacedDevice>());
        foreach (var device in directory.All)
        {
            var isMeant = target.All || named.Contains(device.Id) || selector?.Matches(device.Labels) == true;
            if ((!isMeant && !isSelector) || (owner is not null && !Policy.Decide(owner, Permissions.RunsCreate, device.Labels, now).Allowed))
            {
                continue;
            }

            if (isMeant && environments.WhyNot(run, owner, device, now) is { } reason)
            {
                barred.Add(new(device.Id, device.Name, false, reason));
                continue;
            }

            candidates.Add(Of(device, fleet));
        }

        var request = new PlacementRequest
        {
            Needs = placement.Needs ?? Resources.None,
            Count = placement.Count,
            Required = isSelector ? selector! : Selector.Everything,
            Preferred = [.. (placement.Prefer ?? []).Select(p => Selector.Parse(p).Value)],
            SpreadOver = placement.SpreadOver,
            Excluded = (placement.Exclude ?? []).Select(n => directory.Find(n)?.Id).OfType<Guid>().ToHashSet(),
            Strategy = placement.Strategy,
        };
        return new(request, candidates, barred);
    }

    /// <summary>A device as placement looks at it.</summary>
    public PlacementCandidate Of(DeviceEntry device, FleetState fleet) => new(device.Id, device.Name, device.Labels)
    {
        Capacity = device.Capacity,
        OwnReserve = device.Kept,
        Reserved = fleet.Reserved.GetValueOrDefault(device.Id, Resources.None),
        Intake = device.Intake,
        IsOnline = directory.IsOnline(device.Id),
        Load = fleet.Loads.GetValueOrDefault(device.Id),
        Failures = fleet.Failures.GetValueOrDefault(device.Id),
    };
}
