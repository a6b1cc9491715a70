using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;

namespace Operone.Web.Kernel.Alerts;

/// <summary>What a rule that is not there yet would do now, in the name of whoever asks.</summary>
internal sealed class AlertRulePreviews(
    IDbContextFactory<OperoneDb> databases, AlertSight sight, DeviceDirectory directory, DeviceLoads loads, EventService events, IAuditTrail audit, TimeProvider time)
{
    private const int MostNames = 20;

    /// <summary>On which devices its condition holds now; of jobs and events how many there were within a day.</summary>
    public async Task<Result<AlertPreview>> PreviewAsync(Actor actor, SaveAlertRule rule, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AlertsManage, "alert-rule.preview", rule.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (AlertRules.CheckCondition(rule) is { } invalid)
        {
            return invalid;
        }

        var text = AlertRules.Describe(rule);
        if (rule.Job is not null || rule.Events is not null)
        {
            return await OfEventsAsync(actor, rule, text, cancellationToken);
        }

        var covered = sight.Covered(actor, rule.Selector);
        var (holds, unknown) = rule.Offline
            ? (await OfflineAsync(covered, rule, cancellationToken), 0)
            : Beyond(covered, rule.Telemetry!, await loads.LatestAsync([.. covered.Select(d => d.Id)], cancellationToken));
        return new AlertPreview(text, covered.Length, holds.Count, [.. holds.Order(StringComparer.OrdinalIgnoreCase).Take(MostNames)], unknown);
    }

    private static (List<string> Holds, int Unknown) Beyond(DeviceEntry[] devices, AlertTelemetry condition, IReadOnlyDictionary<Guid, DeviceReading> latest)
    {
        var (holds, unknown) = (new List<string>(), 0);
        foreach (var device in devices)
        {
            if (!latest.TryGetValue(device.Id, out var reading) || AlertRules.ValueOf(condition.Metric, reading.Sample, device.Capacity?.CpuMillis) is not { } value)
            {
                unknown++;
            }
            else if (AlertRules.IsBeyond(condition, value))
            {
                holds.Add(device.Name);
            }
        }

        return (holds, unknown);
    }

    private async Task<List<string>> OfflineAsync(DeviceEntry[] devices, SaveAlertRule rule, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - AlertRules.TimesOf(rule).For;
        var holds = new List<string>();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var some in devices.Where(d => !directory.IsOnline(d.Id)).Select(d => d.Id).Chunk(500))
        {
            holds.AddRange(await db.Set<Device>().Where(d => some.Contains(d.Id) && (d.LastSeenAt ?? d.EnrolledAt) <= since).Select(d => d.Name).ToListAsync(cancellationToken));
        }

        return holds;
    }

    private async Task<Result<AlertPreview>> OfEventsAsync(Actor actor, SaveAlertRule rule, string text, CancellationToken cancellationToken)
    {
        var query = new EventQuery(rule.Job is null ? rule.Events!.Count == 1 ? rule.Events[0] : null : EventTypes.JobRunEnded, From: time.GetUtcNow().AddDays(-1), Limit: PageRequest.MaxLimit);
        var page = await events.ListAsync(actor, query, cancellationToken);
        if (page.IsError)
        {
            return page.Error!;
        }

        var selector = Selector.Parse(rule.Selector).Value;
        var found = page.Value.Items.Where(e => rule.Job is { } job ? IsFailure(e, job)
            : AlertRules.IsFor(rule, e.Type) && (selector.IsEverything || (e.Data.DeviceId is { } id && directory.Find(id) is { } device && selector.Matches(device.Labels)))).ToArray();
        return new AlertPreview(text, null, found.Length, [.. found.Select(e => e.Data.Details?.GetValueOrDefault("job") ?? e.Subject ?? e.Type).Distinct().Take(MostNames)], 0);
    }

    private static bool IsFailure(EventView happened, string job) =>
        happened.Data.Details is { } details
        && (details.GetValueOrDefault("status") == JobRunStatus.Failed.ToText() || details.GetValueOrDefault("status") == JobRunStatus.TimedOut.ToText())
        && (job == "*" || string.Equals(details.GetValueOrDefault("job"), job, StringComparison.OrdinalIgnoreCase) || details.GetValueOrDefault("jobId") == job);
}
