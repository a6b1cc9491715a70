using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Alerts;

/// <summary>
/// Looks at how devices do, and takes alerts further. One node at a time does, the one that has the subscriber. What devices told last is in memory; the
/// database is read when rules, silences or alerts were changed by others, and every half minute.
/// </summary>
internal sealed partial class AlertEvaluator(
    IDbContextFactory<OperoneDb> databases, AlertRuleBook rules, AlertBook book, DeviceDirectory directory, DeviceLoads loads, LiveChanges changes,
    IOptions<AlertOptions> options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<AlertEvaluator> logger)
{
    private static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(30);

    /// <summary>Looks again and again, for as long as this node has the turn.</summary>
    public async Task RunAsync(CancellationToken whileHere)
    {
        await StartedAsync(whileHere);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(whileHere);
        using var subscription = changes.Subscribe(LiveChanges.AlertRules, LiveChanges.Sight);
        var watch = new AlertWatch(directory, time.GetUtcNow() + TimeSpan.FromSeconds(options.Value.GraceSeconds));
        var news = subscription.WaitAsync(end.Token).AsTask();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.LookMilliseconds), time);
        DateTimeOffset? readAt = null;
        try
        {
            do
            {
                if (news.IsCompletedSuccessfully)
                {
                    (readAt, news) = (null, subscription.WaitAsync(end.Token).AsTask());
                }

                readAt = await LookAsync(watch, readAt, whileHere);
            }
            while (await timer.WaitForNextTickAsync(whileHere));
        }
        finally
        {
            await end.CancelAsync();
            await news.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits until agents can connect: before that nobody can be back.</summary>
    private async Task StartedAsync(CancellationToken whileHere)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(whileHere);
    }

    /// <summary>Looks once. Gives when rules and alerts were read; null where they are to be read again.</summary>
    private async Task<DateTimeOffset?> LookAsync(AlertWatch watch, DateTimeOffset? readAt, CancellationToken cancellationToken)
    {
        try
        {
            var now = time.GetUtcNow();
            if (readAt is not { } at || now - at >= ReadEvery)
            {
                readAt = now;

                // alerts before rules: one that was raised by a rule that was made meanwhile is not of a rule that there is not
                var open = await OpenAsync(cancellationToken);
                watch.Take(await rules.ReadAsync(isOfEventsAlone: false, cancellationToken), await rules.SilencesAsync(cancellationToken), open);
            }

            await watch.NoteAwayAsync(ids => LastSeenAsync(ids, cancellationToken));
            var look = watch.Look(await loads.LatestAsync(watch.Measured, cancellationToken), now);
            if (look.Changes.Count == 0)
            {
                watch.Done(look, []);
                return readAt;
            }

            if (await book.StoreAsync(look.Changes, cancellationToken) is { } stored)
            {
                watch.Done(look, stored);
                return readAt;
            }

            // somebody else was at one of them
            return null;
        }
        catch (Exception exception) when (Problems.IsDatabaseAway(exception))
        {
            Log.DatabaseAway(logger, exception.GetBaseException().Message);
            return null;
        }
    }

    private async Task<IReadOnlyList<Alert>> OpenAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Alert>().Where(a => a.State != AlertState.Recovered).ToListAsync(cancellationToken);
    }

    /// <summary>When devices were last connected; those that never were, when they enrolled.</summary>
    private async Task<Dictionary<Guid, DateTimeOffset>> LastSeenAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        var seen = new Dictionary<Guid, DateTimeOffset>(ids.Count);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var some in ids.Chunk(500))
        {
            var found = await db.Set<Device>().Where(d => some.Contains(d.Id)).Select(d => new { d.Id, At = d.LastSeenAt ?? d.EnrolledAt }).ToListAsync(cancellationToken);
            foreach (var device in found)
            {
                seen[device.Id] = device.At;
            }
        }

        return seen;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Alerts are looked at again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
