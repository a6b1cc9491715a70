using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Subscribers;

/// <summary>
/// The end of the log in memory, for all subscribers of this node: what happens is read once, not once by each. Who is far behind reads
/// from the database.
/// </summary>
internal sealed partial class EventTail(
    IDbContextFactory<OperoneDb> databases, LiveChanges changes, TimeProvider time, ILogger<EventTail> logger) : BackgroundService
{
    /// <summary>How often it is looked without being told.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>How many events are kept at least.</summary>
    private const int Keep = 4096;
    private const int MaxRead = 2000;

    private readonly Lock _lock = new();
    private readonly List<EventEntry> _events = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _from;
    private long _to = -1;

    /// <summary>The events behind a place, in their order, at most so many; none where it is the last.</summary>
    public async ValueTask<IReadOnlyList<EventEntry>> ReadAsync(long after, int most, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (after >= _from && _to >= 0)
            {
                var first = _events.FindIndexOf(after);
                return _events.GetRange(first, Math.Min(most, _events.Count - first));
            }
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<EventEntry>().Where(e => e.Position > after).OrderBy(e => e.Position).Take(most).ToListAsync(cancellationToken);
    }

    /// <summary>Waits until there is something behind a place.</summary>
    public async ValueTask WaitAsync(long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_to > after)
                {
                    return;
                }

                more = _more.Task;
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.Events);
        try
        {
            while (true)
            {
                try
                {
                    while (await ReadMoreAsync(stoppingToken))
                    {
                        // there is more
                    }
                }
                catch (Exception exception) when (Problems.IsDatabaseAway(exception))
                {
                    Log.DatabaseAway(logger, exception.GetBaseException().Message);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    Log.Failed(logger, exception);
                }

                await using var timer = time.CreateTimer(_ => subscription.Signal(), null, Period, Timeout.InfiniteTimeSpan);
                await subscription.WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (_to < 0)
        {
            var head = await db.Set<EventHead>().Select(h => h.Position).SingleAsync(cancellationToken);
            lock (_lock)
            {
                (_from, _to) = (head, head);
            }

            return true;
        }

        var found = await db.Set<EventEntry>().Where(e => e.Position > _to).OrderBy(e => e.Position).Take(MaxRead).ToListAsync(cancellationToken);
        if (found.Count == 0)
        {
            return false;
        }

        TaskCompletionSource told;
        lock (_lock)
        {
            _events.AddRange(found);
            _to = found[^1].Position!.Value;
            if (_events.Count > 2 * Keep)
            {
                var over = _events.Count - Keep;
                _from = _events[over - 1].Position!.Value;
                _events.RemoveRange(0, over);
            }

            (told, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        told.SetResult();
        return found.Count == MaxRead;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Events could not be read; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Events are read again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}

/// <summary>Finds places in a list that is in their order.</summary>
internal static class EventPlaces
{
    /// <summary>The index of the first event behind a place.</summary>
    public static int FindIndexOf(this List<EventEntry> events, long after)
    {
        var (low, high) = (0, events.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = events[middle].Position <= after ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
