using Operone.Core.Kernel.Alerts;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Alerts;

/// <summary>What one look has come to.</summary>
/// <param name="Changes">What is to be written.</param>
/// <param name="Taken">The newest that was taken of each device.</param>
internal sealed record AlertLook(IReadOnlyList<AlertChange> Changes, IReadOnlyDictionary<Guid, DateTimeOffset> Taken);

/// <summary>
/// What the watch knows, in memory, and one look at it all. It asks nobody: whoever has it brings what was read. A look that could not be written is
/// forgotten, and is taken again.
/// </summary>
/// <param name="directory">Which devices are connected.</param>
/// <param name="graceUntil">Before that no device counts as offline.</param>
internal sealed class AlertWatch(DeviceDirectory directory, DateTimeOffset graceUntil)
{
    // a value that changes and nothing else is written that seldom
    private static readonly TimeSpan ValueEvery = TimeSpan.FromSeconds(30);

    // what was between two samples that are further apart nobody knows
    private static readonly TimeSpan LongestGap = TimeSpan.FromMinutes(3);

    private readonly Dictionary<(Guid Rule, Guid Device), Alert> _ofDevices = [];
    private readonly Dictionary<Guid, Alert> _others = [];
    private readonly Dictionary<Guid, DateTimeOffset> _taken = [];
    private readonly Dictionary<Guid, DateTimeOffset> _seen = [];
    private readonly Dictionary<Guid, DateTimeOffset> _away = [];
    private bool _isAwayOld;
    private IReadOnlyList<WatchedRule> _rules = [];
    private Dictionary<Guid, WatchedRule> _byId = [];
    private IReadOnlyList<Silence> _silences = [];

    /// <summary>The devices whose telemetry is looked at.</summary>
    public IReadOnlyCollection<Guid> Measured { get; private set; } = [];

    /// <summary>Takes over what was read.</summary>
    public void Take(IReadOnlyList<WatchedRule> rules, IReadOnlyList<Silence> silences, IReadOnlyList<Alert> open)
    {
        (_rules, _silences, _byId) = (rules, silences, rules.ToDictionary(r => r.Rule.Id));
        Measured = rules.Where(r => r.Definition.Telemetry is not null).SelectMany(r => r.Ids).ToHashSet();
        foreach (var known in (Dictionary<Guid, DateTimeOffset>[])[_taken, _seen, _away])
        {
            foreach (var gone in known.Keys.Where(id => directory.Find(id) is null).ToList())
            {
                known.Remove(gone);
            }
        }

        // one that is back, or that nobody has looked at since, may have been away once more
        var offline = rules.Where(r => r.Definition.Offline).SelectMany(r => r.Ids).ToHashSet();
        foreach (var back in _away.Keys.Where(id => directory.IsOnline(id) || !offline.Contains(id)).ToList())
        {
            _away.Remove(back);
        }

        // one that another node has may be connected though that is not known here: that node stores it
        _isAwayOld = true;
        _ofDevices.Clear();
        _others.Clear();
        foreach (var alert in open)
        {
            Put(alert);
        }
    }

    /// <summary>Asks when devices that are found to be offline were last connected: of new ones at once, of all where everything was read again.</summary>
    public async Task NoteAwayAsync(Func<IReadOnlyList<Guid>, Task<Dictionary<Guid, DateTimeOffset>>> ask)
    {
        var unknown = _rules.Where(r => r.Definition.Offline).SelectMany(r => r.Devices).Select(d => d.Id).Where(id => !directory.IsOnline(id) && (_isAwayOld || !_away.ContainsKey(id))).ToHashSet();
        foreach (var (id, at) in unknown.Count == 0 ? [] : await ask([.. unknown]))
        {
            // what is stored may be a minute old; what was seen here is not
            _away[id] = _seen.TryGetValue(id, out var seen) && seen > at ? seen : at;
        }

        _isAwayOld = false;
    }

    /// <summary>Looks at everything once.</summary>
    public AlertLook Look(IReadOnlyDictionary<Guid, DeviceReading> latest, DateTimeOffset now)
    {
        var changes = new List<AlertChange>();
        foreach (var rule in _rules)
        {
            if (rule.Definition.Telemetry is { } condition)
            {
                foreach (var device in rule.Devices)
                {
                    var open = _ofDevices.GetValueOrDefault((rule.Rule.Id, device.Id));
                    var seen = Measure(condition, device, open is not null, latest, now);
                    Step(changes, rule, device, open, seen, now);
                }
            }
            else if (rule.Definition.Offline)
            {
                foreach (var device in rule.Devices)
                {
                    Step(changes, rule, device, _ofDevices.GetValueOrDefault((rule.Rule.Id, device.Id)), Presence(device, now), now);
                }
            }
        }

        foreach (var alert in _ofDevices.Values.Concat(_others.Values))
        {
            Other(changes, alert, now);
        }

        return new(changes, latest.ToDictionary(l => l.Key, l => l.Value.At));
    }

    /// <summary>A look was written.</summary>
    public void Done(AlertLook look, IReadOnlyList<Alert> stored)
    {
        foreach (var (device, at) in look.Taken)
        {
            _taken[device] = at;
        }

        foreach (var change in look.Changes)
        {
            Forget(change.Row);
        }

        foreach (var alert in stored.Where(a => a.State != AlertState.Recovered))
        {
            Put(alert);
        }
    }

