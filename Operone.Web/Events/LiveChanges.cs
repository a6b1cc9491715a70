using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Operone.Web.Events;

/// <summary>
/// Tells who looks that something changed, not what: they read it again from the database. A signal that was not yet
/// taken swallows the next, so that nothing piles up behind a slow reader.
/// </summary>
internal sealed class LiveChanges
{
    private readonly ConcurrentDictionary<string, Topic> _topics = new(StringComparer.Ordinal);

    /// <summary>The list of devices, or anything in it.</summary>
    public const string Devices = "devices";
    /// <summary>The list of runs, or anything in it.</summary>
    public const string Runs = "runs";
    /// <summary>The list of terminals, or anything in it.</summary>
    public const string Terminals = "terminals";
    /// <summary>The event log.</summary>
    public const string Events = "events";
    /// <summary>The audit trail.</summary>
    public const string Audit = "audit";
    /// <summary>Who may see what. Everybody who looks at something is told.</summary>
    public const string Sight = "sight";
    /// <summary>The enrolment tokens.</summary>
    public const string EnrollmentTokens = "enrollment-tokens";
    /// <summary>The environments.</summary>
    public const string Environments = "environments";
    /// <summary>The policies of terminals.</summary>
    public const string TerminalPolicies = "terminal-policies";
    /// <summary>The policies of files.</summary>
    public const string FilePolicies = "file-policies";
    /// <summary>Any transfer between places of files.</summary>
    public const string Transfers = "transfers";
    /// <summary>The webhooks.</summary>
    public const string Webhooks = "webhooks";
    /// <summary>What was sent to webhooks.</summary>
    public const string WebhookDeliveries = "webhook-deliveries";
    /// <summary>The mounts.</summary>
    public const string Mounts = "mounts";
    /// <summary>The schedules: one was made, changed or removed. The clocks of all nodes listen.</summary>
    public const string Schedules = "schedules";
    /// <summary>The list of schedules, or when one fired.</summary>
    public const string ScheduleList = "schedule-list";
    /// <summary>The maintenance windows.</summary>
    public const string MaintenanceWindows = "maintenance-windows";
    /// <summary>The alerts, or anything in them.</summary>
    public const string Alerts = "alerts";
    /// <summary>The alert rules and silences, and what people say of alerts. Who watches listens.</summary>
    public const string AlertRules = "alert-rules";
    /// <summary>The list of recordings: one has ended, can be searched, or was removed.</summary>
    public const string Recordings = "recordings";
    /// <summary>A recorded terminal has ended on this node.</summary>
    public const string RecordedTerminals = "recorded-terminals";
    /// <summary>Who may do what: people, teams, roles, grants, requests, sessions, tokens, settings.</summary>
    public const string Access = "access";
    /// <summary>The sandbox profiles.</summary>
    public const string Sandboxes = "sandboxes";
    /// <summary>The jobs.</summary>
    public const string Jobs = "jobs";
    /// <summary>The list of runs of jobs, or anything in it.</summary>
    public const string JobRuns = "job-runs";
    /// <summary>The workloads, or anything in one of them.</summary>
    public const string Workloads = "workloads";
    /// <summary>One workload and its instances.</summary>
    public static string Workload(Guid id) => $"workload/{id:N}";
    /// <summary>One run of a job.</summary>
    public static string JobRun(Guid id) => $"job-run/{id:N}";
    /// <summary>One run: its state, or its output.</summary>
    public static string Run(Guid id) => $"run/{id:N}";
    /// <summary>One device's telemetry or facts.</summary>
    public static string Device(Guid id) => $"device/{id:N}";

    /// <summary>Whether an event of this type is about <see cref="Access"/>.</summary>
    public static bool IsAboutAccess(string type) =>
        type.Split('.')[0] is "person" or "team" or "role" or "grant" or "access-request" or "invitation" or "session" or "token" or "settings";

    /// <summary>Told of each signal of this node's own, for the other nodes.</summary>
    public Action<string>? Signalled { get; set; }

    /// <summary>Something about the topic changed, and can be read. Who looks on other nodes is told too.</summary>
    public void Signal(string topic)
    {
        SignalHere(topic);
        Signalled?.Invoke(topic);
    }

    /// <summary>The same for who looks on this node alone: every node finds it out by itself.</summary>
    public void SignalHere(string topic)
    {
        if (_topics.TryGetValue(topic, out var found))
        {
            found.Signal();
        }
    }

    /// <summary>News may have been missed: who looks on this node reads all of it again.</summary>
    public void SignalAllHere()
    {
        foreach (var topic in _topics.Values)
        {
            topic.Signal();
        }
    }

    /// <summary>Subscribes at once; each wait then returns when something changed since the wait before. Subscribe first, then read.</summary>
    public Subscription Subscribe(params ReadOnlySpan<string> topics)
    {
        var subscription = new Subscription(this, topics.ToArray());
        foreach (var topic in topics)
        {
            // A topic that was just emptied is being removed: get a new one then.
            while (!_topics.GetOrAdd(topic, static _ => new Topic()).Add(subscription))
            {
                Thread.Yield();
            }
        }

        return subscription;
    }

    private void Leave(Subscription subscription)
    {
        foreach (var name in subscription.Topics)
        {
            if (_topics.TryGetValue(name, out var topic) && topic.Remove(subscription))
            {
                _topics.TryRemove(new(name, topic));
            }
        }
    }

    /// <summary>One reader's interest.</summary>
    internal sealed class Subscription(LiveChanges changes, string[] topics) : IDisposable
    {
        private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        internal string[] Topics { get; } = topics;

        /// <summary>Waits until something changed since the wait before.</summary>
        public async ValueTask WaitAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

        internal void Signal() => _signal.Writer.TryWrite(true);

        public void Dispose() => changes.Leave(this);
    }

    private sealed class Topic
    {
        private readonly Lock _lock = new();
        private Subscription[]? _subscriptions = [];

        public bool Add(Subscription subscription)
        {
            lock (_lock)
            {
                if (_subscriptions is null)
                {
                    return false;
                }

                _subscriptions = [.. _subscriptions, subscription];
                return true;
            }
        }

        /// <summary>Returns whether this was the last one; the topic takes no more then.</summary>
        public bool Remove(Subscription subscription)
        {
            lock (_lock)
            {
                _subscriptions = _subscriptions?.Where(s => s != subscription).ToArray();
                if (_subscriptions is { Length: 0 })
                {
                    _subscriptions = null;
                }

                return _subscriptions is null;
            }
        }

        public void Signal()
        {
            foreach (var subscription in Volatile.Read(ref _subscriptions) ?? [])
            {
                subscription.Signal();
            }
        }
    }
}
