using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files;

/// <content>Lists.</content>
internal sealed partial class FileService
{
    /// <summary>How many entries a page has where nobody says.</summary>
    internal const int DefaultPage = 200;

    private const int MaxPage = 5000;

    /// <summary>A page of a folder.</summary>
    public async Task<Result<FolderView>> ListAsync(Actor actor, TreePath address, FileListOptions options, CancellationToken cancellationToken)
    {
        if (Check(options, after => FileName.FromSegment(after) is { } name && FileName.Check(name) is null) is { } invalid)
        {
            return invalid;
        }

        var limit = options.Limit ?? DefaultPage;
        var items = new List<FileView>();
        var count = await ListBothAsync(actor, address, options with { Limit = limit + 1 }, batch =>
        {
            items.AddRange(batch);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        if (count.IsError)
        {
            return count.Error!;
        }

        // those with a scope of their own come on top of the limit: no cursor is one of them
        var most = limit + count.Value.Inner;
        return items.Count > most ? new FolderView(items[..most], SegmentOf(items[most - 1]), count.Value.All) : new FolderView(items, null, count.Value.All);
    }

    /// <summary>All of a folder, in batches as they come. Gives how many there are in all.</summary>
    public async Task<Result<long>> ListAllAsync(
        Actor actor, TreePath address, FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken)
    {
        var listed = await ListBothAsync(actor, address, options, take, cancellationToken);
        return listed.IsError ? listed.Error! : listed.Value.All;
    }

    /// <summary>The folders with a scope of their own first, on the first page, then the rest.</summary>
    private async Task<Result<(long All, int Inner)>> ListBothAsync(
        Actor actor, TreePath address, FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken)
    {
        if (await tree.ListOwnAsync(actor, address, cancellationToken) is { } own)
        {
            if (own.IsError)
            {
                return own.Error!;
            }

            FileEntry[] all = [.. own.Value.Where(e => options.Filter is not { } filter || e.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
            var from = options.After is { } after ? Array.FindIndex(all, e => e.Segment == after) + 1 : options.Skip ?? 0;
            await take([.. all.Skip(from).Take(options.Limit ?? int.MaxValue).Select(e => View(address.Child(e.Name), e, isWritable: false))]);
            return (all.Length, 0);
        }

        var place = await tree.FindAsync(actor, address, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var inner = await FileTree.ListInnerAsync(place.Value, cancellationToken);
        var shown = inner.Where(e => options.Filter is not { } filter || e.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToArray();
        if (options.Skip is { } skip)
        {
            // a stretch of both: those with a scope of their own count, and come first
            var some = shown.Skip(skip).Take(options.Limit ?? int.MaxValue).ToArray();
            await TakeInnerAsync(some);
            options = options with { Skip = Math.Max(0, skip - shown.Length), Limit = options.Limit - some.Length };
        }
        else if (options.After is null)
        {
            await TakeInnerAsync(shown);
        }

        var listed = await place.Value.Backend.ListAsync(
            place.Value.Scope, place.Value.Path, options, batch => take([.. batch.Select(e => View(address.Child(e.Name), e, place.Value.IsWritable))]), cancellationToken);
        return listed.IsError ? listed.Error! : (listed.Value + shown.Length, options.After is null ? shown.Length : 0);

        async ValueTask TakeInnerAsync(FileEntry[] some)
        {
            if (some.Length > 0)
            {
                await take([.. some.Select(e => View(address.Child(e.Name), e, isWritable: false))]);
            }
        }
    }

    /// <summary>What is wrong with how a folder is to be listed, in the tree or in an archive; null where nothing is.</summary>
    /// <param name="options">How.</param>
    /// <param name="isCursor">Whether the list has given such a cursor.</param>
    internal static Error? Check(FileListOptions options, Predicate<string> isCursor)
    {
        var errors = new FieldErrors();
        errors.AddIf(options.Limit is < 1 or > MaxPage, "limit", $"must be 1 to {MaxPage}");
        errors.AddIf(options.Skip < 0, "skip", "must not be negative");
        errors.AddIf(options.Sort?.TrimStart('-') is not (null or "name" or "size" or "modified" or "kind"), "sort", "must be name, size, modified or kind, with - in front for downwards");
        errors.AddIf(options.Filter?.Length > 255, "filter", "is longer than 255 characters");
        errors.AddIf(options.After is { } after && !isCursor(after), "cursor", "is not one that this list gave");
        return errors.ToError();
    }

    private static string SegmentOf(FileView view) => view.Path[(view.Path.LastIndexOf('/') + 1)..];
}
