using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Appends to the audit chain: the one place where entries get their place and their hash.</summary>
internal static class AuditLedger
{
    private const int SealBatch = 1000;

    /// <summary>Seals the entries, in their order, behind the newest one. All or none; in the present transaction where there is one.</summary>
    public static async Task AppendAsync(OperoneDb db, IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken)
    {
        await using var own = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(cancellationToken) : null;
        var head = await LockHeadAsync(db, cancellationToken);
        var (seq, hash) = (head.Seq, head.Hash ?? throw new InvalidOperationException("Entries from before the audit chain are not sealed yet."));
        foreach (var entry in entries)
        {
            entry.Seal(++seq, hash);
            hash = entry.Hash!;
        }

        db.AddRange(entries);
        await db.SaveChangesAsync(cancellationToken);
        await MoveHeadAsync(db, seq, hash, cancellationToken);
        if (own is not null)
        {
            await own.CommitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Seals what was noted before there was a chain, in batches. Once, after the migration: what somebody put there
    /// later without a seal stays without.
    /// </summary>
    public static async Task SealOldAsync(IDbContextFactory<OperoneDb> databases, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Set<AuditHead>().AnyAsync(h => h.Hash != null, cancellationToken))
            {
                return;
            }

            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var head = await LockHeadAsync(db, cancellationToken);
            if (head.Hash is null)
            {
                await SealBatchAsync(db, head, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
        }
    }

    /// <summary>The chain's end, which nobody else can move until the present transaction ends.</summary>
    public static async Task<AuditHead> LockHeadAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        // SQLite has taken the write lock when the transaction began.
        var heads = db is SqliteDb
            ? db.Set<AuditHead>()
            : db.Set<AuditHead>().FromSqlRaw("SELECT * FROM audit_head WHERE \"Id\" = 1 FOR UPDATE");
        return (await heads.ToListAsync(cancellationToken)).Single();
    }

    private static async Task SealBatchAsync(OperoneDb db, AuditHead head, CancellationToken cancellationToken)
    {
        var batch = await db.Set<AuditEntry>().AsTracking().Where(e => e.Hash == null).OrderBy(e => e.Seq).Take(SealBatch).ToListAsync(cancellationToken);
        var hash = new byte[AuditChain.HashBytes];
        var before = (batch.Count > 0 ? batch[0].Seq : head.Seq + 1) - 1;
        if (before > 0)
        {
            hash = await db.Set<AuditEntry>().Where(e => e.Seq == before).Select(e => e.Hash).SingleAsync(cancellationToken);
        }

        foreach (var entry in batch)
        {
            entry.Seal(entry.Seq, hash!);
            hash = entry.Hash;
        }

        await db.SaveChangesAsync(cancellationToken);
        if (batch.Count == 0 || batch[^1].Seq == head.Seq)
        {
            await MoveHeadAsync(db, head.Seq, hash!, cancellationToken);
        }
    }

    private static Task MoveHeadAsync(OperoneDb db, long seq, byte[] hash, CancellationToken cancellationToken) =>
        db.Set<AuditHead>().Where(h => h.Id == AuditHead.TheOne)
            .ExecuteUpdateAsync(h => h.SetProperty(x => x.Seq, seq).SetProperty(x => x.Hash, hash), cancellationToken);
}
