using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Hosting;

namespace Operone.Web.Data;

/// <summary>
/// Takes items on a bounded queue and stores them in batches, one transaction each. While the database is away it tries
/// again with growing pauses and the queue fills up; a full queue makes the caller wait. What is queued is stored
/// before the node stops.
/// </summary>
/// <param name="databases">Where to store.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where to say what could not be stored.</param>
/// <param name="capacity">How many items may wait.</param>
/// <param name="gather">How long to wait for more after the first item, so that a busy node makes few transactions.</param>
internal abstract partial class BatchedWriter<T>(
    IDbContextFactory<OperoneDb> databases, TimeProvider time, ILogger logger, int capacity, TimeSpan gather) : BackgroundService
{
    private const int MaxBatch = 1000;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Channel<T> _queue = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true });
    private readonly CancellationTokenSource _stopNow = new();
    private int _unstored;

    /// <summary>How many items wait to be stored.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Stores a batch in one transaction.</summary>
    protected abstract Task StoreAsync(OperoneDb db, IReadOnlyList<T> batch, CancellationToken cancellationToken);

    /// <summary>After a batch was stored: tell who looks.</summary>
    protected virtual void Stored(IReadOnlyList<T> batch)
    {
    }

    /// <summary>Queues an item; waits where the queue is full.</summary>
    protected async ValueTask QueueAsync(T item, CancellationToken cancellationToken)
    {
        while (!_queue.Writer.TryWrite(item))
        {
            if (!await _queue.Writer.WaitToWriteAsync(cancellationToken))
            {
                Log.QueuedTooLate(logger, GetType().Name);
                return;
            }
        }
    }

    /// <summary>Queues an item unless the queue is full: for what may be lost.</summary>
    protected bool TryQueue(T item) => _queue.Writer.TryWrite(item);

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await using (cancellationToken.Register(() => _stopNow.Cancel()))
        {
            await (ExecuteTask ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_unstored + Waiting is > 0 and var lost)
        {
            Log.StoppedTooSoon(logger, GetType().Name, lost);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stopNow.Dispose();
        base.Dispose();
    }

    // The stopping token is not looked at: what is queued is stored first, until the host's patience ends.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<T>();
        while (await _queue.Reader.WaitToReadAsync(_stopNow.Token))
        {
            if (gather > TimeSpan.Zero && !_queue.Reader.Completion.IsCompleted && _queue.Reader.Count < MaxBatch)
            {
                await Task.Delay(gather, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var item))
            {
                batch.Add(item);
            }

            _unstored = batch.Count;
            await StoreWithPatienceAsync(batch, _stopNow.Token);
            _unstored = 0;
            batch.Clear();
        }
    }

    private async Task StoreWithPatienceAsync(List<T> batch, CancellationToken cancellationToken)
    {
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await StoreOnceAsync(batch, cancellationToken);
                Stored(batch);
                return;
            }
            catch (Exception exception) when (Problems.IsDatabaseAway(exception))
            {
                Log.DatabaseAway(logger, GetType().Name, batch.Count, Waiting, pause.TotalSeconds, exception.Message);
                await Task.Delay(pause, time, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException && batch.Count > 1)
            {
                // One bad item must not take the others with it.
                Log.BatchFailed(logger, exception, GetType().Name, batch.Count);
                foreach (var item in batch)
                {
                    await StoreWithPatienceAsync([item], cancellationToken);
                }

                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                Log.ItemLost(logger, exception, GetType().Name, batch[0]?.ToString());
                return;
            }
        }
    }

    private async Task StoreOnceAsync(List<T> batch, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await StoreAsync(db, batch, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Writer}: came after the end and is not stored")]
        public static partial void QueuedTooLate(ILogger logger, string writer);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Writer}: the node stops while the database is away; {Count} items are lost")]
        public static partial void StoppedTooSoon(ILogger logger, string writer, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Writer}: the database is away; {Count} items and {Waiting} more wait, next try in {Seconds} s: {Reason}")]
        public static partial void DatabaseAway(ILogger logger, string writer, int count, int waiting, double seconds, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Writer}: a batch of {Count} failed; its items are stored one by one")]
        public static partial void BatchFailed(ILogger logger, Exception exception, string writer, int count);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Writer}: lost {Item}")]
        public static partial void ItemLost(ILogger logger, Exception exception, string writer, string? item);
    }
}
