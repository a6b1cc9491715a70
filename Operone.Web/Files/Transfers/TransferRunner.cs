using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Transfers;

/// <summary>Takes transfers that nobody has and carries them out: new ones, and those of a node that is gone.</summary>
internal sealed partial class TransferRunner(
    IDbContextFactory<OperoneDb> databases, TransferPlanner planner, TransferPlaces places, CurrentStanding standing, FileRecords records, LiveChanges changes, TimeProvider time,
    ILoggerFactory loggers)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private readonly ILogger _logger = loggers.CreateLogger<TransferRunner>();
    private readonly SemaphoreSlim _news = new(0);
    private readonly ConcurrentDictionary<Guid, Task> _running = new();
    private readonly SemaphoreSlim _slots = new(TransferLimits.AtOnce);

    /// <summary>There may be something to do.</summary>
    public void Wake() => _news.Release();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (_running.Count < TransferLimits.Held && await TakeAsync(stoppingToken) is { } taken)
                {
                    Begin(taken.Transfer, taken.Claim, stoppingToken);
                }

                await _news.WaitAsync(Interval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception problem) when (Problems.IsDatabaseAway(problem))
            {
                Log.NotTaken(_logger, problem.Message);
                await Task.Delay(Interval, time, CancellationToken.None);
            }
        }

        await Task.WhenAll(_running.Values);
    }

    private async Task<(Transfer Transfer, Guid Claim)?> TakeAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        while (true)
        {
            var now = time.GetUtcNow();
            var next = await db.Set<Transfer>().AsNoTracking()
                .Where(t => (t.Status == TransferStatus.Planning || t.Status == TransferStatus.Running) && (t.Claim == null || t.ClaimedUntil < now))
                .OrderBy(t => t.Id).FirstOrDefaultAsync(cancellationToken);
            if (next is null)
            {
                return null;
            }

            var (claim, until) = (Guid.NewGuid(), now + TransferLedger.ClaimTime);
            if (await db.Set<Transfer>().Where(t => t.Id == next.Id && t.Claim == next.Claim && t.Status == next.Status && (t.Claim == null || t.ClaimedUntil < now)).ExecuteUpdateAsync(
                set => set.SetProperty(t => t.Claim, claim).SetProperty(t => t.ClaimedUntil, until), cancellationToken) > 0)
            {
                return (next, claim);
            }
        }
    }

    private void Begin(Transfer transfer, Guid claim, CancellationToken stoppingToken)
    {
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[claim] = RunAsync(transfer, claim, begin.Task, stoppingToken);
        begin.SetResult();
    }

    private async Task RunAsync(Transfer transfer, Guid claim, Task begin, CancellationToken stoppingToken)
    {
        await begin;
        using var ledger = new TransferLedger(databases, transfer, claim, changes, time);
        try
        {
            await new TransferWork(transfer, ledger, planner, places, standing, records, _slots, time, loggers.CreateLogger<TransferWork>()).RunAsync(stoppingToken);
        }
        catch (Exception problem) when (Problems.IsDatabaseAway(problem))
        {
            // its claim runs out, and somebody takes it up again
            Log.NotTaken(_logger, problem.Message);
        }
#pragma warning disable CA1031 // one transfer that fails in a way nobody foresaw must not end the others; it is logged whole, and fails with its reason
        catch (Exception bug)
#pragma warning restore CA1031
        {
            await FailAsync(transfer, ledger, bug);
        }
        finally
        {
            _running.TryRemove(claim, out _);
            Wake();
        }
    }

    private async Task FailAsync(Transfer transfer, TransferLedger ledger, Exception bug)
    {
        Log.Broke(_logger, bug, transfer.Id);
        transfer.Reason = bug is PlanTooLargeException ? bug.Message : "It failed in a way that nobody foresaw; the server's log says more.";
        try
        {
            await ledger.FailAsync(CancellationToken.None);
        }
        catch (Exception problem) when (Problems.IsDatabaseAway(problem))
        {
            Log.NotTaken(_logger, problem.Message);
        }
    }

    public override void Dispose()
    {
        _news.Dispose();
        _slots.Dispose();
        base.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Transfers cannot be taken up just now: {Problem}")]
        public static partial void NotTaken(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "The transfer {Transfer} broke")]
        public static partial void Broke(ILogger logger, Exception exception, Guid transfer);
    }
}
