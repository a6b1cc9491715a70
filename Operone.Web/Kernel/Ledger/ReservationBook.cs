using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Ledger;

/// <summary>
/// The ledger as it is stored: what is reserved where. Reserving holds the devices' locks to the end of its transaction, so that two
/// nodes that take the last room of a device take turns, and the second one sees what the first one took.
/// </summary>
internal sealed class ReservationBook(TimeProvider time)
{
    /// <summary>How long a failure counts against its device.</summary>
    public static readonly TimeSpan FailureMemory = TimeSpan.FromMinutes(15);

    /// <summary>With more devices than this the whole ledger is locked: a database has room for so many locks alone.</summary>
    private const int MaxDeviceLocks = 256;

    // "operone ledger", as a number that nothing else locks
    private const long LedgerLock = 0x6F70_6C65_6467_6572;

    /// <summary>The reservations of executions that count.</summary>
    public static IQueryable<Reservation> Open(OperoneDb db)
    {
        var open = db.Set<Execution>().Where(e => e.EndedAt == null);
        return db.Set<Reservation>().Where(r => open.Any(e => e.Id == r.ExecutionId));
    }

    /// <summary>The reservations of devices of jobs' runs that count.</summary>
    public static IQueryable<JobReservation> OpenOfJobs(OperoneDb db)
    {
        var open = db.Set<JobRunDevice>().Where(d => d.Status < JobDeviceStatus.Succeeded);
        return db.Set<JobReservation>().Where(r => open.Any(d => d.JobRunId == r.JobRunId && d.DeviceId == r.DeviceId));
    }

