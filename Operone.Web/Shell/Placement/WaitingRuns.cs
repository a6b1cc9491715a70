using Microsoft.EntityFrameworkCore;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Shell.Placement;

/// <summary>
/// Runs that wait for room: they have no execution yet. Each change is made on the condition that the run still waits, so that of
/// placing, cancelling and expiring one alone happens, on whichever node.
/// </summary>
internal sealed class WaitingRuns(IDbContextFactory<OperoneDb> databases, RunStart starts, IEvents events, LiveChanges changes, TimeProvider time)
{
    /// <summary>Notes why it waits.</summary>
    public async Task NoteAsync(Guid runId, PlacementView why, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<Run>().Where(r => r.Id == runId && r.WaitingSince != null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Placement, why), cancellationToken) > 0)
        {
            Signal(runId);
        }
    }

    /// <summary>Gives it its executions in the context's present transaction. False where it does not wait any more: then nothing is to be committed.</summary>
    public static async Task<bool> PlaceAsync(
        OperoneDb db, Guid runId, IReadOnlyList<Execution> executions, PlacementView how, CancellationToken cancellationToken)
    {
        if (await db.Set<Run>().Where(r => r.Id == runId && r.WaitingSince != null).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.WaitingSince, (DateTimeOffset?)null).SetProperty(x => x.Placement, how), cancellationToken) == 0)
        {
            return false;
        }

        await RunTables.InsertAsync(db, executions, cancellationToken);
        return true;
    }

    /// <summary>It is placed and committed: tells the devices, and who looks.</summary>
    public async Task StartAsync(Run run, IReadOnlyList<Execution> executions, CancellationToken cancellationToken)
    {
        await starts.BeginAsync(run, executions, cancellationToken);
        Signal(run.Id);
        await events.PublishAsync(
            new(EventTypes.RunPlaced, run.Id.ToString(), RunId: run.Id, Actor: run.CreatedBy,
                Data: new Dictionary<string, string?> { ["command"] = run.Summary, ["devices"] = string.Join(", ", executions.Take(20).Select(e => e.DeviceName)) }),
            cancellationToken);
    }

    /// <summary>Ends it while it waits. False where it does not wait any more.</summary>
    public async Task<bool> EndAsync(Guid runId, RunStatus status, string reason, string? cancelledBy, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Set<Run>().Where(r => r.Id == runId).Select(r => new { r.Placement, r.Summary }).FirstOrDefaultAsync(cancellationToken);
        if (run is null)
        {
            return false;
        }

        var how = run.Placement is { } before
            ? before with { State = PlacementState.Ended, Reason = $"{reason} {before.Reason}", At = now }
            : new PlacementView(PlacementState.Ended, reason, now, []);
        DateTimeOffset? cancelledAt = cancelledBy is null ? null : now;
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            if (await db.Set<Run>().Where(r => r.Id == runId && r.WaitingSince != null).ExecuteUpdateAsync(
                r => r.SetProperty(x => x.WaitingSince, (DateTimeOffset?)null).SetProperty(x => x.Status, status).SetProperty(x => x.EndedAt, now)
                    .SetProperty(x => x.CancelledAt, cancelledAt).SetProperty(x => x.CancelledBy, cancelledBy).SetProperty(x => x.Placement, how),
                cancellationToken) == 0)
            {
                return false;
            }

            db.Add(WriterBatch.RunEnd(runId, status));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        Signal(runId);
        await events.PublishAsync(
            new(EventTypes.RunEnded, runId.ToString(), RunId: runId,
                Data: new Dictionary<string, string?> { ["command"] = run.Summary, ["status"] = status.ToText(), ["reason"] = reason }),
            cancellationToken);
        return true;
    }

    /// <summary>Ends those that have waited for as long as they were to.</summary>
    public async Task ExpireAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var expired = await db.Set<Run>().Where(r => r.Status == RunStatus.Running && r.WaitingSince != null && r.ExpiresAt < now)
            .OrderBy(r => r.Id).Select(r => r.Id).Take(1000).ToListAsync(cancellationToken);
        foreach (var id in expired)
        {
            await EndAsync(id, RunStatus.Failed, "It expired before there was room.", null, cancellationToken);
        }
    }

    private void Signal(Guid runId)
    {
        changes.Signal(LiveChanges.Run(runId));
        changes.Signal(LiveChanges.Runs);
    }
}
