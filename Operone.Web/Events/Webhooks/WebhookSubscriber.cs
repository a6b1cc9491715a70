using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Events.Subscribers;

namespace Operone.Web.Events.Webhooks;

/// <summary>What an event's data may say about which webhooks it is for.</summary>
internal static class WebhookNames
{
    /// <summary>The name of the one webhook that it is for, and for no other.</summary>
    public const string Called = "webhook";

    /// <summary>The names of webhooks, separated by commas, that it is for too, whatever they are filtered by.</summary>
    public const string Told = "notify";
}

/// <summary>
/// Takes events from the log and queues them for the webhooks that they are for. Whether one is sent is the sender's work, so that no
/// receiver holds up the reading. What is queued twice is there once.
/// </summary>
internal sealed class WebhookSubscriber(
    IDbContextFactory<OperoneDb> databases, IEventSight sight, WebhookSender sender, TimeProvider time) : IEventSubscriber
{
    private const string Insert = """
        INSERT INTO webhook_deliveries ("Id", "WebhookId", "EventId", "Position", "Key", "Type", "Subject", "Event", "Status", "Attempts", "CreatedAt", "NextAt")
        SELECT @id, "Id", @event, @position, @key, @type, @subject, @data, 0, 0, @now, @now FROM webhooks WHERE "Id" = @webhook
        ON CONFLICT ("WebhookId", "EventId") DO NOTHING
        """;

    private readonly OrderedIds _ids = new();

    /// <inheritdoc/>
    public string Name => "webhooks";

    /// <inheritdoc/>
    public bool Wants(EventEntry happened) => true;

    /// <inheritdoc/>
    public async Task HandleAsync(IReadOnlyList<EventEntry> events, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);

        // As they are now: one that was made a moment ago on another node counts.
        var webhooks = await db.Set<Webhook>().Where(w => w.IsEnabled).ToListAsync(cancellationToken);
        if (webhooks.Count == 0)
        {
            return;
        }

        var targets = webhooks.ConvertAll(w => (Webhook: w, Selector: Selector.Parse(w.Selector) is { IsError: false } read ? read.Value : null));
        var (sql, now, count) = (new SqlBatch(db), time.GetUtcNow(), 0);
        foreach (var happened in events)
        {
            string? data = null;
            foreach (var (webhook, selector) in targets)
            {
                if (happened.At < webhook.CreatedAt || !IsFor(webhook, selector, happened))
                {
                    continue;
                }

                data ??= JsonColumn.ToText(happened.ToView());
                count++;
                sql.Add(Insert, ("id", _ids.Next(now)), ("webhook", webhook.Id), ("event", happened.Id), ("position", happened.Position), ("key", happened.Key),
                    ("type", happened.Type), ("subject", happened.Subject), ("data", data), ("now", now));
            }
        }

        if (count > 0)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await sql.ExecuteAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            sender.Wake();
        }
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken whileHere) => sender.RunAsync(whileHere);

    private bool IsFor(Webhook webhook, Selector? selector, EventEntry happened)
    {
        if (happened.Type == EventTypes.JobRunCalled)
        {
            return Names(happened, WebhookNames.Called, webhook);
        }

        return (happened.Type is EventTypes.JobRunEnded or EventTypes.ApprovalRequested && Names(happened, WebhookNames.Told, webhook))
            || (WebhookLimits.Matches(webhook.Types, happened.Type) && IsOf(selector, happened));
    }

    private static bool Names(EventEntry happened, string key, Webhook webhook) =>
        happened.Data?.GetValueOrDefault(key)?.Split(',').Contains(webhook.Name, StringComparer.OrdinalIgnoreCase) == true;

    // One that cannot be read any more takes nothing.
    private bool IsOf(Selector? selector, EventEntry happened) => selector is not null
        && (selector.IsEverything || (happened.DeviceId is { } device && sight.LabelsOf(device) is { } labels && selector.Matches(labels)));
}
