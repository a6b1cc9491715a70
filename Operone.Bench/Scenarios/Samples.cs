using System.Diagnostics;
using System.Globalization;

namespace Operone.Bench.Scenarios;

/// <summary>Times of many repetitions.</summary>
internal sealed class Samples
{
    private readonly double[] _sorted;

    public Samples(IEnumerable<double> milliseconds) => _sorted = [.. milliseconds.Order()];

    /// <summary>The median, in milliseconds.</summary>
    public double P50 => At(0.50);

    /// <summary>99 of 100 take at most this long, in milliseconds.</summary>
    public double P99 => At(0.99);

    /// <summary>All together, in milliseconds.</summary>
    public double Sum => _sorted.Sum();

    /// <summary>Does it again and again, after some that do not count.</summary>
    public static async Task<Samples> TakeAsync(int count, int warmUps, Func<Task> once)
    {
        for (var i = 0; i < warmUps; i++)
        {
            await once();
        }

        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await once();
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        return new(times);
    }

    /// <summary>Median and 99th percentile, in words.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p50 {P50:0.00} ms, p99 {P99:0.00} ms");

    // The nearest rank.
    private double At(double part) => _sorted[Math.Max(0, (int)Math.Ceiling(part * _sorted.Length) - 1)];
}
