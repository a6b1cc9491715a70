using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// Each night: removes entries that are older than <see cref="AuditOptions.KeepDays"/>. First an anchor is written, with the
/// note of it in one transaction; then what is below it goes in small batches, now or at the next turn.
/// </summary>
internal sealed partial class AuditRetention(
    IDbContextFactory<OperoneDb> databases, IOptions<AuditOptions> options, TimeProvider time, ILogger<AuditRetention> logger) : IRecurringJob
{
    private const int Look = 10_000;
    private const int Batch = 2000;

    private readonly OrderedIds _ids = new();

    public string Name => "audit-retention";

    public string Cron => "23 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.Value.KeepDays is { } days)
        {
            await AnchorAsync(days, cancellationToken);
        }

        await DeleteAsync(cancellationToken);
    }

    private async Task AnchorAsync(int days, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var anchored = await AnchoredAsync(db, cancellationToken);
        var last = await LastBeforeAsync(db, anchored, now.AddDays(-days), cancellationToken);
        if (last <= anchored)
        {
            return;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await AuditLedger.LockHeadAsync(db, cancellationToken);
        if (await AnchoredAsync(db, cancellationToken) != anchored)
        {
            return;
        }

        var hash = await db.Set<AuditEntry>().Where(e => e.Seq == last).Select(e => e.Hash).SingleAsync(cancellationToken);
        db.Add(new AuditAnchor { Seq = last, Hash = hash!, Count = last - anchored, At = now });
        await db.SaveChangesAsync(cancellationToken);
        var note = AuditEntry.Create(
            _ids.Next(now), now, Actor.System, "audit.prune", $"{anchored + 1} to {last}", allowed: true,
            $"{last - anchored} entries are older than {days} days; the hash of the last is {Core.Access.AuditChain.ToText(hash)}", grant: null);
        await AuditLedger.AppendAsync(db, [note], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Log.Anchored(logger, last - anchored, days, last);
    }

    private static async Task<long> AnchoredAsync(OperoneDb db, CancellationToken cancellationToken) =>
        await db.Set<AuditAnchor>().MaxAsync(a => (long?)a.Seq, cancellationToken) ?? 0;

    /// <summary>The last entry of those at the beginning that are all older than a time.</summary>
    private static async Task<long> LastBeforeAsync(OperoneDb db, long after, DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        while (true)
        {
            var chunk = await db.Set<AuditEntry>().Where(e => e.Seq > after).OrderBy(e => e.Seq).Take(Look)
                .Select(e => new { e.Seq, e.At }).ToListAsync(cancellationToken);
            var old = chunk.TakeWhile(e => e.At < oldest).ToList();
            after = old.Count > 0 ? old[^1].Seq : after;
            if (old.Count < Look)
            {
                return after;
            }
        }
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var anchored = await AnchoredAsync(db, cancellationToken);
        while (await db.Set<AuditEntry>().MinAsync(e => (long?)e.Seq, cancellationToken) is { } first && first <= anchored)
        {
            var last = Math.Min(anchored, first + Batch - 1);
            await db.Set<AuditEntry>().Where(e => e.Seq <= last).ExecuteDeleteAsync(cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} audit entries are older than {Days} days and go; the chain goes on from entry {Seq}")]
        public static partial void Anchored(ILogger logger, long count, int days, long seq);
    }
}
