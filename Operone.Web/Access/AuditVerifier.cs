using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Says whether the audit chain holds, and from where it does not.</summary>
internal sealed partial class AuditVerifier(
    IDbContextFactory<OperoneDb> databases, IAuditTrail audit, IEvents events, TimeProvider time, ILogger<AuditVerifier> logger) : IDisposable
{
    private const int Chunk = 2000;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>What was found when this node looked last, or null.</summary>
    public AuditVerification? Last { get; private set; }

    /// <summary>Goes through the whole chain, from the newest anchor to the head. One at a time on a node; the others wait.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="known">An entry that somebody noted elsewhere, to hold the chain against.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async Task<Result<AuditVerification>> VerifyAsync(Actor actor, AuditWitness? known, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AuditRead, "audit.verify", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(known) is { } error)
        {
            return error;
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            var found = await WalkAsync(known, cancellationToken);
            if (known is null)
            {
                Last = found;
            }

            await TellAsync(actor, found, known is not null, cancellationToken);
            return found;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private static Error? Check(AuditWitness? known)
    {
        var errors = new FieldErrors();
        errors.AddIf(known is { Seq: < 1 }, "seq", "must be 1 or more");
        errors.AddIf(
            known is not null && (known.Hash.Length != 2 * AuditChain.HashBytes || !known.Hash.All(char.IsAsciiHexDigit)),
            "hash", $"must be {2 * AuditChain.HashBytes} hexadecimal digits");
        return errors.ToError();
    }

    private async Task<AuditVerification> WalkAsync(AuditWitness? known, CancellationToken cancellationToken)
    {
        while (true)
        {
            var anchor = await NewestAnchorAsync(cancellationToken);
            var end = await EndAsync(cancellationToken);
            var check = new AuditChainCheck(anchor?.Seq ?? 0, anchor is null ? AuditChain.Beginning : AuditChain.ToText(anchor.Hash)!, known);
            var broken = await FindBreakAsync(check, anchor, end, known, cancellationToken);

            // What retention has removed meanwhile is no break: then it is looked at once more, from the new anchor.
            if (broken is null || (await NewestAnchorAsync(cancellationToken))?.Seq == anchor?.Seq)
            {
                return new(
                    broken is null, check.Checked, time.GetUtcNow(), anchor?.Seq ?? 0, anchor?.At, end?.Seq ?? 0, AuditChain.ToText(end?.Hash), broken);
            }
        }
    }

    private async Task<AuditBreak?> FindBreakAsync(
        AuditChainCheck check, AuditAnchor? anchor, AuditHead? end, AuditWitness? known, CancellationToken cancellationToken)
    {
        if (end is null)
        {
            return new(check.Seq + 1, null, "The chain's head is missing, so that nobody can say where it ends.");
        }

        if (known is not null && known.Seq == anchor?.Seq && !known.Hash.Equals(check.Hash, StringComparison.OrdinalIgnoreCase))
        {
            return new(known.Seq, null, $"The anchor at entry {known.Seq} is another one than was noted elsewhere.");
        }

        var begin = check.Seq;
        await foreach (var (entry, unreadable) in ReadAsync(begin, end.Seq, cancellationToken))
        {
            if ((unreadable ?? check.Next(entry!)) is { } misfit)
            {
                return misfit;
            }
        }

        return check.End(end.Seq, AuditChain.ToText(end.Hash)) ?? await FindStrayAsync(begin, end.Seq, check, cancellationToken);
    }

    /// <summary>Entries in order, in chunks. A value that cannot be read ends it with the place where it is.</summary>
    private async IAsyncEnumerable<(AuditEntryView? Entry, AuditBreak? Unreadable)> ReadAsync(
        long after, long upTo, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var take = Chunk; ;)
        {
            List<AuditEntryView> chunk;
            string? unreadable = null;
            try
            {
                await using var db = await databases.CreateDbContextAsync(cancellationToken);
                chunk = [.. (await db.Set<AuditEntry>().Where(e => e.Seq > after && e.Seq <= upTo).OrderBy(e => e.Seq).Take(take)
                    .ToListAsync(cancellationToken)).Select(e => e.ToView())];
            }
            catch (Exception e) when (e is FormatException or ArgumentException or InvalidCastException or InvalidOperationException or OverflowException
                && !Problems.IsDatabaseAway(e))
            {
                (chunk, unreadable) = ([], e.Message);
            }

            if (unreadable is not null && take == 1)
            {
                yield return (null, new(after + 1, null, $"The entry after {after} cannot be read: {unreadable}"));
                yield break;
            }

            foreach (var entry in chunk)
            {
                yield return (entry, null);
            }

            if (unreadable is null && chunk.Count < take)
            {
                yield break;
            }

            // One by one where something cannot be read, so that its place is known.
            take = unreadable is null ? take : 1;
            after = chunk.Count > 0 ? chunk[^1].Seq : after;
        }
    }

    /// <summary>What the walk cannot see: entries behind the head, and two in one place.</summary>
    private async Task<AuditBreak?> FindStrayAsync(long begin, long end, AuditChainCheck check, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = await db.Set<AuditHead>().Where(h => h.Id == AuditHead.TheOne)
            .Select(h => new
            {
                h.Seq,
                Newest = db.Set<AuditEntry>().Max(e => (long?)e.Seq),
                Count = db.Set<AuditEntry>().LongCount(e => e.Seq > begin && e.Seq <= end),
            })
            .FirstOrDefaultAsync(cancellationToken);
        return now is null ? new(end, null, "The chain's head is missing, so that nobody can say where it ends.")
            : now.Newest > now.Seq ? new(now.Seq + 1, null, $"There are entries behind the chain's head, which is at {now.Seq}.")
            : now.Count != check.Checked ? new(begin + 1, null, $"There are {now.Count} entries in {check.Checked} places.")
            : null;
    }

    private async Task<AuditAnchor?> NewestAnchorAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<AuditAnchor>().OrderByDescending(a => a.Seq).FirstOrDefaultAsync(cancellationToken);
    }

    private async Task<AuditHead?> EndAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<AuditHead>().FirstOrDefaultAsync(h => h.Id == AuditHead.TheOne, cancellationToken);
    }

    private async Task TellAsync(Actor actor, AuditVerification found, bool isAgainstAWitness, CancellationToken cancellationToken)
    {
        if (found.Break is not { } broken)
        {
            await audit.NoteAsync(actor, "audit.verify", null, allowed: true, $"holds: {found.Checked} entries up to {found.Seq}",
                actor.Decide(Permissions.AuditRead, null).Grant, cancellationToken);
            return;
        }

        await audit.NoteAsync(actor, "audit.verify", null, allowed: true, $"broken at {broken.Seq}: {broken.Reason}",
            actor.Decide(Permissions.AuditRead, null).Grant, cancellationToken);
        if (isAgainstAWitness)
        {
            // What somebody says they noted is no reason to wake everybody: they have the answer.
            return;
        }

        Log.ChainBroken(logger, broken.Seq, broken.Reason);
        await events.PublishAsync(
            new(EventTypes.AuditBroken, $"entry {broken.Seq}", Actor: actor.Name, Data: new Dictionary<string, string?> { ["reason"] = broken.Reason }), cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Critical, Message = "The audit chain does not hold at entry {Seq}: {Reason}")]
        public static partial void ChainBroken(ILogger logger, long seq, string reason);
    }
}

/// <summary>Each night: goes through the chain, so that a break is known the next day at the latest.</summary>
internal sealed class NightlyAuditVerification(AuditVerifier verifier) : IRecurringJob
{
    public string Name => "audit-verify";

    public string Cron => "41 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken) => await verifier.VerifyAsync(Actor.System, null, cancellationToken);
}
