using System.Collections.Concurrent;

namespace Operone.Web.Hosting.Nodes;

/// <summary>Which other nodes there are, by what they tell of themselves.</summary>
internal sealed class NodeDirectory(TimeProvider time)
{
    /// <summary>How often a node says that it is there.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>How long a node that says nothing counts as there.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, Known> _nodes = new();

    /// <summary>The others, in no order.</summary>
    public IEnumerable<Guid> Others => _nodes.Keys;

    /// <summary>Where it is reached; null for one that is not there.</summary>
    public Uri? AddressOf(Guid node) => _nodes.GetValueOrDefault(node)?.Address;

    /// <summary>A node says that it is there. True where it was not known.</summary>
    public bool Heard(Guid node, Uri address)
    {
        var isNew = !_nodes.ContainsKey(node);
        _nodes[node] = new(address, time.GetTimestamp());
        return isNew;
    }

    /// <summary>A node says that it goes. True where it was known.</summary>
    public bool Left(Guid node) => _nodes.TryRemove(node, out _);

    /// <summary>Forgets those that have said nothing for too long, and gives them.</summary>
    public IReadOnlyList<Guid> Silent() =>
        [.. _nodes.Where(n => time.GetElapsedTime(n.Value.HeardAt) > Silence).Select(n => n.Key).Where(Left)];

    private sealed record Known(Uri Address, long HeardAt);
}
