using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Events.Subscribers;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Alerts;

/// <summary>
/// Raises the alerts of events and of jobs that failed. An alert knows the place of the last event that it has heard of: events that come again, as they do after a
/// node was killed, do nothing more. The node that runs it also has the watch over devices.
/// </summary>
internal sealed class AlertSubscriber(
    IDbContextFactory<OperoneDb> databases, AlertRuleBook rules, AlertBook book, AlertEvaluator evaluator, DeviceDirectory directory, JobSight jobs, LiveChanges changes,
    TimeProvider time) : IEventSubscriber
{
    private const int Tries = 5;

    /// <summary>The most open alerts of one rule; what comes on top of them is one alert more.</summary>
    private const int MostOpen = 1000;

    private const string Others = "*";

    /// <inheritdoc/>
    public string Name => "alerts";

    /// <inheritdoc/>
    public bool Wants(EventEntry happened) => !happened.Type.StartsWith("alert", StringComparison.Ordinal);

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken whileHere) => evaluator.RunAsync(whileHere);

    /// <inheritdoc/>
    public async Task HandleAsync(IReadOnlyList<EventEntry> events, CancellationToken cancellationToken)
    {
        // As they are now: one that was made a moment ago on another node counts.
        var watched = await rules.ReadAsync(isOfEventsAlone: true, cancellationToken);
        if (watched.Count == 0)
        {
            return;
        }

        var heard = await HeardAsync(watched, events, cancellationToken);
        for (var attempt = 1; heard.Count > 0; attempt++)
        {
            if (await StoreAsync(heard, cancellationToken) is { } stored)
            {
                if (stored > 0)
                {
                    // the watch tells them again, and after a silence
                    changes.Signal(LiveChanges.AlertRules);
                }

                return;
            }

            if (attempt == Tries)
            {
                throw new InvalidOperationException("Alerts are changed by others all the time; the events come again.");
            }
        }
    }

    /// <summary>What the events mean to the rules, in the order of the events.</summary>
    private async Task<List<Heard>> HeardAsync(IReadOnlyList<WatchedRule> watched, IReadOnlyList<EventEntry> events, CancellationToken cancellationToken)
    {
        var heard = new List<Heard>();
        foreach (var happened in events)
        {
            foreach (var rule in watched.Where(r => happened.At >= r.Rule.CreatedAt))
            {
                if (rule.Definition.Job is { } job)
                {
                    if (happened.Type == EventTypes.JobRunEnded && await OfJobAsync(rule, job, happened, cancellationToken) is { } ended)
                    {
                        heard.Add(ended);
                    }
                }
                else if (AlertRules.IsFor(rule.Definition, happened.Type) && IsMeant(rule, happened))
                {
                    var subject = (happened.DeviceId is { } id ? directory.Find(id)?.Name : null) ?? happened.Subject ?? happened.Type;
                    heard.Add(new(rule, happened, KeyOf(happened), subject, happened.DeviceId, AlertReading.Beyond, AlertTexts.Happened(happened.Type, subject)));
                }
            }
        }

        return heard;
    }

    private async Task<Heard?> OfJobAsync(WatchedRule rule, string job, EventEntry happened, CancellationToken cancellationToken)
    {
        var (name, text, status) = (Detail(happened, "job"), Detail(happened, "jobId"), Detail(happened, "status"));
        var isEnd = status == JobRunStatus.Failed.ToText() || status == JobRunStatus.TimedOut.ToText() || status == JobRunStatus.Succeeded.ToText();
        if (!isEnd || name is null || !Guid.TryParse(text, out var id)
            || (job != "*" && !string.Equals(job, name, StringComparison.OrdinalIgnoreCase) && !(Guid.TryParse(job, out var meant) && meant == id)))
        {
            return null;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Job>().SingleOrDefaultAsync(j => j.Id == id, cancellationToken) is { } known && jobs.Of(rule.Owner)(known) && rule.Owner.May(Permissions.AlertsManage)
            ? new(rule, happened, id.ToString(), name, null, status == JobRunStatus.Succeeded.ToText() ? AlertReading.Within : AlertReading.Beyond,
                AlertTexts.Failed(name, status, Detail(happened, "reason")))
            : null;
    }

    /// <summary>Whether the event is of a device that is meant, and the rule's owner may read it.</summary>
    private bool IsMeant(WatchedRule rule, EventEntry happened)
    {
        var labels = happened.DeviceId is { } id ? directory.Find(id)?.Labels : null;
        var selector = Core.Selector.Parse(rule.Definition.Selector).Value;
        return (selector.IsEverything || (labels is not null && selector.Matches(labels)))
            && (labels is null ? rule.Owner.MayEverywhere(Permissions.EventsRead) && rule.Owner.MayEverywhere(Permissions.AlertsManage)
                : rule.Owner.May(Permissions.EventsRead, labels) && rule.Owner.May(Permissions.AlertsManage, labels));
    }

    // each run would be another thing for ever: what is about one is about its job, or about all of its kind
    private static string KeyOf(EventEntry happened) => happened.DeviceId?.ToString() ?? Detail(happened, "jobId")
        ?? (happened.RunId is not null || Guid.TryParse(happened.Subject, out _) ? happened.Type : happened.Key);

    /// <summary>Stores them. Gives how many changed anything; null where somebody else changed the same.</summary>
    private async Task<int?> StoreAsync(List<Heard> heard, CancellationToken cancellationToken)
    {
        var (now, count) = (time.GetUtcNow(), 0);
        var many = await OpenAsync(cancellationToken);
        var known = await KnownAsync(heard, cancellationToken);
        var silences = await rules.SilencesAsync(cancellationToken);
        foreach (var happened in heard)
        {
            var isOnTop = many.GetValueOrDefault(happened.Rule.Rule.Id) >= MostOpen && !known.ContainsKey((happened.Rule.Rule.Id, happened.Key));
            var one = isOnTop ? happened with { Key = Others, Subject = "and more", DeviceId = null } : happened;
            var place = (one.Rule.Rule.Id, one.Key);
            var last = known.GetValueOrDefault(place);
            if (last?.LastPosition >= one.Event.Position)
            {
                continue;
            }

            var open = last is { State: not AlertState.Recovered } ? last : null;
            if (open is null && one.Reading != AlertReading.Beyond)
            {
                continue;
            }

            var isSilenced = AlertWatch.IsSilenced(silences, place.Id, one.DeviceId, directory, now);
            var step = one.Reading == AlertReading.Within
                ? AlertMachine.End(open!.Standing)
                : AlertMachine.Next(open?.Standing, new(AlertReading.Beyond, one.Event.At, (open?.Value ?? 0) + 1), one.Rule.Times, isSilenced, now);
            var row = open ?? New(one, now);
            row.LastPosition = one.Event.Position;

            // each is written before the next of the same subject is looked at: they follow from one another
            var stored = await book.StoreAsync(
                [new(row, open is null, step) { Rule = one.Rule.Rule, Text = one.Reading == AlertReading.Beyond ? one.Text : null }], cancellationToken);
            if (stored is null)
            {
                return null;
            }

            count++;
            many[place.Id] = many.GetValueOrDefault(place.Id) + (open is null ? 1 : 0);
            known[place] = stored[0];
        }

        return count;
    }

    private async Task<Dictionary<Guid, int>> OpenAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Alert>().Where(a => a.State != AlertState.Recovered && a.LastPosition != null).GroupBy(a => a.RuleId)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
    }

    /// <summary>The last alert of each rule and subject that is open, or has heard of these events already.</summary>
    private async Task<Dictionary<(Guid Rule, string Key), Alert>> KnownAsync(List<Heard> heard, CancellationToken cancellationToken)
    {
        var (keys, first) = (heard.Select(h => h.Key).Append(Others).Distinct().ToArray(), heard[0].Event.Position);
        var found = new Dictionary<(Guid, string), Alert>();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var some in keys.Chunk(500))
        {
            var alerts = await db.Set<Alert>().Where(a => some.Contains(a.SubjectKey) && (a.State != AlertState.Recovered || a.LastPosition >= first))
                .ToListAsync(cancellationToken);

            // the one that has heard most counts, and of those the one that is open
            foreach (var alert in alerts.OrderBy(a => a.LastPosition).ThenBy(a => a.State != AlertState.Recovered))
            {
                found[(alert.RuleId, alert.SubjectKey)] = alert;
            }
        }

        return found;
    }

    private static Alert New(Heard one, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        RuleId = one.Rule.Rule.Id,
        RuleName = one.Rule.Rule.Name,
        OwnerId = one.Rule.Rule.OwnerId,
        Severity = one.Rule.Definition.Severity,
        SubjectKey = one.Key,
        Subject = Core.ShortText.Shorten(one.Subject, EventEntry.MaxText),
        DeviceId = one.DeviceId,
        StoredAt = now,
    };

    private static string? Detail(EventEntry happened, string name) => happened.Data?.GetValueOrDefault(name);

    /// <summary>An event as a rule hears it.</summary>
    private sealed record Heard(WatchedRule Rule, EventEntry Event, string Key, string Subject, Guid? DeviceId, AlertReading Reading, string Text);
}
