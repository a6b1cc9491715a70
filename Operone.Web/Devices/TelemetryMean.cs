using Operone.Core.Devices;

namespace Operone.Web.Devices;

/// <summary>The mean of samples: of each number, and of each disk over the samples that have it.</summary>
internal static class TelemetryMean
{
    /// <param name="at">The start of the minute.</param>
    /// <param name="samples">At least one.</param>
    public static TelemetrySample Of(DateTimeOffset at, IReadOnlyList<TelemetrySample> samples) => new()
    {
        At = at,
        CpuPercent = Math.Round(samples.Average(s => s.CpuPercent), 2),
        MemoryUsedBytes = Mean(samples, s => s.MemoryUsedBytes),
        MemoryTotalBytes = samples[^1].MemoryTotalBytes,
        SwapUsedBytes = Mean(samples, s => s.SwapUsedBytes),
        Load1 = Math.Round(samples.Average(s => s.Load1), 2),
        Load5 = Math.Round(samples.Average(s => s.Load5), 2),
        Load15 = Math.Round(samples.Average(s => s.Load15), 2),
        Processes = (int)Mean(samples, s => s.Processes),
        NetworkReceivedPerSecond = Math.Round(samples.Average(s => s.NetworkReceivedPerSecond)),
        NetworkSentPerSecond = Math.Round(samples.Average(s => s.NetworkSentPerSecond)),
        Disks =
        [
            .. samples.SelectMany(s => s.Disks).GroupBy(d => d.Mount, StringComparer.Ordinal)
                .Select(disk => new DiskSample(disk.Key, (long)disk.Average(d => (double)d.UsedBytes), disk.Last().TotalBytes)),
        ],
    };

    private static long Mean(IReadOnlyList<TelemetrySample> samples, Func<TelemetrySample, long> number) =>
        (long)samples.Average(s => (double)number(s));
}
