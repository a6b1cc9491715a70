using System.Collections.Concurrent;
using Operone.Web.Events;
using Operone.Web.Events.Subscribers;

namespace Operone.Tests.Web.Events;

/// <summary>Notes what it is given; a test can make it slow, or fail.</summary>
internal sealed class FakeSubscriber(string name, string type) : IEventSubscriber
{
    public string Name => name;

    /// <summary>What it was given and has acted on, in its order.</summary>
    public ConcurrentQueue<EventEntry> Taken { get; } = new();

    /// <summary>Asked before each batch: it may wait, or throw.</summary>
    public Func<IReadOnlyList<EventEntry>, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>How often this node has run it.</summary>
    public int Runs => _runs;

    private int _runs;

    public bool Wants(EventEntry happened) => happened.Type == type;

    public async Task HandleAsync(IReadOnlyList<EventEntry> events, CancellationToken cancellationToken)
    {
        await Before(events, cancellationToken);
        foreach (var happened in events)
        {
            Taken.Enqueue(happened);
        }
    }

    public Task RunAsync(CancellationToken whileHere)
    {
        Interlocked.Increment(ref _runs);
        return Task.CompletedTask;
    }
}
