using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>What a device told last.</summary>
/// <param name="Sample">What it told.</param>
/// <param name="At">When, by this node's clock where the device is connected to it.</param>
internal readonly record struct DeviceReading(TelemetrySample Sample, DateTimeOffset At);

/// <summary>What devices told last, and how busy they are by what they told within the last minute.</summary>
internal sealed class DeviceLoads(IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, TimeProvider time) : IDeviceObserver
{
    /// <summary>What is older says nothing about now.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, DeviceReading> _here = new();

    /// <summary>A device that is connected to this node has told.</summary>
    public void Note(Guid deviceId, TelemetrySample sample) => _here[deviceId] = new(sample, time.GetUtcNow());

    /// <summary>0 to 1 for each that has told: the greater of its processors and its memory.</summary>
    public async Task<IReadOnlyDictionary<Guid, double>> GetAsync(IReadOnlyCollection<Guid> deviceIds, CancellationToken cancellationToken) =>
        (await LatestAsync(deviceIds, cancellationToken)).ToDictionary(r => r.Key, r => Of(r.Value.Sample));

    /// <summary>What each has told last, of those that have within the last minute. Those at other nodes are read from the database.</summary>
    public async Task<IReadOnlyDictionary<Guid, DeviceReading>> LatestAsync(IReadOnlyCollection<Guid> deviceIds, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - Fresh;
        var latest = new Dictionary<Guid, DeviceReading>(deviceIds.Count);
        var elsewhere = new List<Guid>();
        foreach (var id in deviceIds)
        {
            if (_here.TryGetValue(id, out var known) && known.At >= since)
            {
                latest[id] = known;
            }
            else if (directory.IsOnline(id) && !directory.IsHere(id))
            {
                elsewhere.Add(id);
            }
        }

        if (elsewhere.Count == 0)
        {
            return latest;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var records = db.Set<TelemetryRecord>();
        foreach (var some in elsewhere.Chunk(500))
        {
            var last = records.Where(t => some.Contains(t.DeviceId) && t.At >= since).GroupBy(t => t.DeviceId).Select(g => g.Max(t => t.Seq));
            await foreach (var record in records.Where(t => last.Contains(t.Seq)).AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                latest[record.DeviceId] = new(record.Sample, record.At);
            }
        }

        return latest;
    }

    /// <inheritdoc/>
    public Task RemovedAsync(Guid deviceId, CancellationToken cancellationToken)
    {
        _here.TryRemove(deviceId, out _);
        return Task.CompletedTask;
    }

    private static double Of(TelemetrySample sample) => Math.Clamp(
        Math.Max(sample.CpuPercent / 100, sample.MemoryTotalBytes > 0 ? (double)sample.MemoryUsedBytes / sample.MemoryTotalBytes : 0), 0, 1);
}
