namespace Operone.Web.Hosting.Nodes;

/// <summary>
/// What nodes tell each other while they run. Nothing that matters is only here: what a node misses it finds in the database, or is
/// told again when it is back.
/// </summary>
internal interface INodeBus
{
    /// <summary>This start of this node.</summary>
    Guid Id { get; }

    /// <summary>Whether there are no others: then nothing is told to anybody.</summary>
    bool IsAlone { get; }

    /// <summary>Tells all others. What is told before goes before.</summary>
    void Tell<T>(string topic, T news);

    /// <summary>Takes what others tell, in their order, one at a time: be quick. Subscribe before the node starts.</summary>
    void On<T>(string topic, Action<Guid, T> take);

    /// <summary>A number that is higher than every one given before, on any node. While the nodes cannot talk, than every one known here.</summary>
    ValueTask<long> NextAsync(CancellationToken cancellationToken);

    /// <summary>Another node gave this number: the next one here is higher.</summary>
    void Note(long number);

    /// <summary>Somebody has come, or this node is back: everybody tells anew what the others should know of them.</summary>
    event Action? Asked;

    /// <summary>A node has gone: forget what it told.</summary>
    event Action<Guid>? Left;

    /// <summary>Where another node is reached; null for one that is not there.</summary>
    Uri? AddressOf(Guid node);
}

/// <summary>The bus of a node that is alone.</summary>
internal sealed class NoOtherNodes : INodeBus
{
    private long _last;

    public Guid Id { get; } = Guid.NewGuid();

    public bool IsAlone => true;

    public void Tell<T>(string topic, T news)
    {
        // there is nobody
    }

    public void On<T>(string topic, Action<Guid, T> take)
    {
        // nobody tells anything
    }

    public ValueTask<long> NextAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Interlocked.Increment(ref _last));

    public void Note(long number)
    {
        // nobody else gives any
    }

    public event Action? Asked
    {
        add { }
        remove { }
    }

    public event Action<Guid>? Left
    {
        add { }
        remove { }
    }

    public Uri? AddressOf(Guid node) => null;
}
