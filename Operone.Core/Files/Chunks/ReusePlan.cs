namespace Operone.Core.Files.Chunks;

/// <summary>A stretch of a file that is written.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="OldOffset">Where the old version has the same; null where it has to be sent.</param>
public readonly record struct FileStretch(long Offset, long Length, long? OldOffset);

/// <summary>What of a file is to be sent, and what its old version has already.</summary>
public sealed class ReusePlan
{
    /// <summary>What the old version has between two stretches that are sent is sent too, where it is less: asking anew costs more.</summary>
    private const long WorthReusing = 64 << 10;

    private readonly List<FileStretch> _stretches;

    private ReusePlan(FileEntry now, FileEntry old, List<FileStretch> stretches) => (Now, Old, _stretches) = (now, old, stretches);

    /// <summary>The file that is brought.</summary>
    public FileEntry Now { get; }

    /// <summary>Its old version at the target.</summary>
    public FileEntry Old { get; }

    /// <summary>How many bytes the old version has.</summary>
    public long Reused => _stretches.Where(s => s.OldOffset is not null).Sum(s => s.Length);

    /// <summary>Makes one; null where it would save too little.</summary>
    public static ReusePlan? Make(FileChunks now, FileChunks old)
    {
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(old);
        if (now.Entry.Tag is null || old.Entry.Tag is null)
        {
            return null;
        }

        var plan = new ReusePlan(now.Entry, old.Entry, Join(Find(now.Chunks, old.Chunks)));
        return plan.Reused >= Math.Max(1, now.Chunks.Sum(c => (long)c.Length) / 8) ? plan : null;
    }

    /// <summary>The stretches from an offset on; of what is reused in pieces of <see cref="ChunkLimits.MaxReuse"/>.</summary>
    public IEnumerable<FileStretch> From(long offset)
    {
        foreach (var whole in _stretches)
        {
            var (at, end) = (Math.Max(whole.Offset, offset), whole.Offset + whole.Length);
            while (at < end)
            {
                var length = whole.OldOffset is null ? end - at : Math.Min(end - at, ChunkLimits.MaxReuse);
                yield return new FileStretch(at, length, whole.OldOffset + (at - whole.Offset));
                at += length;
            }
        }
    }

    private static IEnumerable<FileStretch> Find(IReadOnlyList<FileChunk> now, IReadOnlyList<FileChunk> old)
    {
        var (places, offsets) = (new Dictionary<FileChunk, int>(old.Count), new long[old.Count]);
        for (var i = 0; i < old.Count; i++)
        {
            places.TryAdd(old[i], i);
            offsets[i] = i == 0 ? 0 : offsets[i - 1] + old[i - 1].Length;
        }

        var (at, next) = (0L, -1);
        foreach (var chunk in now)
        {
            // of several the one behind the last: so they are one stretch
            var isNext = next >= 0 && next < old.Count && old[next] == chunk;
            var there = isNext ? next : places.TryGetValue(chunk, out var place) ? place : -1;
            yield return new FileStretch(at, chunk.Length, there < 0 ? null : offsets[there]);
            next = there < 0 ? -1 : there + 1;
            at += chunk.Length;
        }
    }

    /// <summary>Makes one of those that follow each other, and sends what is too short to be worth a break.</summary>
    private static List<FileStretch> Join(IEnumerable<FileStretch> chunks)
    {
        var joined = new List<FileStretch>();
        foreach (var chunk in chunks)
        {
            Push(joined, chunk);
        }

        var stretches = new List<FileStretch>();
        for (var i = 0; i < joined.Count; i++)
        {
            var isShort = i > 0 && i < joined.Count - 1 && joined[i].Length < WorthReusing && joined[i - 1].OldOffset is null && joined[i + 1].OldOffset is null;
            Push(stretches, isShort ? joined[i] with { OldOffset = null } : joined[i]);
        }

        return stretches;
    }

    private static void Push(List<FileStretch> stretches, FileStretch next)
    {
        if (stretches is [.., var last] && (last.OldOffset + last.Length == next.OldOffset || (last.OldOffset is null && next.OldOffset is null)))
        {
            stretches[^1] = last with { Length = last.Length + next.Length };
        }
        else
        {
            stretches.Add(next);
        }
    }
}
