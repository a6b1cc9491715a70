using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>The last folder that was listed over a channel, sorted, so that page after page of a large one is cheap.</summary>
internal sealed class ListCache
{
    /// <summary>How long an order by what is in files holds: those change without their folder.</summary>
    private static readonly TimeSpan _weightsHold = TimeSpan.FromSeconds(5);

    /// <summary>A folder that has changed just before it was read may have changed again with the same time.</summary>
    private const long SettledNanoseconds = 100_000_000;

    private FolderListing? _listing;
    private (TreePath Path, FileBounds Bounds, ListOrder Order, bool IsDown) _key;
    private FolderStamp _stamp;
    private long _readAt;

    /// <summary>The sorted names of a folder.</summary>
    public FolderListing Get(IDiskFolder folder, FilePlace place, string? sort, TimeProvider time, CancellationToken cancel)
    {
        var (order, isDown) = FolderListing.ReadSort(sort);
        var key = (place.Path, place.Bounds, order, isDown);
        var stamp = folder.Stamp;
        if (_listing is { } kept && _key.Equals(key) && _stamp == stamp && (order < ListOrder.Size || time.GetElapsedTime(_readAt) < _weightsHold))
        {
            return kept;
        }

        _listing = null; // so that two are never held at once
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        var read = FolderListing.Read(folder, order, isDown, cancel);
        if (now - Math.Max(stamp.Modified, stamp.Changed) > SettledNanoseconds)
        {
            (_listing, _key, _stamp, _readAt) = (read, key, stamp, time.GetTimestamp());
        }

        return read;
    }
}
