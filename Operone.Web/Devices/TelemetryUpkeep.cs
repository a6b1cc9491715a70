using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>Each minute: makes the means of the minutes that are over, and deletes what is too old.</summary>
internal sealed class TelemetryUpkeep(IDbContextFactory<OperoneDb> databases, TimeProvider time) : IRecurringJob
{
    /// <summary>How long samples are kept as they came.</summary>
    public static readonly TimeSpan KeepSamples = TimeSpan.FromHours(1);

    /// <summary>How long the means of minutes are kept.</summary>
    public static readonly TimeSpan KeepMinutes = TimeSpan.FromDays(7);

    // A sample may be as late as the longest queue: a minute is over for us this long after it is over.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);
    private const int BatchSize = 1000;

    public string Name => "telemetry";

    public string Cron => "* * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await RollUpAsync(db, cancellationToken);
        var now = time.GetUtcNow();
        var (samples, minutes) = (now - KeepSamples, now - KeepMinutes);
        await db.Set<TelemetryRecord>().Where(t => t.At < samples).ExecuteDeleteAsync(cancellationToken);
        await db.Set<TelemetryMinute>().Where(t => t.At < minutes).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task RollUpAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var end = Floor(time.GetUtcNow() - Grace);
        var last = await db.Set<TelemetryMinute>().MaxAsync(t => (DateTimeOffset?)t.At, cancellationToken);
        var first = last?.AddMinutes(1)
            ?? await db.Set<TelemetryRecord>().MinAsync(t => (DateTimeOffset?)t.At, cancellationToken)
            ?? end;

        // One minute at a time, so that no more than a minute of the fleet's samples is in memory.
        for (var minute = Floor(first); minute < end;)
        {
            var next = minute.AddMinutes(1);
            var samples = await db.Set<TelemetryRecord>().Where(t => t.At >= minute && t.At < next).OrderBy(t => t.At)
                .Select(t => new { t.DeviceId, t.Sample }).ToListAsync(cancellationToken);
            if (samples.Count == 0)
            {
                // Nobody was connected: go on where there is something again.
                var later = await db.Set<TelemetryRecord>().Where(t => t.At >= next).MinAsync(t => (DateTimeOffset?)t.At, cancellationToken);
                minute = later is { } at ? Floor(at) : end;
                continue;
            }

            var means = samples.GroupBy(s => s.DeviceId, s => s.Sample)
                .Select(device => new TelemetryMinute { DeviceId = device.Key, At = minute, Sample = TelemetryMean.Of(minute, [.. device]) });
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            foreach (var batch in means.Chunk(BatchSize))
            {
                db.AddRange(batch);
                await db.SaveChangesAsync(cancellationToken);
                db.ChangeTracker.Clear();
            }

            await transaction.CommitAsync(cancellationToken);
            minute = next;
        }
    }

    private static DateTimeOffset Floor(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
}
