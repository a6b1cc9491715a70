namespace Operone.Web.Files.Archives.Inside;

/// <summary>What was found in archives, for a while: no more of it than fits in a certain memory.</summary>
internal sealed class IndexCache(TimeProvider time)
{
    private const long MaxWeight = 128L << 20;
    private static readonly TimeSpan _hold = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly LinkedList<((string Address, string Tag) Key, ArchiveIndex Index, long At)> _known = [];

    /// <summary>What was found in an archive that has not changed since; null where nobody knows.</summary>
    public ArchiveIndex? Find((string Address, string Tag) key)
    {
        lock (_lock)
        {
            Shrink();
            for (var node = _known.First; node is not null; node = node.Next)
            {
                if (node.Value.Key == key)
                {
                    _known.Remove(node);
                    _known.AddFirst((key, node.Value.Index, time.GetTimestamp()));
                    return node.Value.Index;
                }
            }

            return null;
        }
    }

    /// <summary>Remembers; what was not asked for the longest is forgotten.</summary>
    public void Add((string Address, string Tag) key, ArchiveIndex index)
    {
        lock (_lock)
        {
            _known.AddFirst((key, index, time.GetTimestamp()));
            Shrink();
        }
    }

    private void Shrink()
    {
        var weight = 0L;
        for (var node = _known.First; node is not null;)
        {
            var next = node.Next;
            weight += node.Value.Index.Weight;
            if (weight > MaxWeight || time.GetElapsedTime(node.Value.At) > _hold)
            {
                _known.Remove(node);
            }

            node = next;
        }
    }
}
