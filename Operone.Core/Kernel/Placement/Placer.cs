using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Placement;

/// <summary>
/// Chooses devices. Pure: what it is given decides, in whichever order it is given. The rule, from the first that differs:
/// the share of a label's value that has least (where it is spread over one); more preferences met; then by strategy. Spread: least
/// load, which is the reserved share with the new one, live load, and a quarter for each recent failure (four count at the most).
/// Pack: fewest recent failures, then devices in use before empty ones, then the fullest. Ties: by name, then by id.
/// </summary>
public static class Placer
{
    private const double FailureCost = 0.25;
    private const int MostFailures = 4;

    /// <summary>Places all copies, or none.</summary>
    public static PlacementAnswer Place(PlacementRequest request, IReadOnlyList<PlacementCandidate> candidates) => Place(request, candidates, firstFit: false);

    internal static PlacementAnswer Place(PlacementRequest request, IReadOnlyList<PlacementCandidate> candidates, bool firstFit)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(candidates);
        var kinds = new PlacementVerdictKind[candidates.Count];
        var seats = new List<Seat>();
        var (isShort, room) = (false, 0L);
        for (var i = 0; i < candidates.Count; i++)
        {
            kinds[i] = Judge(request, candidates[i]);
            if (kinds[i] == PlacementVerdictKind.Outranked)
            {
                var seat = new Seat(request, candidates[i], i, firstFit);
                seats.Add(seat);
                room += seat.Left;
            }

            isShort |= kinds[i] >= PlacementVerdictKind.Offline;
        }

        var fits = request.Count is { } count ? room >= count : seats.Count > 0 && !isShort;
        var chosen = !fits ? [] : request.Count is { } some ? Choose(request, candidates, seats, some) : [.. seats.Order().Select(s => s.Index)];
        foreach (var index in chosen)
        {
            kinds[index] = PlacementVerdictKind.Chosen;
        }

        if (!fits || request.SpreadOver is not null)
        {
            foreach (var seat in seats.Where(s => kinds[s.Index] == PlacementVerdictKind.Outranked))
            {
                kinds[seat.Index] = fits ? PlacementVerdictKind.SpreadEnough : PlacementVerdictKind.Spare;
            }
        }

