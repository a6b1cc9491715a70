using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages;

/// <summary>Lists a folder; see <see cref="FileService.ListAllAsync"/>.</summary>
internal delegate Task<Result<long>> ListFolder(FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken);

/// <summary>A row of a list.</summary>
/// <param name="Index">Its place in the folder, from 0.</param>
/// <param name="View">What is there.</param>
/// <param name="Key">Tells it from others on the page: its address, but where a folder that changes has one twice.</param>
internal sealed record FolderRow(int Index, FileView View, string Key);

/// <summary>
/// What is in sight of a folder. It is sorted and filtered where it lies, and comes in pages by their place, from anywhere in it; the last few are kept, so that
/// a folder of any size takes no more memory than these.
/// </summary>
internal sealed class FolderRows(ListFolder list) : IDisposable
{
    /// <summary>How many rows are asked for at once.</summary>
    public const int PageSize = 200;

    /// <summary>How many pages are kept.</summary>
    public const int MaxPages = 12;

    private readonly SemaphoreSlim _reading = new(1);
    private readonly LinkedList<(int Number, IReadOnlyList<FileView> Rows)> _pages = [];
    private FileListOptions _options = new();

    /// <summary>How many there are in all.</summary>
    public int Count { get; private set; }

    /// <summary>What stands in the way of reading.</summary>
    public Error? Problem { get; private set; }

    /// <summary>What of it is kept now; the last that was looked at first.</summary>
    public IEnumerable<FileView> Kept => _pages.SelectMany(p => p.Rows);

    /// <summary>How it is sorted and filtered.</summary>
    public FileListOptions Options => _options;

    /// <summary>Reads it anew: from its beginning, or where one has been last, where <paramref name="keep"/>.</summary>
    public async Task ReadAsync(string? sort, string? filter, bool keep, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var before = _options;
            _options = new FileListOptions(sort, Filter: string.IsNullOrEmpty(filter) ? null : filter);
            var number = keep && _pages.First is { } last ? last.Value.Number : 0;
            if (!await ReadPageAsync(number, isNew: true, cancellationToken))
            {
                // what is shown is of before
                _options = before;
            }
            else if (number * PageSize >= Count && Count > 0)
            {
                await ReadPageAsync((Count - 1) / PageSize, isNew: true, cancellationToken);
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>A stretch of it; what is not kept is read.</summary>
    public async ValueTask<IReadOnlyList<FolderRow>> GetAsync(int start, int count, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var views = new List<FileView>(count);
            for (var number = start / PageSize; number * PageSize < Math.Min((long)start + count, Count); number++)
            {
                if (Find(number) is null && !await ReadPageAsync(number, isNew: false, cancellationToken))
                {
                    break;
                }

                var rows = Find(number)?.Rows ?? [];
                var (from, to) = (Math.Max(start - (number * PageSize), 0), (int)Math.Min((long)start + count - (number * PageSize), rows.Count));
                for (var i = from; i < to; i++)
                {
                    views.Add(rows[i]);
                }
            }

            return Number(views, start);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>One that is kept: its place and what it is.</summary>
    public (int Index, FileView View)? Find(string? path)
    {
        foreach (var (number, rows) in _pages)
        {
            for (var i = 0; path is not null && i < rows.Count; i++)
            {
                if (rows[i].Path == path)
                {
                    return ((number * PageSize) + i, rows[i]);
                }
            }
        }

        return null;
    }

    /// <summary>A stretch that is not kept, however long.</summary>
    public async Task<Result<IReadOnlyList<FileView>>> TakeAsync(int start, int count, CancellationToken cancellationToken)
    {
        var views = new List<FileView>();
        var listed = await list(_options with { Skip = start > 0 ? start : null, Limit = count }, batch =>
        {
            views.AddRange(batch);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        return listed.IsError ? listed.Error! : views.Take(count).ToArray();
    }

    /// <summary>
    /// Where the first name is that begins with a text; null where none does. The list is sorted by name, folders first: it is halved again and again, and so found
    /// in a folder of any size.
    /// </summary>
    public async Task<int?> FindNameAsync(string text, CancellationToken cancellationToken)
    {
        if (_options.Sort is not (null or "" or "name"))
        {
            return Kept.Select(v => Find(v.Path)!.Value).Where(v => Begins(v.View)).Select(v => (int?)v.Index).Min();
        }

        var files = await HalveAsync(0, Count, view => view.Kind == FileKind.Folder);
        foreach (var (from, to) in ((int, int)[])[(0, files), (files, Count)])
        {
            var at = await HalveAsync(from, to, view => string.Compare(view.Name, text, StringComparison.OrdinalIgnoreCase) < 0);
            if (at < to && await GetAsync(at, 1, cancellationToken) is [var row] && Begins(row.View))
            {
                return at;
            }
        }

        return null;

        bool Begins(FileView view) => view.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase);

        async Task<int> HalveAsync(int from, int to, Func<FileView, bool> isBefore)
        {
            while (from < to)
            {
                var middle = from + ((to - from) / 2);
                if (await GetAsync(middle, 1, cancellationToken) is not [var row])
                {
                    break;
                }

                (from, to) = isBefore(row.View) ? (middle + 1, to) : (from, middle);
            }

            return from;
        }
    }

    private async Task<bool> ReadPageAsync(int number, bool isNew, CancellationToken cancellationToken)
    {
        var rows = new List<FileView>();
        var read = await list(_options with { Skip = number > 0 ? number * PageSize : null, Limit = PageSize }, batch =>
        {
            rows.AddRange(batch);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        Problem = read.Error;
        if (read.IsError)
        {
            return false;
        }

        var count = (int)Math.Min(int.MaxValue, read.Value);
        if (isNew || count != Count)
        {
            // the others are of a folder as it was
            _pages.Clear();
        }

        Count = count;
        // those with a scope of their own come on top of the first page's limit; they are in the next one too
        _pages.AddFirst((number, rows.Count > PageSize ? rows[..PageSize] : rows));
        if (_pages.Count > MaxPages)
        {
            _pages.RemoveLast();
        }

        return true;
    }

    private (int Number, IReadOnlyList<FileView> Rows)? Find(int number)
    {
        for (var node = _pages.First; node is not null; node = node.Next)
        {
            if (node.Value.Number == number)
            {
                _pages.Remove(node);
                _pages.AddFirst(node);
                return node.Value;
            }
        }

        return null;
    }

    private static List<FolderRow> Number(List<FileView> views, int start)
    {
        var (rows, seen) = (new List<FolderRow>(views.Count), new HashSet<string>(StringComparer.Ordinal));
        foreach (var view in views)
        {
            var index = start + rows.Count;
            rows.Add(new FolderRow(index, view, seen.Add(view.Path) ? view.Path : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{view.Path} {index}")));
        }

        return rows;
    }

    public void Dispose()
    {
        // a page that is left may still read, and lets go of it then; a semaphore without a handle holds nothing
    }
}
