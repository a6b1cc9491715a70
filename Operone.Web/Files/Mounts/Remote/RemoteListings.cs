using Operone.Core.Files;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>The last folder of a mount that was listed, sorted: the pages behind the first one are of the same.</summary>
internal sealed class RemoteListings(TimeProvider time)
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private ((TreePath Path, string? Sort) Key, List<FileEntry> Entries, long At)? _last;

    /// <summary>A folder's entries; read anew for a first page. Nobody changes them.</summary>
    public async Task<List<FileEntry>> GetAsync((TreePath Path, string? Sort) key, bool isNew, Func<Task<List<FileEntry>>> read)
    {
        lock (_lock)
        {
            if (!isNew && _last is { } last && last.Key == key && time.GetElapsedTime(last.At) < Hold)
            {
                return last.Entries;
            }
        }

        var entries = await read();
        lock (_lock)
        {
            _last = (key, entries, time.GetTimestamp());
        }

        return entries;
    }

    /// <summary>Something has changed.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _last = null;
        }
    }
}
