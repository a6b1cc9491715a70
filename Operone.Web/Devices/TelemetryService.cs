using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>Reads telemetry: as it came for the last hour, by the minute for the last week.</summary>
internal sealed class TelemetryService(
    IDbContextFactory<OperoneDb> databases, DeviceSight sight, IAuditTrail audit, TimeProvider time)
{
    private static readonly TimeSpan DefaultRange = TimeSpan.FromHours(1);
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    /// <summary>How some devices do now: the last that each told, where that was within the last minute.</summary>
    public async Task<Result<IReadOnlyDictionary<Guid, TelemetrySample>>> GetLatestAsync(
        Actor actor, IReadOnlyCollection<Guid> deviceIds, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.DevicesRead, "device.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        deviceIds = [.. deviceIds.Where(id => sight.May(actor, Permissions.DevicesRead, id))];
        var since = time.GetUtcNow() - Fresh;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var records = db.Set<TelemetryRecord>();
        var last = records.Where(t => deviceIds.Contains(t.DeviceId) && t.At >= since).GroupBy(t => t.DeviceId).Select(g => g.Max(t => t.Seq));
        return await records.Where(t => last.Contains(t.Seq)).ToDictionaryAsync(t => t.DeviceId, t => t.Sample, cancellationToken);
    }

    /// <summary>A device's telemetry from one time to another; the last hour where they are not given.</summary>
    public async Task<Result<TelemetrySeries>> GetAsync(
        Actor actor, string idOrName, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var found = await sight.RequireAsync(actor, Permissions.DevicesRead, idOrName, "device.read", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var deviceId = found.Value.Id;
        var now = time.GetUtcNow();
        var end = to ?? now;
        var start = from ?? end - DefaultRange;
        if (start >= end)
        {
            return Error.InvalidField("from", "must be before 'to'");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // A little more than an hour may be asked for as "the last hour", a moment ago.
        if (start >= now - TelemetryUpkeep.KeepSamples - TimeSpan.FromMinutes(1))
        {
            var samples = await db.Set<TelemetryRecord>().Where(t => t.DeviceId == deviceId && t.At >= start && t.At <= end)
                .OrderBy(t => t.At).Select(t => t.Sample).ToListAsync(cancellationToken);
            return new TelemetrySeries(TelemetryResolution.Sample, start, end, samples);
        }

        var minutes = await db.Set<TelemetryMinute>().Where(t => t.DeviceId == deviceId && t.At >= start && t.At <= end)
            .OrderBy(t => t.At).Select(t => t.Sample).ToListAsync(cancellationToken);
        return new TelemetrySeries(TelemetryResolution.Minute, start, end, minutes);
    }
}
