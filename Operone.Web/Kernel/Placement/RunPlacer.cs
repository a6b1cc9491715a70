using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Shell;
using Operone.Web.Shell.Placement;

namespace Operone.Web.Kernel.Placement;

/// <summary>
/// Places runs that wait for room. Devices are chosen by what was read before; then, in one transaction that holds their locks, it is looked
/// whether there is still room, and reservations, executions and the run's new state are stored together, or nothing is.
/// </summary>
internal sealed partial class RunPlacer(
    IDbContextFactory<OperoneDb> databases, CandidateReader reader, WaitingRuns waiting, DeviceDirectory directory, TimeProvider time, ILogger<RunPlacer> logger)
    : IRunPlacer, IDisposable
{
    /// <summary>How often it is tried again where another node took the room at the same moment.</summary>
    private const int MaxAttempts = 5;

    /// <summary>How many of those that pack are planned together.</summary>
    private const int MaxTogether = 50;

    // within a node they take turns, so that what was read before is what is there
    private readonly SemaphoreSlim _turn = new(1);

    /// <inheritdoc/>
    public async Task PlaceAsync(Guid runId, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (await FindAsync(runId, cancellationToken) is { } run)
            {
                await PlaceAsync(run, await reader.ReadAsync(cancellationToken), cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Tries all that wait: those that spread in the order in which they came, those that pack together, the largest first.</summary>
    public async Task PlaceAllAsync(CancellationToken cancellationToken)
    {
        var packing = new List<Run>();
        FleetState? fleet = null;
        foreach (var id in await WaitingAsync(cancellationToken))
        {
            // One turn each: who asks for a new run does not wait for all that wait.
            await _turn.WaitAsync(cancellationToken);
            try
            {
                if (await FindAsync(id, cancellationToken) is not { } run)
                {
                    continue;
                }

                if (run.Request.Placement is { Strategy: PlacementStrategy.Pack, Count: not null } && packing.Count < MaxTogether)
                {
                    packing.Add(run);
                }
                else
                {
                    fleet ??= await reader.ReadAsync(cancellationToken);
                    fleet = await TryAsync(run, fleet, cancellationToken) ? null : fleet;
                }
            }
            finally
            {
                _turn.Release();
            }
        }

        if (packing.Count == 0)
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            await PackAsync(packing, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Chooses and stores, and tells nobody yet. Null where there is no room: then the reason is stored.</summary>
    internal async Task<IReadOnlyList<Execution>?> ReserveAsync(Run run, FleetState fleet, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var asked = await reader.OfAsync(run, fleet, cancellationToken);
            var answer = Placer.Place(asked.Request, asked.Candidates);
            if (!answer.IsPlaced)
            {
                await NoteAsync(run, View(answer, asked), cancellationToken);
                return null;
            }

            var stored = await StoreAsync(run, answer, asked, cancellationToken);
            if (stored is not null || attempt == MaxAttempts || await FindAsync(run.Id, cancellationToken) is null)
            {
                return stored;
            }

            fleet = await reader.ReadAsync(cancellationToken);
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<bool> PlaceAsync(Run run, FleetState fleet, CancellationToken cancellationToken)
    {
        if (await ReserveAsync(run, fleet, cancellationToken) is not { } executions)
        {
            return false;
        }

        await waiting.StartAsync(run, executions, cancellationToken);
        return true;
    }

    /// <summary>The same; one run that cannot be placed must not keep the others waiting for ever.</summary>
    private async Task<bool> TryAsync(Run run, FleetState fleet, CancellationToken cancellationToken)
    {
        try
        {
            return await PlaceAsync(run, fleet, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException && !Problems.IsDatabaseAway(e))
        {
            Log.Failed(logger, e, run.Id);
            return true;
        }
    }

    private async Task PackAsync(IReadOnlyList<Run> runs, CancellationToken cancellationToken)
    {
        // Each has candidates of its own, by what its maker may: planned together are those that look at the same devices.
        var fleet = await reader.ReadAsync(cancellationToken);
        var asked = new List<(Run Run, RunCandidates What)>();
        foreach (var run in runs)
        {
            asked.Add((run, await reader.OfAsync(run, fleet, cancellationToken)));
        }

        foreach (var together in asked.GroupBy(a => string.Join(',', a.What.Candidates.Select(c => c.Id).Order())))
        {
            var group = together.ToArray();
            var candidates = group[0].What.Candidates;
            var plan = Packing.PlaceAll([.. group.Select(a => a.What.Request)], candidates);
            foreach (var index in Packing.Decreasing([.. group.Select(a => a.What.Request)], candidates))
            {
                var (run, what) = group[index];
                if (!plan[index].IsPlaced)
                {
                    await NoteAsync(run, View(plan[index], what), cancellationToken);
                }
                else if (await StoreAsync(run, plan[index], what, cancellationToken) is { } executions)
                {
                    await waiting.StartAsync(run, executions, cancellationToken);
                }
            }
        }
    }

    [SuppressMessage("Performance", "CA1849", Justification = "Adding to a context does no I/O.")]
    private async Task<IReadOnlyList<Execution>?> StoreAsync(Run run, PlacementAnswer answer, RunCandidates asked, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await ReservationBook.HasRoomAsync(db, answer.Chosen, asked.Request.Needs, cancellationToken))
        {
            return null;
        }

        var executions = answer.Chosen.Select(device => new Execution
        {
            Id = Guid.CreateVersion7(now),
            RunId = run.Id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            Status = directory.IsOnline(device.Id) ? ExecutionStatus.Starting : ExecutionStatus.Queued,
        }).ToArray();
        if (!await WaitingRuns.PlaceAsync(db, run.Id, executions, View(answer, asked), cancellationToken))
        {
            return null;
        }

        db.AddRange(executions.Select(e => new Reservation
        {
            ExecutionId = e.Id,
            RunId = run.Id,
            DeviceId = e.DeviceId,
            CpuMillis = asked.Request.Needs.CpuMillis,
            MemoryBytes = asked.Request.Needs.MemoryBytes,
            DiskBytes = asked.Request.Needs.DiskBytes,
            At = now,
        }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return executions;
    }

    private async Task NoteAsync(Run run, PlacementView why, CancellationToken cancellationToken)
    {
        // What has not changed is not written again: it may be tried every second for hours.
        if (!PlacementTexts.IsSame(run.Placement, why))
        {
            await waiting.NoteAsync(run.Id, why, cancellationToken);
        }
    }

    private PlacementView View(PlacementAnswer answer, RunCandidates asked) => PlacementTexts.View(answer, asked.Barred, time.GetUtcNow());

    private async Task<IReadOnlyList<Guid>> WaitingAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Run>().Where(r => r.Status == RunStatus.Running && r.WaitingSince != null).OrderBy(r => r.Id).Select(r => r.Id).ToListAsync(cancellationToken);
    }

    private async Task<Run?> FindAsync(Guid runId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        return await db.Set<Run>().FirstOrDefaultAsync(r => r.Id == runId && r.WaitingSince != null && r.ExpiresAt > now, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The run {Run} could not be placed; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception, Guid run);
    }
}
