using System.Threading.Channels;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Events;

/// <summary>
/// Tells other nodes what changed here, so that who looks there reads it again too. What is signalled within
/// <see cref="Gather"/> is told once. On a node that is alone it does nothing.
/// </summary>
internal sealed class NodeChanges : BackgroundService
{
    /// <summary>How long signals are gathered.</summary>
    public static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    private readonly INodeBus _bus;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _lock = new();
    private HashSet<string> _topics = new(StringComparer.Ordinal);

    public NodeChanges(INodeBus bus, LiveChanges changes, TimeProvider time)
    {
        (_bus, _time) = (bus, time);
        bus.On<IReadOnlyList<string>>("changes", (_, topics) =>
        {
            foreach (var topic in topics)
            {
                changes.SignalHere(topic);
            }
        });
        if (!bus.IsAlone)
        {
            bus.Asked += changes.SignalAllHere; // this node, or another one, was without Redis
            changes.Signalled = Note;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _wake.Reader.ReadAsync(stoppingToken))
            {
                HashSet<string> topics;
                lock (_lock)
                {
                    (topics, _topics) = (_topics, new(StringComparer.Ordinal));
                }

                _bus.Tell("changes", topics);
                await Task.Delay(Gather, _time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private void Note(string topic)
    {
        lock (_lock)
        {
            _topics.Add(topic);
        }

        _wake.Writer.TryWrite(true);
    }
}
