using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Transfers;

/// <summary>
/// Carries one transfer out: plan, folders, files, and of a move the sources. What is away is waited for; where the node ends in the middle, another
/// piece of work goes on with what is not done.
/// </summary>
internal sealed partial class TransferWork(
    Transfer transfer, TransferLedger ledger, TransferPlanner planner, TransferPlaces places, CurrentStanding standing, FileRecords records, SemaphoreSlim slots, TimeProvider time,
    ILogger<TransferWork> logger)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>How long nothing may move before it is given up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(FileLimits.UploadHours);

    private readonly TransferCopier _copier = new(ledger.Moved, ledger.Sent);
    private Result<TransferEnds>[] _ends = [];
    private Actor _actor = Actor.Anonymous();

    /// <summary>Whether a piece of work before may have begun with an item.</summary>
    private bool _isAgain = transfer.Status == TransferStatus.Running;

    /// <summary>Something is being done, rather than waited for.</summary>
    private volatile bool _isActive;

    /// <summary>Carries it out as far as it goes.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var beating = BeatAsync(stop);
        try
        {
            await WorkAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // paused, ended, or the node stops
        }
        finally
        {
            await stop.CancelAsync();
            await beating;
            await LeaveAsync();
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        if (transfer.Status != TransferStatus.Planning)
        {
            // of a plan that is not whole nothing counts
            await ledger.SumUpAsync(cancellationToken);
        }

        while (true)
        {
            if (transfer.Status == TransferStatus.Planning && !await PlanAsync(cancellationToken))
            {
                return;
            }

            if (!await BringAsync(cancellationToken))
            {
                // what was to be renamed is to be copied: the plan is another one
                (transfer.IsRenameRefused, transfer.Reason) = (true, null);
                await ledger.TurnAsync(TransferStatus.Running, TransferStatus.Planning, isRelease: false, cancellationToken);
                continue;
            }

            if (transfer.Kind == TransferKind.Move)
            {
                await PatientlyAsync(EmptySourcesAsync, cancellationToken);
            }

            await KeepFolderTimesAsync(cancellationToken);
            await EndAsync(cancellationToken);
            return;
        }
    }

    /// <summary>Gives whether it goes on now.</summary>
    private async Task<bool> PlanAsync(CancellationToken cancellationToken)
    {
        Error? error = null;
        await PatientlyAsync(async cancelled =>
        {
            var planned = await planner.PlanAsync(_actor, transfer, cancelled);
            error = planned.Error;
            return planned.Error is { } problem && IsPassing(problem) ? problem : null;
        }, cancellationToken);
        await ledger.SumUpAsync(cancellationToken);
        var waits = error is null && (transfer.IsPausedAfterPlan || (transfer.Conflict == ConflictRule.Ask && transfer.Conflicts > 0));
        transfer.Reason = error?.Detail
            ?? (transfer.Conflict == ConflictRule.Ask && transfer.Conflicts > 0 ? $"{transfer.Conflicts} {(transfer.Conflicts == 1 ? "file is" : "files are")} there already: say what becomes of {(transfer.Conflicts == 1 ? "it" : "them")}." : waits ? "The plan is made." : null);
        var next = error is not null ? TransferStatus.Failed : waits && !transfer.IsRenameRefused ? TransferStatus.Paused : TransferStatus.Running;
        await ledger.StoreAsync(null, cancellationToken);
        var isOver = next != TransferStatus.Running;
        if (await ledger.TurnAsync(TransferStatus.Planning, next, isRelease: isOver, cancellationToken) && error is not null)
        {
            await records.TransferredAsync(_actor, transfer, $"could not be planned: {error.Detail}", CancellationToken.None);
        }

        _isAgain = false;
        return !isOver;
    }

    /// <summary>Brings everything. Gives false where a move by renaming was refused.</summary>
    private async Task<bool> BringAsync(CancellationToken cancellationToken)
    {
        _isRenameRefused = false;
        await PatientlyAsync(async cancelled =>
        {
            await MakeTargetsAsync(cancelled);
            return await EachAsync(items => items.Where(i => i.Kind == FileKind.Folder && !i.IsRename && i.Outcome == TransferOutcome.Pending), 1, false, MakeFolderAsync, cancelled)
                ?? await EachAsync(
                    stop => TransferBatches.OfAsync(ledger.ReadAsync(items => items.Where(i => i.Outcome == TransferOutcome.Pending), isBackwards: false, stop), stop),
                    TransferLimits.BatchLanes, BringManyAsync, cancelled)
                ?? await EachAsync(items => items.Where(i => (i.Kind != FileKind.Folder || i.IsRename) && i.Outcome == TransferOutcome.Pending), TransferLimits.Lanes, false, BringAsync, cancelled);
        }, cancellationToken);
        return !_isRenameRefused;
    }

    /// <summary>Does something until nothing is away that it needs.</summary>
    private async Task PatientlyAsync(Func<CancellationToken, Task<Error?>> act, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromSeconds(1);
        var (moved, since) = (ledger.BytesDone, time.GetTimestamp());
        while (true)
        {
            var error = await InTurnAsync(act, cancellationToken);
            if (error is null)
            {
                transfer.Reason = null;
                return;
            }

            if (ledger.BytesDone != moved)
            {
                (moved, since, pause) = (ledger.BytesDone, time.GetTimestamp(), TimeSpan.FromSeconds(1));
            }

            if (time.GetElapsedTime(since) > Patience)
            {
                await FailAllAsync($"Given up after {Patience.TotalHours} hours: {error.Detail}", cancellationToken);
                return;
            }

            transfer.Reason = $"Waiting: {error.Detail}";
            await ledger.StoreAsync(null, cancellationToken);
            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
            _isAgain = true;
        }
    }

    /// <summary>Does something when it is this transfer's turn: one that waits for a device holds up no other.</summary>
    private async Task<Error?> InTurnAsync(Func<CancellationToken, Task<Error?>> act, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        _isActive = true;
        try
        {
            await FindEndsAsync(cancellationToken);
            return await act(cancellationToken);
        }
        finally
        {
            _isActive = false;
            slots.Release();
        }
    }

    /// <summary>Does something with each item; gives what was away. The rest waits then.</summary>
    private Task<Error?> EachAsync(
        Func<IQueryable<TransferItem>, IQueryable<TransferItem>> which, int lanes, bool isBackwards, Func<TransferItem, TransferEnds, CancellationToken, Task<Error?>> act,
        CancellationToken cancellationToken) =>
        EachAsync(stop => ledger.ReadAsync(which, isBackwards, stop), lanes, (item, cancelled) => TryAsync(item, act, cancelled), cancellationToken);

    private async Task<Error?> EachAsync<T>(
        Func<CancellationToken, IAsyncEnumerable<T>> all, int lanes, Func<T, CancellationToken, Task<Error?>> act, CancellationToken cancellationToken)
    {
        Error? away = null;
        using var pass = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = lanes, CancellationToken = pass.Token };
            await Parallel.ForEachAsync(all(pass.Token), options, async (one, cancelled) =>
            {
                if (await act(one, cancelled) is { } error && Interlocked.CompareExchange(ref away, error, null) is null)
                {
                    await pass.CancelAsync();
                }
            });
        }
        catch (OperationCanceledException) when (away is not null && !cancellationToken.IsCancellationRequested)
        {
            // something is away: see below
        }

        // what is stored says what is left
        await ledger.StoreAsync(null, cancellationToken);
        return away;
    }

    /// <summary>Does something with an item. What goes wrong for good is noted; what is away is given.</summary>
    private async Task<Error?> TryAsync(TransferItem item, Func<TransferItem, TransferEnds, CancellationToken, Task<Error?>> act, CancellationToken cancellationToken)
    {
        var ends = _ends[item.Root];
        var error = ends.IsError ? ends.Error : await act(item, ends.Value, cancellationToken);
        if (error is not null && !IsPassing(error))
        {
            await ledger.NoteAsync(item, TransferOutcome.Failed, error.Detail);
            return null;
        }

        return error;
    }

    private async Task FindEndsAsync(CancellationToken cancellationToken)
    {
        _actor = await standing.ActorAsync(transfer.CreatedById, transfer.CreatedBy, cancellationToken);
        var ends = new Result<TransferEnds>[transfer.From.Count];
        for (var root = 0; root < ends.Length; root++)
        {
            ends[root] = await places.FindAsync(_actor, transfer, root, cancellationToken);
        }

        _ends = ends;
    }

    /// <summary>Says every second that the work is there, and stops it where somebody has paused or ended it, or may no more.</summary>
    private async Task BeatAsync(CancellationTokenSource stop)
    {
        var speed = new TransferSpeed(time);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        for (var beat = 1; ; beat++)
        {
            try
            {
                await timer.WaitForNextTickAsync(stop.Token);
                if (!_isActive && beat % 5 != 0)
                {
                    continue;
                }

                var status = await ledger.StoreAsync(speed.Take(ledger.BytesDone), stop.Token);
                if (status is not (TransferStatus.Planning or TransferStatus.Running))
                {
                    await stop.CancelAsync();
                    return;
                }

                if (beat % 10 == 0 && _ends.Length > 0)
                {
                    await FindEndsAsync(stop.Token);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (Problems.IsDatabaseAway(problem))
            {
                Log.NotStored(logger, transfer.Id, problem.Message);
            }
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        var (failed, skipped) = ledger.Left;
        transfer.Reason = failed > 0 ? $"{failed} could not be brought." : transfer.Kind == TransferKind.Move && skipped > 0 ? $"{skipped} stayed where they were." : null;
        await ledger.StoreAsync(null, cancellationToken);
        var status = failed > 0 ? TransferStatus.Failed : TransferStatus.Completed;
        if (await ledger.TurnAsync(TransferStatus.Running, status, isRelease: true, cancellationToken))
        {
            await records.TransferredAsync(_actor, transfer, transfer.Reason, CancellationToken.None);
        }
    }

    private async Task LeaveAsync()
    {
        try
        {
            // the node may be stopping: what was done is noted first
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await ledger.StoreAsync(null, patience.Token);
            await ledger.ReleaseAsync(patience.Token);
        }
        catch (Exception problem) when (Problems.IsDatabaseAway(problem) || problem is OperationCanceledException)
        {
            Log.NotStored(logger, transfer.Id, problem.Message);
        }
    }

    private async Task FailAllAsync(string why, CancellationToken cancellationToken)
    {
        await foreach (var item in ledger.ReadAsync(items => items.Where(i => i.Outcome == TransferOutcome.Pending), isBackwards: false, cancellationToken))
        {
            await ledger.NoteAsync(item, TransferOutcome.Failed, why);
        }
    }

    /// <summary>Whether it is worth to wait: a device is away, or busy.</summary>
    public static bool IsPassing(Error error) => FileErrors.IsAway(error) || error.Kind == ErrorKind.TooMany;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "How far the transfer {Transfer} is could not be stored: {Problem}")]
        public static partial void NotStored(ILogger logger, Guid transfer, string problem);
    }
}

/// <summary>How fast something goes, over the last seconds.</summary>
internal sealed class TransferSpeed(TimeProvider time)
{
    private readonly Queue<(long At, long Bytes)> _last = new();

    /// <summary>Bytes a second since some seconds ago; null where none have moved.</summary>
    public long? Take(long bytes)
    {
        _last.Enqueue((time.GetTimestamp(), bytes));
        if (_last.Count > 5)
        {
            _last.Dequeue();
        }

        var (at, before) = _last.Peek();
        var seconds = time.GetElapsedTime(at).TotalSeconds;
        return seconds > 0 && bytes > before ? (long)((bytes - before) / seconds) : null;
    }
}
