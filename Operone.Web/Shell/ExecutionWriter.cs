using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Web.Agents;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Shell;

/// <summary>
/// The one writer of executions and their output. It takes what has queued up, stores it in one transaction, and only
/// then acknowledges it to the devices. While the database is away it tries the same batch again, the queue fills, and
/// the agents are held back: nothing is acknowledged that is not stored.
/// </summary>
internal sealed partial class ExecutionWriter(
    IDbContextFactory<OperoneDb> databases, AgentSends sends, DeviceDirectory devices, INodeBus nodes, LiveChanges changes, TimeProvider time,
    ILogger<ExecutionWriter> logger) : BackgroundService
{
    private const int MaxBatchBytes = 4 * 1024 * 1024;

    private readonly WriterQueue _queue = new();
    private readonly ConcurrentDictionary<Guid, ExecutionState> _known = new();

    /// <summary>Takes news of an execution from a device; waits while the queue is full.</summary>
    public ValueTask ReportAsync(Guid deviceId, ExecutionReport report, CancellationToken cancellationToken) =>
        _queue.AddAsync(new ReportItem(deviceId, report), cancellationToken);

    /// <summary>Ends executions that stand in one of the given states, by the server's own word. Returns when it is stored.</summary>
    public async Task EndAsync(
        IReadOnlyList<Guid> executionIds, IReadOnlyList<ExecutionStatus> from, ExecutionStatus status, string reason, CancellationToken cancellationToken)
    {
        if (executionIds.Count == 0)
        {
            return;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.AddAsync(new EndItem(executionIds, from, status, reason, done), cancellationToken);
        await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Notes that queued executions were sent to their device.</summary>
    public ValueTask MarkStartingAsync(IReadOnlyList<Guid> executionIds, CancellationToken cancellationToken) =>
        executionIds.Count == 0 ? ValueTask.CompletedTask : _queue.AddAsync(new StartingItem(executionIds), cancellationToken);

    /// <summary>Makes new executions of devices that are here known, so that their first news needs no look-up.</summary>
    public void Track(IEnumerable<Execution> executions)
    {
        foreach (var execution in executions.Where(e => devices.IsHere(e.DeviceId)))
        {
            _known[execution.Id] = ExecutionState.From(execution);
        }
    }

    /// <summary>Whether this node knows without asking the database that an execution has not ended.</summary>
    public bool IsOpen(Guid executionId) => _known.TryGetValue(executionId, out var state) && !state.Status.IsEnd();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var items = new List<WriterItem>();
        while (!stoppingToken.IsCancellationRequested)
        {
            items.Clear();
            try
            {
                if (!await _queue.TakeAsync(items, MaxBatchBytes, stoppingToken))
                {
                    return;
                }

                await StoreUntilDoneAsync(items, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            finally
            {
                _queue.Release(items);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "The writer must outlive whatever one item causes; it is logged and not acknowledged.")]
    private async Task StoreUntilDoneAsync(IReadOnlyList<WriterItem> items, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await StoreAsync(items, cancellationToken);
                return;
            }
            catch (Exception e) when (Problems.IsDatabaseAway(e))
            {
                Log.DatabaseAway(logger, items.Count, e.GetBaseException().Message);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5000, 200 << Math.Min(attempt, 5))), time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (StaleException stale)
            {
                foreach (var id in stale.ExecutionIds)
                {
                    _known.TryRemove(id, out _);
                }
            }
            catch (Exception e) when (items.Count > 1)
            {
                Log.BatchFailed(logger, e, items.Count);
                foreach (var item in items)
                {
                    await StoreUntilDoneAsync([item], cancellationToken);
                }

                return;
            }
            catch (Exception e)
            {
                // What was not acknowledged stays on the device, and comes again when it reconnects.
                Log.ItemFailed(logger, e, items[0].GetType().Name);
                (items[0] as EndItem)?.Done.TrySetException(e);
                return;
            }
        }
    }

    private async Task StoreAsync(IReadOnlyList<WriterItem> items, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await LoadUnknownAsync(db, items, cancellationToken);
        var now = time.GetUtcNow();
        var batch = new WriterBatch(_known, now);
        foreach (var item in items)
        {
            batch.Apply(item);
        }

        IReadOnlyList<EndedRun> ended = [];
        if (batch.Changed.Count > 0)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            if (await RunTables.StoreAsync(db, batch, nodes.IsAlone, now, cancellationToken) is not { } stored)
            {
                throw new StaleException(batch.Changed.Keys);
            }

            ended = stored;
            foreach (var run in ended)
            {
                db.Publish(new(run.Kind == RunKind.Terminal ? EventTypes.TerminalEnded : EventTypes.RunEnded, run.Id.ToString(), RunId: run.Id,
                    Data: new Dictionary<string, string?> { ["command"] = run.Summary, ["status"] = run.Status.ToText() }));
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var id in items.SelectMany(IdsOf))
        {
            // of devices that are elsewhere other nodes have the news
            if ((batch.Changed.GetValueOrDefault(id) ?? _known.GetValueOrDefault(id)) is not { } state || state.Status.IsEnd() || !devices.IsHere(state.DeviceId))
            {
                _known.TryRemove(id, out _);
            }
            else
            {
                _known[id] = state;
            }
        }

        foreach (var runId in batch.Runs)
        {
            changes.Signal(LiveChanges.Run(runId));
        }

        if (batch.Changed.Count > 0)
        {
            changes.Signal(LiveChanges.Runs);
        }

        await sends.SendAsync(batch.Answers.Select(a => (a.DeviceId, a.Acknowledgement)),
            static (agent, acknowledgement) => agent.AcknowledgeExecution(acknowledgement), cancellationToken);
        foreach (var item in items.OfType<EndItem>())
        {
            item.Done.TrySetResult();
        }

        if (ended.Any(r => r.Kind == RunKind.Terminal))
        {
            changes.SignalHere(LiveChanges.RecordedTerminals);
            changes.Signal(LiveChanges.Recordings);
            changes.Signal(LiveChanges.Terminals);
        }
    }

    private async Task LoadUnknownAsync(OperoneDb db, IReadOnlyList<WriterItem> items, CancellationToken cancellationToken)
    {
        foreach (var forget in items.OfType<ForgetItem>())
        {
            foreach (var id in forget.ExecutionIds)
            {
                _known.TryRemove(id, out _);
            }
        }

        var unknown = items.SelectMany(IdsOf).Where(id => !_known.ContainsKey(id)).Distinct().ToArray();
        foreach (var some in unknown.Chunk(500))
        {
            await foreach (var execution in db.Set<Execution>().Where(e => some.Contains(e.Id)).AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                _known[execution.Id] = ExecutionState.From(execution);
            }
        }
    }

    private static IEnumerable<Guid> IdsOf(WriterItem item) => item switch
    {
        ReportItem report => [report.Report.ExecutionId],
        EndItem end => end.ExecutionIds,
        StartingItem starting => starting.ExecutionIds,
        _ => [],
    };

    /// <summary>A device has (re)connected: what is stored of these counts, not what this node remembers.</summary>
    public ValueTask ForgetAsync(IReadOnlyList<Guid> executionIds, CancellationToken cancellationToken) =>
        executionIds.Count == 0 ? ValueTask.CompletedTask : _queue.AddAsync(new ForgetItem(executionIds), cancellationToken);

    /// <summary>Another node has written to these executions: what is stored counts.</summary>
    private sealed class StaleException(IEnumerable<Guid> executionIds) : Exception
    {
        public IReadOnlyList<Guid> ExecutionIds { get; } = [.. executionIds];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; {Items} items wait to be stored: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, int items, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "A batch of {Items} items could not be stored; trying them one by one")]
        public static partial void BatchFailed(ILogger logger, Exception exception, int items);

        [LoggerMessage(Level = LogLevel.Error, Message = "A {Item} could not be stored and was not acknowledged")]
        public static partial void ItemFailed(ILogger logger, Exception exception, string item);
    }
}
