using System.Diagnostics;
using System.Globalization;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;

namespace Operone.Bench.Scenarios;

/// <summary>Placement over 5,000 devices: what each run that Operone places costs the node that places it, besides the database.</summary>
internal static class Placement
{
    private const int Devices = 5000;
    private const long Gib = 1L << 30;

    public static Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context) => Task.Run<IReadOnlyList<Row>>(
        () =>
        {
            var fleet = MakeFleet();
            var one = new PlacementRequest { Needs = new(1500, 2 * Gib, 10 * Gib), Count = 1, Required = Selector.Parse("role in (web,worker)").Value };
            var many = one with { Count = 200, SpreadOver = "zone", Preferred = [Selector.Parse("disk=ssd").Value] };
            var pack = one with { Strategy = PlacementStrategy.Pack };
            var none = one with { Needs = new(512_000) };
            if (!Placer.Place(one, fleet).Chosen.Select(d => d.Id).SequenceEqual(Plain(one, fleet)))
            {
                throw new InvalidOperationException("The plain query chooses another.");
            }

            var plain = Measure(() => Plain(one, fleet).Count);
            var single = Measure(() => Placer.Place(one, fleet).Chosen.Count);
            var batch = Enumerable.Range(1, 50).Select(i => pack with { Needs = new(i * 100, i * Gib / 8) }).ToArray();
            return
            [
                Line($"any one of {Devices:N0} devices, with why each other was not chosen", single, "< 10 ms", 10, $"a plain query for the least loaded that fits: {Text(plain)}"),
                Line("200 of them, spread over 12 zones, ssd first", Measure(() => Placer.Place(many, fleet).Chosen.Count), "< 10 ms", 10, ""),
                Line("any one of them, into the fullest", Measure(() => Placer.Place(pack, fleet).Chosen.Count), "< 10 ms", 10, ""),
                Line("one that has room nowhere", Measure(() => Placer.Place(none, fleet).Verdicts.Count), "< 10 ms", 10, ""),
                Line("50 that wait, packed together", Measure(() => Packing.PlaceAll(batch, fleet).Count, times: 10), "", null, ""),
            ];
        },
        context.Cancellation);

    /// <summary>The median and the 99th percentile, in milliseconds.</summary>
    private static (double Median, double P99) Measure(Func<int> place, int times = 200)
    {
        // the first ones are for the compiler
        for (var i = 0; i < Math.Min(times, 50); i++)
        {
            place();
        }

        var took = new double[times];
        for (var i = 0; i < times; i++)
        {
            var began = Stopwatch.GetTimestamp();
            place();
            took[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        Array.Sort(took);
        return (took[times / 2], took[Math.Min(times - 1, times * 99 / 100)]);
    }

    // What one would write without the reasons and the rules: those that fit, by load, and the first.
    private static List<Guid> Plain(PlacementRequest request, PlacementCandidate[] fleet) =>
    [
        .. fleet.Where(d => d.IsOnline && d.Intake == DeviceIntake.Open && request.Required.Matches(d.Labels) && d.Capacity is not null && request.Needs.FitsIn(d.Free))
            .OrderBy(d => d.OwnReserve.Add(d.Reserved).Add(request.Needs).ShareOf(d.Capacity!) + d.Load + (0.25 * Math.Min(4, d.Failures)))
            .ThenBy(d => d.Name, StringComparer.Ordinal).ThenBy(d => d.Id).Take(request.Count ?? int.MaxValue).Select(d => d.Id),
    ];

    /// <summary>As a large installation may have them: four sizes, partly reserved, some offline, cordoned or failing.</summary>
    private static PlacementCandidate[] MakeFleet() =>
    [
        .. Enumerable.Range(0, Devices).Select(i =>
        {
            var size = 1 << (i % 4);
            var capacity = new Resources(size * 4000, size * 8 * Gib, size * 100 * Gib);
            return new PlacementCandidate(Guid.NewGuid(), $"device-{i * 7919 % 10_000:0000}", new Dictionary<string, string>
            {
                ["role"] = (i % 5) switch { 0 => "web", 1 => "db", _ => "worker" },
                ["zone"] = $"z{i % 12}",
                [i % 3 == 0 ? "disk" : "rack"] = i % 3 == 0 ? "ssd" : $"r{i % 60}",
            })
            {
                Capacity = capacity,
                OwnReserve = DeviceCapacity.OwnReserve(capacity),
                Reserved = new(size * (i * 37 % 3500), size * (i * 41 % 6) * Gib, size * (i * 13 % 80) * Gib),
                IsOnline = i % 20 != 0,
                Intake = i % 50 == 7 ? DeviceIntake.Cordoned : DeviceIntake.Open,
                Load = i * 53 % 100 / 100.0,
                Failures = i % 40 == 3 ? 2 : 0,
            };
        }),
    ];

    private static Row Line(string what, (double Median, double P99) took, string aim, double? limit, string baseline) =>
        new(what, Text(took), aim, limit is { } most ? took.Median < most : null, baseline);

    private static string Text((double Median, double P99) took) => string.Create(CultureInfo.InvariantCulture, $"{took.Median:0.00} ms (p99 {took.P99:0.00} ms)");
}
