using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Web.Data;
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

    /// <summary>The reservations that count.</summary>
    public static IQueryable<Reservation> Open(OperoneDb db)
    {
        var open = db.Set<Execution>().Where(e => e.EndedAt == null);
        return db.Set<Reservation>().Where(r => open.Any(e => e.Id == r.ExecutionId));
    }

    /// <summary>What is reserved on each device that has anything reserved; of all of them, or of these.</summary>
    public static async Task<Dictionary<Guid, Resources>> ReservedAsync(OperoneDb db, Guid[]? deviceIds, CancellationToken cancellationToken)
    {
        var open = deviceIds is null ? Open(db) : Open(db).Where(r => EF.Parameter(deviceIds).Contains(r.DeviceId));
        return await open.GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Cpu = g.Sum(r => r.CpuMillis), Memory = g.Sum(r => r.MemoryBytes), Disk = g.Sum(r => r.DiskBytes) })
            .ToDictionaryAsync(g => g.Key, g => new Resources(g.Cpu, g.Memory, g.Disk), cancellationToken);
    }

    /// <summary>How often what was placed on a device failed there lately.</summary>
    public async Task<Dictionary<Guid, int>> FailuresAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - FailureMemory;
        ExecutionStatus[] bad = [ExecutionStatus.Failed, ExecutionStatus.TimedOut, ExecutionStatus.Lost, ExecutionStatus.Refused];
        var failed = db.Set<Execution>().Where(e => e.EndedAt >= since && bad.Contains(e.Status));
        return await db.Set<Reservation>().Where(r => failed.Any(e => e.Id == r.ExecutionId)).GroupBy(r => r.DeviceId)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
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

    /// <summary>Forgets reservations that count for nothing any more.</summary>
    public async Task TidyAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - FailureMemory;
        var ended = db.Set<Execution>().Where(e => e.EndedAt < before);
        await db.Set<Reservation>().Where(r => ended.Any(e => e.Id == r.ExecutionId)).ExecuteDeleteAsync(cancellationToken);
    }

    private static long KeyOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);

        // Ids of one moment begin alike: both halves count.
        return BitConverter.ToInt64(bytes) ^ BitConverter.ToInt64(bytes[8..]);
    }
}
