using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages;

/// <summary>Lists a folder; see <see cref="FileService.ListAllAsync"/>.</summary>
internal delegate Task<Result<long>> ListFolder(FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken);

/// <summary>
/// What was read of a folder so far: from its beginning, page after page, as far as somebody has scrolled. How many there are in all is known
/// from the first page on.
/// </summary>
internal sealed class FolderRows(ListFolder list) : IDisposable
{
    /// <summary>The least that is asked for at once.</summary>
    public const int PageSize = 200;

    private readonly SemaphoreSlim _reading = new(1);
    private List<FileView> _rows = [];
    private FileListOptions _options = new();
    private bool _isWhole = true;

    /// <summary>What was read.</summary>
    public IReadOnlyList<FileView> Rows => _rows;

    /// <summary>How many there are in all.</summary>
    public int Count { get; private set; }

    /// <summary>What stands in the way of reading on.</summary>
    public Error? Problem { get; private set; }

    /// <summary>Reads it from the beginning: as much as was there before, where <paramref name="keep"/>.</summary>
    public async Task ReadAsync(string? sort, string? filter, bool keep, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var options = new FileListOptions(sort, Limit: Math.Max(PageSize, keep ? _rows.Count : 0), Filter: string.IsNullOrEmpty(filter) ? null : filter);
            var rows = new List<FileView>();
            var count = await list(options, batch => Take(rows, batch), cancellationToken);
            Problem = count.Error;
            if (!count.IsError)
            {
                (_rows, _options) = (rows, options);
                Count = (int)Math.Min(int.MaxValue, Math.Max(count.Value, rows.Count));
                _isWhole = rows.Count >= Count || rows.Count == 0;
                Count = _isWhole ? rows.Count : Count;
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>A stretch of it; what was not read yet is.</summary>
    public async ValueTask<IReadOnlyList<FileView>> GetAsync(int start, int count, CancellationToken cancellationToken)
    {
        var end = (int)Math.Min((long)start + count, Count);
        if (_rows.Count < end)
        {
            await ReadToAsync(end, cancellationToken);
        }

        return start >= _rows.Count ? [] : _rows[start..Math.Min(end, _rows.Count)];
    }

    private async Task ReadToAsync(int end, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            while (_rows.Count < end && !_isWhole)
            {
                var rows = _rows;
                var before = rows.Count;
                var options = _options with { After = SegmentOf(rows[^1]), Limit = Math.Max(PageSize, end - before) };
                var read = await list(options, batch => Take(rows, batch), cancellationToken);
                Problem = read.Error;
                if (read.IsError)
                {
                    return;
                }

                // some may have gone meanwhile: then there are no more than these
                _isWhole = rows.Count == before || rows.Count >= Count;
                Count = _isWhole ? rows.Count : Count;
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    private static ValueTask Take(List<FileView> rows, IReadOnlyList<FileView> batch)
    {
        rows.AddRange(batch);
        return ValueTask.CompletedTask;
    }

    private static string SegmentOf(FileView view) => view.Path[(view.Path.LastIndexOf('/') + 1)..];

    public void Dispose()
    {
        // a page that is left may still read, and lets go of it then; a semaphore without a handle holds nothing
    }
}