    /// <summary>Whether nobody is to be told.</summary>
    public static bool IsSilenced(IReadOnlyList<Silence> silences, Guid ruleId, Guid? deviceId, DeviceDirectory directory, DateTimeOffset now)
    {
        foreach (var silence in silences)
        {
            if (silence.IsActive(now) && silence.IsFor(ruleId, deviceId, deviceId is { } id ? directory.Find(id)?.Labels : null))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What a device told, where that is news.</summary>
    private AlertObservation Measure(AlertTelemetry condition, DeviceEntry device, bool isOpen, IReadOnlyDictionary<Guid, DeviceReading> latest, DateTimeOffset now)
    {
        if (!latest.TryGetValue(device.Id, out var reading))
        {
            // in the first moments those that are connected have not told yet
            return new(isOpen && now >= graceUntil ? AlertReading.Missing : AlertReading.Nothing, now);
        }

        if (_taken.TryGetValue(device.Id, out var taken) && reading.At <= taken)
        {
            return new(isOpen && !directory.IsOnline(device.Id) && now >= graceUntil ? AlertReading.Missing : AlertReading.Nothing, now);
        }

        return AlertRules.ValueOf(condition.Metric, reading.Sample, device.Capacity?.CpuMillis) is { } value
            ? new(AlertRules.IsBeyond(condition, value) ? AlertReading.Beyond : AlertReading.Within, reading.At, value) { IsAfterGap = taken != default && reading.At - taken > LongestGap }
            : new(AlertReading.Missing, now);
    }

    private AlertObservation Presence(DeviceEntry device, DateTimeOffset now)
    {
        if (directory.IsOnline(device.Id))
        {
            _seen[device.Id] = now;
            _away.Remove(device.Id);
            return new(AlertReading.Within, now);
        }

        return now < graceUntil || !_away.TryGetValue(device.Id, out var since) ? new(AlertReading.Nothing, now) : new(AlertReading.Beyond, now, Since: since);
    }

    private void Step(List<AlertChange> changes, WatchedRule rule, DeviceEntry device, Alert? open, AlertObservation seen, DateTimeOffset now)
    {
        if (open is null && seen.Reading != AlertReading.Beyond)
        {
            return;
        }

        var before = open?.Standing;
        var step = AlertMachine.Next(before, seen, rule.Times, IsSilenced(_silences, rule.Rule.Id, device.Id, directory, now), now);
        if (open is not null && step.News == AlertNews.None && !IsNews(open, before!, step.Standing, now))
        {
            return;
        }

        var held = step.Standing is { } standing ? now - standing.Since : TimeSpan.Zero;
        changes.Add(new(open ?? New(rule.Rule, device, now), open is null, step)
        {
            Rule = rule.Rule,
            Text = seen.Reading != AlertReading.Beyond ? null
                : rule.Definition.Telemetry is { } condition ? AlertTexts.Beyond(device.Name, condition, seen.Value ?? 0, held)
                : AlertTexts.Offline(device.Name, step.Standing?.Since ?? now),
        });
    }

    /// <summary>Alerts that no look above was for: what they are about is gone, or it is an event's or a job's.</summary>
    private void Other(List<AlertChange> changes, Alert alert, DateTimeOffset now)
    {
        if (!_byId.TryGetValue(alert.RuleId, out var rule))
        {
            changes.Add(new(alert, false, AlertMachine.End(alert.Standing)) { Reason = "the rule was removed or turned off" });
        }
        else if (rule.Rule.IsOfEvents && alert.LastPosition is not null)
        {
            var step = AlertMachine.Next(alert.Standing, new(AlertReading.Nothing, now), rule.Times, IsSilenced(_silences, alert.RuleId, alert.DeviceId, directory, now), now);
            if (step.News != AlertNews.None)
            {
                changes.Add(new(alert, false, step) { Rule = rule.Rule });
            }
        }
        else if (alert.DeviceId is not { } device || !rule.Ids.Contains(device))
        {
            changes.Add(new(alert, false, AlertMachine.End(alert.Standing)) { Reason = "the rule does not look at it any more, or whoever it looks for may not", Rule = rule.Rule });
        }
    }

    private static bool IsNews(Alert open, AlertStanding before, AlertStanding? after, DateTimeOffset now) => after is null
        || after with { Value = before.Value } != before
        || (after.State == AlertState.Firing && after.Value != before.Value && now - open.StoredAt >= ValueEvery);

    private static Alert New(AlertRule rule, DeviceEntry device, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        RuleId = rule.Id,
        RuleName = rule.Name,
        OwnerId = rule.OwnerId,
        Severity = rule.Definition.Severity,
        SubjectKey = device.Id.ToString(),
        Subject = device.Name,
        DeviceId = device.Id,
        StoredAt = now,
    };

    private void Put(Alert alert)
    {
        if (alert.DeviceId is { } device && alert.SubjectKey == device.ToString())
        {
            _ofDevices[(alert.RuleId, device)] = alert;
        }
        else
        {
            _others[alert.Id] = alert;
        }
    }

    private void Forget(Alert alert)
    {
        _others.Remove(alert.Id);
        if (alert.DeviceId is { } device && _ofDevices.TryGetValue((alert.RuleId, device), out var known) && known.Id == alert.Id)
        {
            _ofDevices.Remove((alert.RuleId, device));
        }
    }
}
