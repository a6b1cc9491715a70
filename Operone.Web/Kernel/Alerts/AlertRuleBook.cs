using Microsoft.EntityFrameworkCore;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Alerts;

/// <summary>A rule that is looked at, with the devices that it covers now.</summary>
internal sealed record WatchedRule(AlertRule Rule, Actor Owner, AlertTimes Times, DeviceEntry[] Devices)
{
    public SaveAlertRule Definition => Rule.Definition;

    /// <summary>The ids of the devices.</summary>
    public HashSet<Guid> Ids { get; } = [.. Devices.Select(d => d.Id)];
}

/// <summary>Reads the rules and silences that hold now.</summary>
internal sealed class AlertRuleBook(IDbContextFactory<OperoneDb> databases, CurrentStanding standing, AlertSight sight, TimeProvider time)
{
    /// <summary>The rules that are turned on, with what they cover in the name of their owners. Of rules of events no devices are looked up.</summary>
    public async Task<IReadOnlyList<WatchedRule>> ReadAsync(bool isOfEventsAlone, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rules = await db.Set<AlertRule>().Where(r => r.IsEnabled && (r.IsOfEvents || !isOfEventsAlone)).ToListAsync(cancellationToken);
        var owners = new Dictionary<Guid, Actor>();
        var watched = new List<WatchedRule>(rules.Count);
        foreach (var rule in rules)
        {
            if (!owners.TryGetValue(rule.OwnerId ?? Guid.Empty, out var owner))
            {
                owners[rule.OwnerId ?? Guid.Empty] = owner = await standing.ActorAsync(rule.OwnerId, rule.OwnerName, cancellationToken);
            }

            watched.Add(new(rule, owner, AlertRules.TimesOf(rule.Definition), rule.IsOfEvents ? [] : sight.Covered(owner, rule.Definition.Selector)));
        }

        return watched;
    }

    /// <summary>The silences that hold now or will.</summary>
    public async Task<IReadOnlyList<Silence>> SilencesAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Silence>().Where(s => s.Until > now).ToListAsync(cancellationToken);
    }
}
