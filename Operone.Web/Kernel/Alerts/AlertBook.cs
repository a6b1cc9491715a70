using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Alerts;

/// <summary>What becomes of an alert.</summary>
/// <param name="Row">The alert as it was read; one that is new is not stored yet.</param>
/// <param name="IsNew">Whether it is new.</param>
/// <param name="Step">What comes next.</param>
internal sealed record AlertChange(Alert Row, bool IsNew, AlertStep Step)
{
    /// <summary>What is the matter now; null where it stays.</summary>
    public string? Text { get; init; }
    /// <summary>Why it is over.</summary>
    public string? Reason { get; init; }
    /// <summary>The rule as it is now; null where it is gone.</summary>
    public AlertRule? Rule { get; init; }
}

/// <summary>
/// Writes what becomes of alerts, each with the event that tells of it in the same transaction. One open alert for a rule and its subject, and the number of
/// each change, see to it that two who are at it at once tell it once.
/// </summary>
internal sealed class AlertBook(IDbContextFactory<OperoneDb> databases, LiveChanges changes, TimeProvider time)
{
    private const int Most = 200;

    /// <summary>Writes them. Gives the alerts as they are now; null where one was changed by somebody else meanwhile: read them again then.</summary>
    public async Task<IReadOnlyList<Alert>?> StoreAsync(IReadOnlyList<AlertChange> all, CancellationToken cancellationToken)
    {
        var stored = new List<Alert>(all.Count);
        foreach (var some in all.Chunk(Most))
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (!await PutAsync(db, some, stored, cancellationToken))
            {
                return null;
            }
        }

        if (all.Any(c => c.Step.News != AlertNews.None || c.IsNew || c.Step.Standing?.State != c.Row.State || c.Step.Standing.IsBlind != c.Row.IsBlind))
        {
            changes.Signal(LiveChanges.Alerts);
        }

        return stored;
    }

    /// <summary>The event that tells of an alert.</summary>
    public static OperoneEvent ToEvent(string type, Alert alert, string? actor = null, string? repeat = null) => new(
        type, alert.Subject, alert.DeviceId, Actor: actor, Data: new Dictionary<string, string?>
        {
            ["alertId"] = alert.Id.ToString(),
            ["ruleId"] = alert.RuleId.ToString(),
            ["rule"] = alert.RuleName,
            ["severity"] = alert.Severity.ToString().ToLowerInvariant(),
            ["text"] = type == EventTypes.AlertRecovered ? AlertTexts.Over(alert.Text) : alert.Text,
            ["value"] = alert.Value?.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture),
            ["since"] = alert.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ["repeat"] = repeat,
            ["reason"] = alert.Reason,
        });

    private async Task<bool> PutAsync(OperoneDb db, AlertChange[] some, List<Alert> stored, CancellationToken cancellationToken)
    {
        var ids = some.Where(c => !c.IsNew).Select(c => c.Row.Id).ToArray();
        var known = ids.Length == 0 ? [] : await db.Set<Alert>().AsTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.Id, cancellationToken);
        var now = time.GetUtcNow();
        var kept = new List<Alert>();
        foreach (var change in some)
        {
            var row = change.IsNew ? Copy(change.Row) : known.GetValueOrDefault(change.Row.Id);
            if (row is null || row.Version != change.Row.Version)
            {
                return false;
            }

            if (change.Step.Standing is not { } standing)
            {
                db.Remove(row);
                continue;
            }

            row.Take(standing, now);
            row.Text = ShortText.Shorten(change.Text, Alert.MaxText) ?? row.Text;
            row.Reason = ShortText.Shorten(change.Reason, Alert.MaxText);
            row.LastPosition = change.Row.LastPosition;
            if (change.Rule is { } rule)
            {
                (row.RuleName, row.OwnerId, row.Severity) = (rule.Name, rule.OwnerId, rule.Definition.Severity);
            }

            if (change.IsNew)
            {
                db.Add(row);
            }

            if (change.Step.News != AlertNews.None)
            {
                db.Publish(ToEvent(change.Step.News == AlertNews.Recovered ? EventTypes.AlertRecovered : EventTypes.AlertRaised, row,
                    repeat: change.Step.News == AlertNews.Repeated ? row.Repeats.ToString(System.Globalization.CultureInfo.InvariantCulture) : null));
            }

            kept.Add(row);
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return false;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return false;
        }

        stored.AddRange(kept);
        return true;
    }

    // what is tried again begins with what was there before
    private static Alert Copy(Alert row) => new()
    {
        Id = row.Id,
        RuleId = row.RuleId,
        RuleName = row.RuleName,
        OwnerId = row.OwnerId,
        Severity = row.Severity,
        SubjectKey = row.SubjectKey,
        Subject = row.Subject,
        DeviceId = row.DeviceId,
        StoredAt = row.StoredAt,
        Text = row.Text,
    };
}
