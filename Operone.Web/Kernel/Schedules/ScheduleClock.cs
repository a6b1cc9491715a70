using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Kernel.Schedules;

/// <summary>
/// Fires schedules when they are due. What is due is taken from the table, with what comes next written in the same transaction, so that of
/// several nodes one takes each, and nothing is lost where one dies: what it had taken another carries out.
/// </summary>
internal sealed partial class ScheduleClock(
    IDbContextFactory<OperoneDb> databases, ScheduleStarts starts, LiveChanges changes, INodeBus nodes, TimeProvider time, ILogger<ScheduleClock> logger) : BackgroundService
{
    /// <summary>How long a node has for what it took; after that another does it.</summary>
    public static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);

    private const int Most = 200;
    private const int Workers = 8;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WaitForRoom = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PassBy = TimeSpan.FromMinutes(5);

    // schedules that this node cannot tell the times of, and until when it leaves them to others; FollowAsync alone uses it
    private readonly Dictionary<Guid, DateTimeOffset> _passedBy = [];

    // FollowAsync alone writes it, and no more than there is room for: what is due is taken whatever the workers are at.
    private readonly Channel<Firing> _taken = Channel.CreateBounded<Firing>(Most);

    /// <summary>How many more of those that wait in the table are taken; the rest of the room is for what is due.</summary>
    private int RoomForLeft => (Most / 2) - _taken.Reader.Count;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        [FollowAsync(stoppingToken), .. Enumerable.Range(0, Workers).Select(_ => WorkAsync(stoppingToken))]);

    /// <summary>Fires a schedule besides its times, once for each key.</summary>
    /// <param name="scheduleId">Which.</param>
    /// <param name="cause">Why, for people.</param>
    /// <param name="key">What for: the same again does nothing more.</param>
    /// <param name="with">With which parameters, or on which device alone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<FiringView>> FireAsync(Guid scheduleId, string cause, string key, FiringWith? with, CancellationToken cancellationToken)
    {
        Firing firing;
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            firing = New(scheduleId, key, time.GetUtcNow(), cause, with);
            db.Add(firing);
            try
            {
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException exception) when (exception.IsDuplicate())
            {
                return (await db.Set<Firing>().AsNoTracking().SingleAsync(f => f.ScheduleId == scheduleId && f.Key == key, cancellationToken)).ToView();
            }
        }

        return (await starts.CarryOutAsync(firing, cancellationToken)).ToView();
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        using var subscription = changes.Subscribe(LiveChanges.Schedules);
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                try
                {
                    if (await TakeDueAsync(stopping) + await TakeLeftAsync(stopping) == 0)
                    {
                        await WaitAsync(subscription, stopping);
                    }
                }
                catch (OperationCanceledException) when (stopping.IsCancellationRequested)
                {
                    break;
                }
                catch (Exception exception) when (Problems.IsDatabaseAway(exception))
                {
                    Log.DatabaseAway(logger, exception.GetBaseException().Message);
                    await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
#pragma warning disable CA1031 // nobody else would look at the clock any more; it is logged whole, and looked at again
                catch (Exception bug)
#pragma warning restore CA1031
                {
                    Log.NotFollowed(logger, bug);
                    await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
        finally
        {
            _taken.Writer.Complete();
        }
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        // What is left in the channel when the node stops another takes up.
        while (!stopping.IsCancellationRequested && await _taken.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (!stopping.IsCancellationRequested && _taken.Reader.TryRead(out var firing))
            {
                try
                {
                    await starts.CarryOutAsync(firing, stopping);
                }
                catch (OperationCanceledException) when (stopping.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception exception) when (Problems.IsDatabaseAway(exception))
                {
                    Log.NotCarriedOut(logger, firing.ScheduleId, exception.GetBaseException().Message);
                }
#pragma warning disable CA1031 // one firing that fails in a way nobody foresaw must not end the others; it is logged whole, and tried again
                catch (Exception bug)
#pragma warning restore CA1031
                {
                    Log.Broke(logger, bug, firing.ScheduleId);
                }
            }
        }
    }

    /// <summary>Waits until something is due, a schedule was changed, or it is time to look again.</summary>
    private async Task WaitAsync(LiveChanges.Subscription subscription, CancellationToken stopping)
    {
        await using var db = await databases.CreateDbContextAsync(stopping);
        var passedBy = PassedBy(time.GetUtcNow());
        var next = await db.Set<Schedule>().Where(s => s.IsEnabled && s.DueAt != null && !EF.Parameter(passedBy).Contains(s.Id)).OrderBy(s => s.DueAt).Select(s => s.DueAt).FirstOrDefaultAsync(stopping);
        var isFull = RoomForLeft <= 0;
        var left = isFull ? time.GetUtcNow() + WaitForRoom
            : await db.Set<Firing>().Where(f => f.FiredAt == null).OrderBy(f => f.ClaimedUntil).Select(f => (DateTimeOffset?)f.ClaimedUntil).FirstOrDefaultAsync(stopping);
        next = left < (next ?? DateTimeOffset.MaxValue) ? left : next;
        var wait = next is { } due && due - time.GetUtcNow() < LongestWait ? due - time.GetUtcNow() : LongestWait;
        if (wait <= TimeSpan.Zero)
        {
            // it has come since, or another node is just at it
            wait = ShortestWait;
        }

        using var patience = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            await subscription.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // it is time
        }
    }

    /// <summary>Takes what is due, and says what comes next. It gives of how many schedules something was.</summary>
    private async Task<int> TakeDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var due = await DueAsync(db, now, cancellationToken);
        if (due.Count == 0)
        {
            return 0;
        }

        var fired = new List<IReadOnlyList<Firing>>();
        foreach (var schedule in due)
        {
            fired.Add(await FireAsync(db, schedule, now, cancellationToken));
        }

        // the first of each, then the second of each: what has much to make up for does not come before the others
        var firings = fired.SelectMany(f => f.Select((firing, turn) => (Turn: turn, Firing: firing))).OrderBy(f => f.Turn).Select(f => f.Firing).ToList();

        // A clock that was set back brings times that have been: each is carried out once.
        var (ids, keys) = (due.Select(s => s.Id).ToArray(), firings.Select(f => f.Key).Distinct().ToArray());
        var known = (await db.Set<Firing>().Where(f => EF.Parameter(ids).Contains(f.ScheduleId) && EF.Parameter(keys).Contains(f.Key)).Select(f => new { f.ScheduleId, f.Key })
            .ToListAsync(cancellationToken)).Select(k => (k.ScheduleId, k.Key)).ToHashSet();
        firings.RemoveAll(f => known.Contains((f.ScheduleId, f.Key)));

        // what there is no room for waits in the table, and keeps no other schedule from its time
        var room = Most - _taken.Reader.Count;
        foreach (var (firing, place) in firings.Skip(room).Select((f, i) => (f, i)))
        {
            firing.ClaimedUntil = now.AddMilliseconds(place); // in this order
        }

        db.AddRange(firings);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var firing in firings.Take(room))
        {
            _taken.Writer.TryWrite(firing);
        }

        return due.Count;
    }

    /// <summary>What a schedule fires now. One of which that cannot be told is turned off and says why: it must not hold up the others.</summary>
    private async Task<IReadOnlyList<Firing>> FireAsync(OperoneDb db, Schedule schedule, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Result<IReadOnlyList<Firing>> fired;
        try
        {
            fired = Fire(schedule, now);
        }
#pragma warning disable CA1031 // one schedule that fails in a way nobody foresaw must not end the others; it is logged whole
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.NotTold(logger, bug, schedule.Name);
            PassByFor(db, schedule, bug.Message, now);
            return [];
        }

        if (!fired.IsError)
        {
            return fired.Value;
        }

        if (!nodes.IsAlone)
        {
            // another node may know the time zone
            PassByFor(db, schedule, fired.Error!.Detail, now);
            return [];
        }

        schedule.TurnOff($"turned off, for when it fires cannot be told: {fired.Error!.Detail}", now);
        Log.TurnedOff(logger, schedule.Name, fired.Error.Detail);
        await Firing.DropAsync(db, schedule.Id, cancellationToken);
        Tell(db, schedule);
        return [];
    }

    /// <summary>Leaves a schedule as it is for a while: the next look, or another node, may know better. It is told once.</summary>
    private void PassByFor(OperoneDb db, Schedule schedule, string problem, DateTimeOffset now)
    {
        _passedBy[schedule.Id] = now + PassBy;
        Log.PassedBy(logger, schedule.Name, problem);
        var outcome = ShortText.Shorten($"when it fires cannot be told on a server; it is tried again: {problem}", Firing.MaxProblem);
        if (schedule.LastOutcome != outcome)
        {
            schedule.LastOutcome = outcome;
            Tell(db, schedule);
        }
    }

    private static void Tell(OperoneDb db, Schedule schedule) =>
        db.Publish(new(EventTypes.ScheduleFailed, schedule.Name, Actor: schedule.OwnerName, Data: new Dictionary<string, string?>
        {
            ["scheduleId"] = schedule.Id.ToString(),
            ["problem"] = schedule.LastOutcome,
        }));

    private Guid[] PassedBy(DateTimeOffset now)
    {
        foreach (var id in _passedBy.Where(p => p.Value <= now).Select(p => p.Key).ToArray())
        {
            _passedBy.Remove(id);
        }

        return [.. _passedBy.Keys];
    }

    private Task<List<Schedule>> DueAsync(OperoneDb db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var passedBy = PassedBy(now);
        return db is SqliteDb
            ? db.Set<Schedule>().AsTracking().Where(s => s.IsEnabled && s.DueAt <= now && !EF.Parameter(passedBy).Contains(s.Id)).OrderBy(s => s.DueAt).Take(Most).ToListAsync(cancellationToken)
            : db.Set<Schedule>().FromSql($"""
                SELECT * FROM schedules WHERE "IsEnabled" AND "DueAt" <= {now} AND NOT ("Id" = ANY({passedBy})) ORDER BY "DueAt" LIMIT {Most} FOR UPDATE SKIP LOCKED
                """).AsTracking().ToListAsync(cancellationToken);
    }

    private Result<IReadOnlyList<Firing>> Fire(Schedule schedule, DateTimeOffset now)
    {
        if (schedule.NextAt is not { } first)
        {
            // the pause of a trigger is over, and something had happened in it
            var at = schedule.DueAt!.Value;
            schedule.DueAt = null;
            return new[] { New(schedule.Id, $"pause:{at.UtcTicks}", at, ScheduledJob.Describe(schedule.Definition), null) };
        }

        if (schedule.Times is { IsError: true } unread)
        {
            return unread.Error!;
        }

        // late by its jitter is not late
        var times = schedule.Times.Value;
        var due = Occurrences.Due(times, first, now, schedule.Definition.Missed, schedule.Jitter, schedule.Id);
        schedule.Await(times, due.Next);
        if (due.Skipped > 0)
        {
            schedule.LastOutcome = $"{due.Skipped} missed {(due.Skipped == 1 ? "time was" : "times were")} left out";
            Log.Missed(logger, schedule.Name, due.Skipped);
        }

        return due.Fire.Select(at => New(schedule.Id, $"at:{at.UtcTicks}", at, $"schedule {schedule.Name}", null)).ToArray();
    }

    /// <summary>Takes what waits in the table: what a node had taken that is gone, what there was no room for, what waited for a window. It gives how many.</summary>
    private async Task<int> TakeLeftAsync(CancellationToken cancellationToken)
    {
        var (now, room, taken) = (time.GetUtcNow(), RoomForLeft, 0);
        if (room <= 0)
        {
            return 0;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var left = await db.Set<Firing>().Where(f => f.FiredAt == null && f.ClaimedUntil <= now).OrderBy(f => f.ClaimedUntil).ThenBy(f => f.At).Take(room).ToListAsync(cancellationToken);
        foreach (var firing in left)
        {
            if (await db.Set<Firing>().Where(f => f.Id == firing.Id && f.FiredAt == null && f.ClaimedUntil == firing.ClaimedUntil)
                .ExecuteUpdateAsync(f => f.SetProperty(x => x.ClaimedUntil, now + Claim), cancellationToken) > 0)
            {
                _taken.Writer.TryWrite(firing);
                taken++;
            }
        }

        return taken;
    }

    private Firing New(Guid scheduleId, string key, DateTimeOffset at, string cause, FiringWith? with)
    {
        var now = time.GetUtcNow();
        return new Firing
        {
            Id = Guid.CreateVersion7(now),
            ScheduleId = scheduleId,
            Key = key,
            At = at,
            Cause = ShortText.Shorten(cause, 200),
            DeviceId = with?.DeviceId,
            Parameters = with?.Parameters,
            JobRunId = Guid.CreateVersion7(now),
            ClaimedUntil = now + Claim,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The schedule {Schedule} missed {Count} of its times, which are left out")]
        public static partial void Missed(ILogger logger, string schedule, long count);

        [LoggerMessage(Level = LogLevel.Error, Message = "The schedule {Schedule} was turned off, for when it fires cannot be told: {Problem}")]
        public static partial void TurnedOff(ILogger logger, string schedule, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "The schedule {Schedule} is passed by for some minutes, for when it fires cannot be told: {Problem}")]
        public static partial void PassedBy(ILogger logger, string schedule, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "When the schedule {Schedule} fires cannot be told")]
        public static partial void NotTold(ILogger logger, Exception exception, string schedule);

        [LoggerMessage(Level = LogLevel.Error, Message = "Schedules could not be looked at; they are again in a moment")]
        public static partial void NotFollowed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Schedules are looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "What the schedule {Id} starts is started in a moment; the database is away: {Problem}")]
        public static partial void NotCarriedOut(ILogger logger, Guid id, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "What the schedule {Id} starts could not be started; it is tried again")]
        public static partial void Broke(ILogger logger, Exception exception, Guid id);
    }
}

/// <summary>What one firing of a schedule has that others do not.</summary>
/// <param name="DeviceId">On that device alone.</param>
/// <param name="Parameters">Parameters besides the schedule's; these win.</param>
internal sealed record FiringWith(Guid? DeviceId = null, IReadOnlyDictionary<string, string>? Parameters = null);