        return new([.. chosen.Select(i => candidates[i])], Verdicts(request, candidates, kinds), fits ? null : WhyNot(request, kinds, room));
    }

    private static PlacementVerdictKind Judge(PlacementRequest request, PlacementCandidate device)
    {
        if (!request.Required.Matches(device.Labels))
        {
            return PlacementVerdictKind.LabelsDiffer;
        }

        if (request.Excluded.Contains(device.Id))
        {
            return PlacementVerdictKind.Excluded;
        }

        if (device.Intake != DeviceIntake.Open)
        {
            return PlacementVerdictKind.Shut;
        }

        if (request.SpreadOver is { } key && !device.Labels.ContainsKey(key))
        {
            return PlacementVerdictKind.NoSpreadLabel;
        }

        if (!device.IsOnline)
        {
            return PlacementVerdictKind.Offline;
        }

        if (device.Capacity is not { } capacity)
        {
            return request.Needs.IsNone && device.Copies < request.PerDevice ? PlacementVerdictKind.Outranked : PlacementVerdictKind.Unknown;
        }

        if (device.Copies >= request.PerDevice)
        {
            return PlacementVerdictKind.Full;
        }

        // In plain numbers: this is asked of thousands of devices at a time.
        var (own, reserved, needs) = (device.OwnReserve, device.Reserved, request.Needs);
        return Lacks(needs.CpuMillis, capacity.CpuMillis, own.CpuMillis, reserved.CpuMillis) ? PlacementVerdictKind.Cpu
            : Lacks(needs.MemoryBytes, capacity.MemoryBytes, own.MemoryBytes, reserved.MemoryBytes) ? PlacementVerdictKind.Memory
            : Lacks(needs.DiskBytes, capacity.DiskBytes, own.DiskBytes, reserved.DiskBytes) ? PlacementVerdictKind.Disk
            : PlacementVerdictKind.Outranked;
    }

    private static bool Lacks(long needs, long all, long own, long reserved) => needs > 0 && needs > all - own - reserved;

    private static List<int> Choose(PlacementRequest request, IReadOnlyList<PlacementCandidate> candidates, List<Seat> seats, int count)
    {
        var chosen = new List<int>(count);
        if (request.SpreadOver is not { } key)
        {
            var queue = new PriorityQueue<Seat, Seat>(seats.Select(s => (s, s)));
            while (chosen.Count < count)
            {
                chosen.Add(Take(queue));
            }

            return chosen;
        }

        var groups = seats.GroupBy(s => s.Device.Labels[key], StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new PriorityQueue<Seat, Seat>(g.Select(s => (s, s))), StringComparer.Ordinal);
        var counts = groups.Keys.ToDictionary(value => value, _ => 0, StringComparer.Ordinal);
        foreach (var device in candidates)
        {
            if (device.Copies > 0 && device.Labels.TryGetValue(key, out var value) && counts.ContainsKey(value))
            {
                counts[value] += device.Copies;
            }
        }

        while (chosen.Count < count)
        {
            var least = groups.MinBy(g => (counts[g.Key], g.Value.Peek())).Key;
            chosen.Add(Take(groups[least]));
            counts[least]++;
            if (groups[least].Count == 0)
            {
                groups.Remove(least);
            }
        }

        return chosen;
    }

    private static int Take(PriorityQueue<Seat, Seat> queue)
    {
        var seat = queue.Dequeue();
        if (seat.Next() is { } again)
        {
            queue.Enqueue(again, again);
        }

        return seat.Index;
    }

    private static List<PlacementVerdict> Verdicts(PlacementRequest request, IReadOnlyList<PlacementCandidate> candidates, PlacementVerdictKind[] kinds)
    {
        var order = new int[kinds.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (a, b) =>
        {
            var byChoice = (kinds[b] == PlacementVerdictKind.Chosen).CompareTo(kinds[a] == PlacementVerdictKind.Chosen);
            return byChoice != 0 ? byChoice : ByName(candidates[a], candidates[b]);
        });
        var verdicts = new List<PlacementVerdict>(order.Length);
        foreach (var i in order)
        {
            verdicts.Add(new(candidates[i], kinds[i], request));
        }

        return verdicts;
    }

    private static string WhyNot(PlacementRequest request, PlacementVerdictKind[] kinds, long room)
    {
        var parts = kinds.CountBy(k => k).Where(k => Plain(k.Key) is not null).OrderByDescending(k => k.Value).ThenBy(k => k.Key)
            .Select(k => $"{k.Value} {Plain(k.Key)}").ToArray();
        var start = request.Count is { } count
            ? $"There is room for {room} of {count}"
            : kinds.Contains(PlacementVerdictKind.Spare) ? "Not every device has room" : "No device has room";
        return parts.Length == 0 ? $"{start}: no device is meant." : $"{start}: {string.Join(", ", parts)}.";
    }

    private static string? Plain(PlacementVerdictKind kind) => kind switch
    {
        PlacementVerdictKind.Excluded => "excluded",
        PlacementVerdictKind.Shut => "cordoned or draining",
        PlacementVerdictKind.NoSpreadLabel => "without the label to spread over",
        PlacementVerdictKind.Offline => "not connected",
        PlacementVerdictKind.Unknown => "of unknown size",
        PlacementVerdictKind.Full => "with as many as they may have",
        PlacementVerdictKind.Cpu => "short of CPU",
        PlacementVerdictKind.Memory => "short of memory",
        PlacementVerdictKind.Disk => "short of disk",
        _ => null,
    };

    private static int ByName(PlacementCandidate a, PlacementCandidate b)
    {
        var byName = string.CompareOrdinal(a.Name, b.Name);
        return byName != 0 ? byName : a.Id.CompareTo(b.Id);
    }

    /// <summary>Room for at least one more copy on a device, and where that stands in the order.</summary>
    private sealed class Seat : IComparable<Seat>
    {
        private readonly PlacementRequest _request;
        private readonly bool _firstFit;
        private readonly int _liked;
        private readonly int _taken;
        private readonly double _cost;

        public Seat(PlacementRequest request, PlacementCandidate device, int index, bool firstFit)
            : this(request, device, index, firstFit, 0, Slots(request, device), Liked(request, device))
        {
        }

        private Seat(PlacementRequest request, PlacementCandidate device, int index, bool firstFit, int taken, int left, int liked)
        {
            (_request, Device, Index, _firstFit, _taken, Left, _liked) = (request, device, index, firstFit, taken, left, liked);
            _cost = firstFit ? 0 : Cost();
        }

        public PlacementCandidate Device { get; }

        public int Index { get; }

        /// <summary>How many copies have room.</summary>
        public int Left { get; }

        /// <summary>The device's next one, once this one is taken.</summary>
        public Seat? Next() => Left > 1 ? new(_request, Device, Index, _firstFit, _taken + 1, Left - 1, _liked) : null;

        public int CompareTo(Seat? other)
        {
            if (other is null)
            {
                return 1;
            }

            var byLiking = other._liked.CompareTo(_liked);
            var byCost = byLiking != 0 ? byLiking : _cost.CompareTo(other._cost);
            return byCost != 0 ? byCost : ByName(Device, other.Device);
        }

        private double Cost()
        {
            var share = Device.Capacity is { } capacity ? Share(capacity) : 0;
            var failures = Math.Min(Device.Failures, MostFailures);
            if (_request.Strategy == PlacementStrategy.Spread)
            {
                return share + Device.Load + (failures * FailureCost);
            }

            // whole numbers for what counts more than how full it is
            var isEmpty = _taken == 0 && Device.Reserved.IsNone && Device.Copies == 0;
            return (failures * 10) + (isEmpty ? 2 : 0) - share;
        }

        private double Share(Resources capacity)
        {
            var (times, own, reserved, needs) = (_taken + 1, Device.OwnReserve, Device.Reserved, _request.Needs);
            return Math.Max(
                Part(own.CpuMillis + reserved.CpuMillis + (times * needs.CpuMillis), capacity.CpuMillis),
                Math.Max(
                    Part(own.MemoryBytes + reserved.MemoryBytes + (times * needs.MemoryBytes), capacity.MemoryBytes),
                    Part(own.DiskBytes + reserved.DiskBytes + (times * needs.DiskBytes), capacity.DiskBytes)));
        }

        private static double Part(long part, long all) => all <= 0 ? 0 : (double)part / all;

        private static int Liked(PlacementRequest request, PlacementCandidate device)
        {
            var liked = 0;
            foreach (var preference in request.Preferred)
            {
                liked += preference.Matches(device.Labels) ? 1 : 0;
            }

            return liked;
        }

        private static int Slots(PlacementRequest request, PlacementCandidate device)
        {
            long slots = request.PerDevice - device.Copies;
            if (slots > 1 && device.Capacity is { } capacity)
            {
                var (own, reserved, needs) = (device.OwnReserve, device.Reserved, request.Needs);
                slots = Times(slots, needs.CpuMillis, capacity.CpuMillis - own.CpuMillis - reserved.CpuMillis);
                slots = Times(slots, needs.MemoryBytes, capacity.MemoryBytes - own.MemoryBytes - reserved.MemoryBytes);
                slots = Times(slots, needs.DiskBytes, capacity.DiskBytes - own.DiskBytes - reserved.DiskBytes);
            }

            return (int)slots;
        }

        private static long Times(long most, long needs, long free) => needs <= 0 ? most : Math.Min(most, free / needs);
    }
}
