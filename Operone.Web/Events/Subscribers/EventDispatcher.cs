using System.Diagnostics.CodeAnalysis;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Subscribers;

/// <summary>
/// Runs the subscribers that this node has, each for itself: a slow one holds up no other. Which node runs which is settled by leases in
/// the database.
/// </summary>
internal sealed partial class EventDispatcher(
    IEnumerable<IEventSubscriber> subscribers, EventTail tail, EventCursors cursors, EventSequencer sequencer, TimeProvider time,
    ILogger<EventDispatcher> logger) : BackgroundService
{
    /// <summary>How often it is said which subscribers are here.</summary>
    public static readonly TimeSpan Renew = TimeSpan.FromSeconds(4);

    private const int MaxBatch = 500;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    // A place that has moved past nothing but what the subscriber does not want is stored that seldom.
    private static readonly TimeSpan IdleMove = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, IEventSubscriber> _subscribers = subscribers.ToDictionary(s => s.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_subscribers.Count == 0)
        {
            return;
        }

        var (isPrepared, isStart) = (false, true);
        var heard = time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!isPrepared)
                {
                    // What happened before there was such a subscriber is not for it.
                    await sequencer.NumberAllAsync(stoppingToken);
                    await cursors.PrepareAsync(_subscribers.Keys, stoppingToken);
                    isPrepared = true;
                }

                var began = time.GetTimestamp();
                await SettleAsync(await cursors.ClaimAsync(_subscribers.Keys, isStart, stoppingToken), stoppingToken);
                (heard, isStart) = (began, false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                if (Problems.IsDatabaseAway(exception))
                {
                    Log.DatabaseAway(logger, exception.GetBaseException().Message);
                }
                else
                {
                    Log.NotLookedAfter(logger, exception);
                }

                if (time.GetElapsedTime(heard) > EventCursors.Lease)
                {
                    // Others may have them by now.
                    await SettleAsync(new Dictionary<string, long>(), stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(Renew, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await SettleAsync(new Dictionary<string, long>(), stoppingToken);
        try
        {
            await cursors.ReleaseAsync(CancellationToken.None);
        }
        catch (Exception exception) when (Problems.IsDatabaseAway(exception))
        {
            // They are free when the lease ends.
            Log.DatabaseAway(logger, exception.GetBaseException().Message);
        }
    }

    /// <summary>Begins those that are new here, and ends those that are elsewhere.</summary>
    private async Task SettleAsync(IReadOnlyDictionary<string, long> here, CancellationToken stopping)
    {
        foreach (var (name, running) in _running.Where(r => !here.ContainsKey(r.Key) || r.Value.Work.IsCompleted).ToList())
        {
            _running.Remove(name);
            if (!stopping.IsCancellationRequested && !here.ContainsKey(name))
            {
                Log.Lost(logger, name);
            }

            await running.EndAsync();
        }

        foreach (var (name, position) in here)
        {
            if (_subscribers.TryGetValue(name, out var subscriber) && !_running.ContainsKey(name))
            {
                var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                _running[name] = new(end, BothAsync(subscriber, position, end));
            }
        }
    }

    /// <summary>Gives it events, and what it does besides; that ends with it, so that it is seen to be over.</summary>
    private async Task BothAsync(IEventSubscriber subscriber, long position, CancellationTokenSource end)
    {
        var besides = BesidesAsync(subscriber, end.Token);
        try
        {
            await FollowAsync(subscriber, position, end.Token);
        }
        finally
        {
            await end.CancelAsync();
            await besides;
        }
    }

    /// <summary>Gives it event after event, until the node stops or another has it.</summary>
    private async Task FollowAsync(IEventSubscriber subscriber, long position, CancellationToken cancellationToken)
    {
        var (stored, movedAt) = (position, time.GetTimestamp());
        try
        {
            while (true)
            {
                var batch = await PatientlyAsync(subscriber, async () => await tail.ReadAsync(position, MaxBatch, cancellationToken), cancellationToken);
                if (batch.Count == 0)
                {
                    await tail.WaitAsync(position, cancellationToken);
                    continue;
                }

                var wanted = await PatientlyAsync(subscriber, () => Task.FromResult(batch.Where(subscriber.Wants).ToList()), cancellationToken);
                if (wanted.Count > 0)
                {
                    await PatientlyAsync(subscriber, async () =>
                    {
                        await subscriber.HandleAsync(wanted, cancellationToken);
                        return true;
                    }, cancellationToken);
                }

                position = batch[^1].Position!.Value;

                // what was taken is not taken again, also where the node stops just now
                if (wanted.Count > 0 || time.GetElapsedTime(movedAt) > IdleMove)
                {
                    if (!await PatientlyAsync(subscriber, () => cursors.MoveAsync(subscriber.Name, position, CancellationToken.None), cancellationToken))
                    {
                        // The next look at the leases says who has it.
                        return;
                    }

                    (stored, movedAt) = (position, time.GetTimestamp());
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Log.Left(logger, subscriber.Name, position, position - stored);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a subscriber throws, what it was given comes again.")]
    private async Task BesidesAsync(IEventSubscriber subscriber, CancellationToken cancellationToken)
    {
        for (var pause = TimeSpan.FromSeconds(1); ; pause = Longer(pause))
        {
            try
            {
                await subscriber.RunAsync(cancellationToken);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.Failed(logger, exception, subscriber.Name, pause.TotalSeconds);
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a subscriber throws, what it was given comes again.")]
    private async Task<T> PatientlyAsync<T>(IEventSubscriber subscriber, Func<Task<T>> act, CancellationToken cancellationToken)
    {
        for (var pause = TimeSpan.FromSeconds(1); ; pause = Longer(pause))
        {
            try
            {
                return await act();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception exception)
            {
                Log.Failed(logger, exception, subscriber.Name, pause.TotalSeconds);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    private sealed record Running(CancellationTokenSource End, Task Work)
    {
        public async Task EndAsync()
        {
            await End.CancelAsync();
            await Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            End.Dispose();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The subscriber {Name} failed; the same events come again in {Seconds} s")]
        public static partial void Failed(ILogger logger, Exception exception, string name, double seconds);

        [LoggerMessage(Level = LogLevel.Error, Message = "Subscribers could not be looked after; it is tried again in a moment")]
        public static partial void NotLookedAfter(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "Another node runs the subscriber {Name} now")]
        public static partial void Lost(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The subscriber {Name} is left at {Position}, {Unstored} of them not stored")]
        public static partial void Left(ILogger logger, string name, long position, long unstored);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Subscribers are looked after again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
