using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Recordings;

/// <summary>
/// Has recordings read once their terminals have ended: at start those that were left, then as they end. What is to be done is in the
/// database, so that a crash costs nothing but time; what another node was to do and did not is done within <see cref="Period"/>.
/// </summary>
internal sealed partial class RecordingIndexService(
    RecordingIndexer indexer, LiveChanges changes, TimeProvider time, ILogger<RecordingIndexService> logger) : BackgroundService
{
    /// <summary>How often recordings are looked for that nobody told of.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private const int Batch = 20;

    private readonly HashSet<Guid> _failed = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.RecordedTerminals);
        try
        {
            while (true)
            {
                try
                {
                    await IndexAllAsync(stoppingToken);
                }
                catch (Exception e) when (Problems.IsDatabaseAway(e))
                {
                    Log.DatabaseAway(logger, e.GetBaseException().Message);
                }

                await WaitAsync(subscription, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task IndexAllAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await indexer.FindAsync(Batch + _failed.Count, cancellationToken);
            var todo = found.Where(id => !_failed.Contains(id)).ToArray();
            if (todo.Length == 0)
            {
                return;
            }

            foreach (var id in todo)
            {
                await IndexAsync(id, cancellationToken);
            }
        }
    }

    private async Task IndexAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            if (await indexer.IndexAsync(id, cancellationToken))
            {
                changes.Signal(LiveChanges.Recordings);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException && !Problems.IsDatabaseAway(e))
        {
            // One that cannot be read must not keep the others waiting; the next start tries it again.
            _failed.Add(id);
            Log.Failed(logger, e, id);
        }
    }

    private async Task WaitAsync(LiveChanges.Subscription subscription, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Period, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await subscription.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // long enough
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Recordings are read again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "The recording {Id} could not be read into lines")]
        public static partial void Failed(ILogger logger, Exception exception, Guid id);
    }
}
