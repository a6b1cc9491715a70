using System.Diagnostics;
using System.Globalization;

namespace Operone.Bench.Scenarios;

/// <summary>300 runs on one device: at once, and one after the other.</summary>
internal static class ManyRuns
{
    private const int Count = 300;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        await context.StartAgentsAsync(server, 1);
        for (var i = 0; i < 30; i++)
        {
            await context.RunAsync(server, "true", "real-0");
        }

        var atOnce = await TogetherAsync(() => context.RunAsync(server, "true", "real-0"));
        var inARow = await Samples.TakeAsync(Count, 0, () => context.RunAsync(server, "true", "real-0"));
        var spawnAtOnce = await TogetherAsync(() => Spawn.OnceAsync(context.Cancellation, "/bin/sh", "-c", "true"));
        var spawnInARow = await Samples.TakeAsync(Count, 0, () => Spawn.OnceAsync(context.Cancellation, "/bin/sh", "-c", "true"));
        return
        [
            new("300 runs of `true` at once on one device", $"all answered in {Seconds(atOnce)}", "every one answered", true,
                $"`sh -c true` 300 times at once: {Seconds(spawnAtOnce)}"),
            new("300 runs of `true` in a row", $"all answered in {Seconds(inARow.Sum)} ({inARow})", "every one answered", true,
                $"`sh -c true` 300 times in a row: {Seconds(spawnInARow.Sum)}"),
        ];
    }

    private static async Task<double> TogetherAsync(Func<Task> once)
    {
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => Task.Run(once)));
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static string Seconds(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.00} s");
}
