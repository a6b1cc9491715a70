using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>How busy devices are, by what they told within the last minute.</summary>
internal sealed class DeviceLoads(IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, TimeProvider time) : IDeviceObserver
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<Guid, (double Load, DateTimeOffset At)> _here = new();

    /// <summary>A device that is connected to this node has told.</summary>
    public void Note(Guid deviceId, TelemetrySample sample) => _here[deviceId] = (Of(sample), time.GetUtcNow());

    /// <summary>0 to 1 for each that has told: the greater of its processors and its memory. Those at other nodes are read from the database.</summary>
    public async Task<IReadOnlyDictionary<Guid, double>> GetAsync(IReadOnlyCollection<Guid> deviceIds, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - Fresh;
        var loads = new Dictionary<Guid, double>(deviceIds.Count);
        var elsewhere = new List<Guid>();
        foreach (var id in deviceIds)
        {
            if (_here.TryGetValue(id, out var known) && known.At >= since)
            {
                loads[id] = known.Load;
            }
            else if (directory.IsOnline(id) && !directory.IsHere(id))
            {
                elsewhere.Add(id);
            }
        }

        if (elsewhere.Count == 0)
        {
            return loads;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var records = db.Set<TelemetryRecord>();
        foreach (var some in elsewhere.Chunk(500))
        {
            var last = records.Where(t => some.Contains(t.DeviceId) && t.At >= since).GroupBy(t => t.DeviceId).Select(g => g.Max(t => t.Seq));
            await foreach (var record in records.Where(t => last.Contains(t.Seq)).AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                loads[record.DeviceId] = Of(record.Sample);
            }
        }

        return loads;
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