    /// <summary>What is reserved on each device that has anything reserved; of all of them, or of these.</summary>
    public static async Task<Dictionary<Guid, Resources>> ReservedAsync(OperoneDb db, Guid[]? deviceIds, CancellationToken cancellationToken)
    {
        var (open, ofJobs) = (Open(db), OpenOfJobs(db));
        if (deviceIds is not null)
        {
            open = open.Where(r => EF.Parameter(deviceIds).Contains(r.DeviceId));
            ofJobs = ofJobs.Where(r => EF.Parameter(deviceIds).Contains(r.DeviceId));
        }

        var reserved = await open.GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Cpu = g.Sum(r => r.CpuMillis), Memory = g.Sum(r => r.MemoryBytes), Disk = g.Sum(r => r.DiskBytes) })
            .ToDictionaryAsync(g => g.Key, g => new Resources(g.Cpu, g.Memory, g.Disk), cancellationToken);
        foreach (var jobs in await ofJobs.GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Cpu = g.Sum(r => r.CpuMillis), Memory = g.Sum(r => r.MemoryBytes), Disk = g.Sum(r => r.DiskBytes) }).ToListAsync(cancellationToken))
        {
            reserved[jobs.Key] = reserved.GetValueOrDefault(jobs.Key, Resources.None).Add(new(jobs.Cpu, jobs.Memory, jobs.Disk));
        }

        return reserved;
    }

    /// <summary>How many reservations there are on each of these devices that has any.</summary>
    public static async Task<Dictionary<Guid, int>> CountsAsync(OperoneDb db, Guid[] deviceIds, CancellationToken cancellationToken)
    {
        var counts = await Open(db).Where(r => EF.Parameter(deviceIds).Contains(r.DeviceId)).GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
        foreach (var jobs in await OpenOfJobs(db).Where(r => EF.Parameter(deviceIds).Contains(r.DeviceId)).GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Count = g.Count() }).ToListAsync(cancellationToken))
        {
            counts[jobs.Key] = counts.GetValueOrDefault(jobs.Key) + jobs.Count;
        }

        return counts;
    }

    /// <summary>
    /// Whether all of these devices have room for what is needed, as the ledger stands now; one that is there more than once, for as much of it. They are
    /// locked until the context's present transaction ends, so that it is still so when that is stored.
    /// </summary>
    public static async Task<bool> HasRoomAsync(
        OperoneDb db, IReadOnlyList<(Guid Id, Resources? Capacity, Resources OwnReserve)> devices, Resources needs, CancellationToken cancellationToken)
    {
        var ids = devices.Select(d => d.Id).Distinct().ToArray();
        await LockAsync(db, ids, cancellationToken);
        var reserved = await ReservedAsync(db, ids, cancellationToken);
        return needs.IsNone || devices.GroupBy(d => d.Id).All(some =>
            some.First() is { Capacity: { } capacity } device
            && some.Aggregate(reserved.GetValueOrDefault(some.Key, Resources.None), (taken, _) => taken.Add(needs)).FitsIn(capacity.Less(device.OwnReserve)));
    }

    /// <summary>The same of devices that placement has chosen.</summary>
    public static Task<bool> HasRoomAsync(OperoneDb db, IReadOnlyList<PlacementCandidate> devices, Resources needs, CancellationToken cancellationToken) =>
        HasRoomAsync(db, [.. devices.Select(d => (d.Id, d.Capacity, d.OwnReserve))], needs, cancellationToken);

    /// <summary>How often what was placed on a device failed there lately.</summary>
    public async Task<Dictionary<Guid, int>> FailuresAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - FailureMemory;
        ExecutionStatus[] bad = [ExecutionStatus.Failed, ExecutionStatus.TimedOut, ExecutionStatus.Lost, ExecutionStatus.Refused];
        var failed = db.Set<Execution>().Where(e => e.EndedAt >= since && bad.Contains(e.Status));
        var failures = await db.Set<Reservation>().Where(r => failed.Any(e => e.Id == r.ExecutionId)).GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
        var ofJobs = failed.Join(db.Set<JobRunPart>(), e => e.RunId, p => p.RunId, (e, p) => new { p.JobRunId, e.DeviceId })
            .Join(db.Set<JobReservation>(), e => new { e.JobRunId, e.DeviceId }, r => new { r.JobRunId, r.DeviceId }, (e, r) => e.DeviceId);
        foreach (var jobs in await ofJobs.GroupBy(d => d).Select(g => new { g.Key, Count = g.Count() }).ToListAsync(cancellationToken))
        {
            failures[jobs.Key] = failures.GetValueOrDefault(jobs.Key) + jobs.Count;
        }

        return failures;
    }

    /// <summary>
    /// Locks these devices in the ledger until the context's present transaction ends. On the embedded database a transaction that
    /// writes is alone anyway.
    /// </summary>
    public static async Task LockAsync(OperoneDb db, IReadOnlyCollection<Guid> deviceIds, CancellationToken cancellationToken)
    {
        if (db is SqliteDb)
        {
            return;
        }

        var sql = new SqlBatch(db);
        if (deviceIds.Count > MaxDeviceLocks)
        {
            await sql.QueryAsync("SELECT 1 FROM pg_advisory_xact_lock(@ledger)", static _ => true, cancellationToken, ("ledger", LedgerLock));
            return;
        }

        await sql.QueryAsync("SELECT 1 FROM pg_advisory_xact_lock_shared(@ledger)", static _ => true, cancellationToken, ("ledger", LedgerLock));

        // in order, so that no two wait for each other
        foreach (var key in deviceIds.Select(KeyOf).Distinct().Order())
        {
            await sql.QueryAsync("SELECT 1 FROM pg_advisory_xact_lock(@device)", static _ => true, cancellationToken, ("device", key));
        }
    }

    /// <summary>Forgets reservations that count for nothing any more: neither for room, nor for how often something failed.</summary>
    public async Task TidyAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - FailureMemory;
        var ended = db.Set<Execution>().Where(e => e.EndedAt < before);
        await db.Set<Reservation>().Where(r => ended.Any(e => e.Id == r.ExecutionId)).ExecuteDeleteAsync(cancellationToken);
        var over = db.Set<JobRun>().Where(r => r.EndedAt < before);
        await db.Set<JobReservation>().Where(r => over.Any(j => j.Id == r.JobRunId)).ExecuteDeleteAsync(cancellationToken);
    }

    private static long KeyOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);

        // Ids of one moment begin alike: both halves count.
        return BitConverter.ToInt64(bytes) ^ BitConverter.ToInt64(bytes[8..]);
    }
}
