using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Webhooks;

/// <summary>
/// Sends what is queued, on the node that runs the webhooks. Each webhook has a line of its own, so that a slow one holds up no other; in a
/// line some are sent at once, but of what is about one thing the next goes when the one before has ended.
/// </summary>
internal sealed partial class WebhookSender(
    IDbContextFactory<OperoneDb> databases, WebhookTransport transport, LiveChanges changes, TimeProvider time, ILogger<WebhookSender> logger)
{
    /// <summary>How often it is looked for what is due.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private const int AtOnce = 4;

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // webhooks whose line was at work when something of theirs was due: it may have looked before that came
    private readonly ConcurrentDictionary<Guid, bool> _again = new();

    /// <summary>There is something to send.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Sends until the node stops, or another has it: nothing else ends it.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "One turn that fails in a way nobody foresaw must not end the others; it is logged whole, and tried again.")]
    public async Task RunAsync(CancellationToken whileHere)
    {
        // Lines end with it, however much waits in them.
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(whileHere);
        var lines = new Dictionary<Guid, Task<bool>>();
        var held = new Dictionary<Guid, (DateTimeOffset Until, TimeSpan Pause)>();
        var pause = TimeSpan.Zero;
        using var told = changes.Subscribe(LiveChanges.Webhooks);
        try
        {
            while (!whileHere.IsCancellationRequested)
            {
                try
                {
                    await TurnAsync(lines, held, ends.Token);
                    await WaitAsync(told, whileHere);
                    pause = TimeSpan.Zero;
                }
                catch (OperationCanceledException) when (whileHere.IsCancellationRequested)
                {
                    break;
                }
                catch (Exception exception) when (Problems.IsDatabaseAway(exception))
                {
                    Log.DatabaseAway(logger, exception.GetBaseException().Message);
                    await Task.Delay(Period, time, whileHere).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                catch (Exception bug)
                {
                    pause = Longer(pause);
                    Log.Broke(logger, bug, pause.TotalSeconds);
                    await Task.Delay(pause, time, whileHere).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
        finally
        {
            await ends.CancelAsync();
            await ((Task)Task.WhenAll(lines.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes away the lines that have ended, and begins one for each webhook that has something due and none.</summary>
    private async Task TurnAsync(
        Dictionary<Guid, Task<bool>> lines, Dictionary<Guid, (DateTimeOffset Until, TimeSpan Pause)> held, CancellationToken cancellationToken)
    {
        foreach (var (id, line) in lines.Where(l => l.Value.IsCompleted).ToList())
        {
            lines.Remove(id);
            if (await line)
            {
                held.Remove(id);
                continue;
            }

            // What cannot be noted would be sent again and again.
            var pause = Longer(held.TryGetValue(id, out var before) ? before.Pause : TimeSpan.Zero);
            held[id] = (time.GetUtcNow() + pause, pause);
        }

        foreach (var id in await FindDueAsync(cancellationToken))
        {
            if (lines.TryGetValue(id, out var line))
            {
                _again[id] = true;
                if (line.IsCompleted)
                {
                    Wake();
                }
            }
            else if (!(held.TryGetValue(id, out var until) && until.Until > time.GetUtcNow()))
            {
                lines[id] = LineAsync(id, cancellationToken);
            }
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause == TimeSpan.Zero ? Period : pause * 2 < LongestPause ? pause * 2 : LongestPause;

    private async Task WaitAsync(LiveChanges.Subscription told, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var timer = time.CreateTimer(_ => Wake(), null, Period, Timeout.InfiniteTimeSpan);
        await Task.WhenAny(_wake.Reader.ReadAsync(done.Token).AsTask(), told.WaitAsync(done.Token).AsTask());
        await done.CancelAsync();
    }

    private async Task<List<Guid>> FindDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Webhook>()
            .Where(w => w.IsEnabled && db.Set<WebhookDelivery>().Any(d => d.WebhookId == w.Id && d.Status == DeliveryStatus.Pending && d.NextAt <= now))
            .Select(w => w.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Sends to one webhook what is due, until nothing is. False where what came of it could not be noted.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever ends a line, what is not noted is sent again.")]
    private async Task<bool> LineAsync(Guid id, CancellationToken cancellationToken)
    {
        var hasSent = false;
        try
        {
            while (await FindNextAsync(id, cancellationToken) is ({ } webhook, { Count: > 0 } next))
            {
                var outcomes = await Task.WhenAll(next.Select(async d => (Delivery: d, Outcome: await transport.SendAsync(webhook, d.Event, cancellationToken))));
                var isGone = await StoreAsync(webhook, outcomes, cancellationToken);
                hasSent = true;
                changes.Signal(LiveChanges.WebhookDeliveries);
                if (isGone)
                {
                    break;
                }
            }

            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Who has it next sends what is not noted.
            return true;
        }
        catch (Exception exception)
        {
            // It was removed meanwhile, or the database is away: what is not noted is sent again, after a pause.
            Log.NotNoted(logger, id, exception.GetBaseException().Message);
            return false;
        }
        finally
        {
            // What waits behind something else is not due: it is looked at with the next turn.
            if (_again.TryRemove(id, out _) || hasSent)
            {
                Wake();
            }
        }
    }

    private async Task<(Webhook? Webhook, List<WebhookDelivery> Next)> FindNextAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<Webhook>().SingleOrDefaultAsync(w => w.Id == id && w.IsEnabled, cancellationToken) is not { } webhook)
        {
            return (null, []);
        }

        // Of what is about one thing the first alone, however much waits behind it.
        var now = time.GetUtcNow();
        var pending = db.Set<WebhookDelivery>().Where(d => d.WebhookId == id && d.Status == DeliveryStatus.Pending);
        return (webhook, await pending.Where(d => d.NextAt <= now && !pending.Any(b => b.Key == d.Key && b.Position < d.Position))
            .OrderBy(d => d.Position).Take(AtOnce).ToListAsync(cancellationToken));
    }

    private async Task<bool> StoreAsync(Webhook webhook, (WebhookDelivery Delivery, WebhookOutcome Outcome)[] outcomes, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        foreach (var (delivery, outcome) in outcomes)
        {
            var (now, attempts) = (time.GetUtcNow(), delivery.Attempts + 1);
            db.Add(ToAttempt(delivery.Id, outcome));
            var pause = outcome.Problem is null || outcome.IsGone ? null : WebhookRetries.PauseAfter(attempts, outcome.RetryAfter, Random.Shared.NextDouble());
            var status = outcome.Problem is null ? DeliveryStatus.Delivered : pause is null ? DeliveryStatus.Dead : DeliveryStatus.Pending;
            DateTimeOffset? endedAt = status == DeliveryStatus.Pending ? null : now;
            await db.Set<WebhookDelivery>().Where(d => d.Id == delivery.Id && d.Status == DeliveryStatus.Pending).ExecuteUpdateAsync(
                set => set.SetProperty(d => d.Status, status).SetProperty(d => d.Attempts, attempts).SetProperty(d => d.Problem, ShortText.Cut(outcome.Problem, 1000))
                    .SetProperty(d => d.NextAt, now + (pause ?? TimeSpan.Zero)).SetProperty(d => d.EndedAt, endedAt), cancellationToken);
        }

        var isGone = outcomes.Any(o => o.Outcome.IsGone);
        if (isGone)
        {
            await TurnOffAsync(db, webhook, cancellationToken);
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (isGone)
        {
            // not before: whoever looks must see it
            changes.Signal(LiveChanges.Webhooks);
        }

        return isGone;
    }

    private async Task TurnOffAsync(OperoneDb db, Webhook webhook, CancellationToken cancellationToken)
    {
        const string Why = "The receiver answered 410 (Gone): it wants no more.";
        var now = time.GetUtcNow();
        Log.TurnedOff(logger, webhook.Name);
        await db.Set<Webhook>().Where(w => w.Id == webhook.Id).ExecuteUpdateAsync(
            set => set.SetProperty(w => w.IsEnabled, false).SetProperty(w => w.Problem, Why), cancellationToken);
        await db.Set<WebhookDelivery>().Where(d => d.WebhookId == webhook.Id && d.Status == DeliveryStatus.Pending).ExecuteUpdateAsync(
            set => set.SetProperty(d => d.Status, DeliveryStatus.Dead).SetProperty(d => d.Problem, Why).SetProperty(d => d.EndedAt, now), cancellationToken);
        db.Publish(new(EventTypes.WebhookTurnedOff, webhook.Name, Data: new Dictionary<string, string?> { ["webhookId"] = webhook.Id.ToString(), ["reason"] = Why }));
    }

    /// <summary>An attempt as it is stored.</summary>
    public static WebhookAttempt ToAttempt(Guid deliveryId, WebhookOutcome outcome) => new()
    {
        Id = Guid.CreateVersion7(outcome.At),
        DeliveryId = deliveryId,
        At = outcome.At,
        Milliseconds = (int)outcome.Took.TotalMilliseconds,
        StatusCode = outcome.Status,
        Problem = ShortText.Cut(outcome.Problem, 1000),
        Excerpt = outcome.Excerpt,
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What is due to webhooks is looked for again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Looking for what is due to webhooks broke; it is looked for again in {Seconds} s")]
        public static partial void Broke(ILogger logger, Exception exception, double seconds);

        [LoggerMessage(Level = LogLevel.Warning, Message = "What came of sending to the webhook {Id} is not noted, and it is sent again: {Problem}")]
        public static partial void NotNoted(ILogger logger, Guid id, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The webhook {Name} turned itself off: its receiver answered 410 (Gone)")]
        public static partial void TurnedOff(ILogger logger, string name);
    }
}
