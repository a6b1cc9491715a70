using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Devices;

/// <summary>Stores telemetry in batches. Where the database cannot keep up, samples are dropped: there will be newer ones.</summary>
internal sealed class TelemetryWriter(
    IDbContextFactory<OperoneDb> databases, LiveChanges changes, TimeProvider time, ILogger<TelemetryWriter> logger)
    : BatchedWriter<TelemetryRecord>(databases, time, logger, capacity: 20_000, gather: TimeSpan.FromMilliseconds(250))
{
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(30);
    private readonly TimeProvider _time = time;

    /// <summary>Takes a sample. Its time is the device's, unless the device's clock is off by much.</summary>
    public void Take(Guid deviceId, TelemetrySample sample)
    {
        var now = _time.GetUtcNow();
        var at = (sample.At - now).Duration() <= MostSkew ? sample.At.ToUniversalTime() : now;
        TryQueue(new TelemetryRecord { DeviceId = deviceId, At = at, Sample = sample with { At = at } });
    }

    protected override async Task StoreAsync(OperoneDb db, IReadOnlyList<TelemetryRecord> batch, CancellationToken cancellationToken)
    {
        db.AddRange(batch);
        await db.SaveChangesAsync(cancellationToken);
    }

    protected override void Stored(IReadOnlyList<TelemetryRecord> batch)
    {
        foreach (var record in batch)
        {
            changes.Signal(LiveChanges.Device(record.DeviceId));
        }
    }
}
