using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Placement;

/// <summary>Places several things at once so that few devices are in use. Pure.</summary>
public static class Packing
{
    /// <summary>
    /// Places what there is room for, the largest first (by the share that one copy takes of the fleet's mean device; ties: in the order
    /// given). It is planned twice, into the fullest that has room and into the first by name that has room (first-fit decreasing), and the
    /// plan that places more counts, then the one with fewer devices in use, then the first: so it is never worse than first-fit decreasing.
    /// </summary>
    /// <returns>The answers, in the order of the requests.</returns>
    public static IReadOnlyList<PlacementAnswer> PlaceAll(IReadOnlyList<PlacementRequest> requests, IReadOnlyList<PlacementCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(candidates);
        var order = Decreasing(requests, candidates);
        var fullest = Plan(requests, candidates, order, firstFit: false);
        if (requests.Count < 2)
        {
            return fullest.Answers;
        }

        var first = Plan(requests, candidates, order, firstFit: true);
        return (first.Placed, -first.InUse).CompareTo((fullest.Placed, -fullest.InUse)) > 0 ? first.Answers : fullest.Answers;
    }

    /// <summary>The order in which they are placed.</summary>
    public static IReadOnlyList<int> Decreasing(IReadOnlyList<PlacementRequest> requests, IReadOnlyList<PlacementCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var known = candidates.Where(c => c.Capacity is not null).Select(c => c.Capacity!).ToArray();
        var mean = known.Length == 0 ? Resources.None : new Resources(
            (long)known.Average(c => (double)c.CpuMillis), (long)known.Average(c => (double)c.MemoryBytes), (long)known.Average(c => (double)c.DiskBytes));
        return [.. Enumerable.Range(0, requests.Count).OrderByDescending(i => requests[i].Needs.ShareOf(mean)).ThenBy(i => i)];
    }

    private static (PlacementAnswer[] Answers, int Placed, int InUse) Plan(
        IReadOnlyList<PlacementRequest> requests, IReadOnlyList<PlacementCandidate> candidates, IReadOnlyList<int> order, bool firstFit)
    {
        var devices = candidates.ToArray();
        var at = Enumerable.Range(0, devices.Length).ToDictionary(i => devices[i].Id);
        var answers = new PlacementAnswer[requests.Count];
        var placed = 0;
        foreach (var index in order)
        {
            var request = requests[index] with { Strategy = PlacementStrategy.Pack };
            answers[index] = Placer.Place(request, devices, firstFit);
            placed += answers[index].Chosen.Count;
            foreach (var chosen in answers[index].Chosen)
            {
                ref var device = ref devices[at[chosen.Id]];
                device = device with { Reserved = device.Reserved.Add(request.Needs) };
            }
        }

        return (answers, placed, devices.Count(d => !d.Reserved.IsNone));
    }
}
