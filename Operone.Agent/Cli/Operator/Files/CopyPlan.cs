using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>What is to be done with one thing.</summary>
internal enum StepKind
{
    /// <summary>A folder is made.</summary>
    Folder,

    /// <summary>A file is copied.</summary>
    File,

    /// <summary>A link is made.</summary>
    Link,

    /// <summary>It is there already, as it should be.</summary>
    Same,

    /// <summary>Something is there, which stays.</summary>
    Kept,

    /// <summary>It cannot be done.</summary>
    Problem,

    /// <summary>What the source does not have is removed.</summary>
    Removed,
}

/// <summary>One step.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Item">With what.</param>
/// <param name="To">Where.</param>
/// <param name="Replaced">What is there now.</param>
/// <param name="Error">Why it cannot be done.</param>
internal sealed record Step(StepKind Kind, FileItem Item, TreePath To, FileItem? Replaced = null, Error? Error = null);

/// <summary>How a copy is meant.</summary>
/// <param name="Recursive">Folders too.</param>
/// <param name="NoClobber">Nothing is replaced.</param>
/// <param name="Update">Only what is missing, or differs in size or time.</param>
/// <param name="Delete">What the source does not have is removed from the target.</param>
internal sealed record CopyOptions(bool Recursive, bool NoClobber, bool Update, bool Delete);

/// <summary>What a copy would do, found by listing both sides; nothing is changed by that.</summary>
internal sealed class CopyPlan(IFileSide from, IFileSide to, CopyOptions options)
{
    private readonly List<Step> _steps = [];

    /// <summary>The steps: folders before what is in them.</summary>
    public IReadOnlyList<Step> Steps => _steps;

    /// <summary>The side that it comes from.</summary>
    public IFileSide From => from;

    /// <summary>The side that it goes to.</summary>
    public IFileSide To => to;

    /// <summary>How many bytes there are to copy.</summary>
    public long Bytes => _steps.Where(s => s.Kind == StepKind.File).Sum(s => s.Item.Size);

    /// <summary>How many files there are to copy.</summary>
    public int Files => _steps.Count(s => s.Kind == StepKind.File);

    /// <summary>Adds something with all that is in it.</summary>
    public async Task AddAsync(FileItem item, TreePath target, CancellationToken cancellationToken)
    {
        if (from is RemoteFiles one && to is RemoteFiles other && one.Device == other.Device && target.IsIn(item.Path))
        {
            Problem(item, target, target.Equals(item.Path) ? "Source and target are the same." : "A folder cannot be copied into itself.");
            return;
        }

        var there = await to.StatAsync(target, cancellationToken);
        if (there.Error is { } error && error.Code != "file-not-found")
        {
            _steps.Add(new Step(StepKind.Problem, item, target, Error: error));
            return;
        }

        // a link that was named is followed; those further down are copied as links
        var waiting = new Stack<(FileItem Item, TreePath Target, FileItem? There)>();
        waiting.Push((item.Kind == FileKind.Link && item.IsFolder ? item with { Kind = FileKind.Folder } : item, target, there.IsError ? null : there.Value));
        var isFirst = true;
        while (waiting.TryPop(out var next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (next.Item.Kind == FileKind.Folder)
            {
                // a link that lies in the target is not followed: who made the source may have made it, to have something written elsewhere
                var isThere = next.There is { Kind: FileKind.Folder } || (isFirst && next.There is { IsFolder: true });
                await AddFolderAsync(next.Item, next.Target, next.There, isThere, waiting, cancellationToken);
            }
            else if (next.Item.Kind == FileKind.Link && !(isFirst && next.Item.IsFile))
            {
                AddLink(next.Item, next.Target, next.There);
            }
            else if (next.Item.IsFile)
            {
                AddFile(next.Item, next.Target, next.There);
            }
            else
            {
                Problem(next.Item, next.Target, "It is no file, no folder and no link: it is not copied.");
            }

            isFirst = false;
        }
    }

    private async Task AddFolderAsync(
        FileItem item, TreePath target, FileItem? there, bool isThere, Stack<(FileItem Item, TreePath Target, FileItem? There)> waiting, CancellationToken cancellationToken)
    {
        if (!options.Recursive)
        {
            Problem(item, target, "It is a folder: say -r to copy it with all that is in it.");
            return;
        }

        if (there is not null && !isThere)
        {
            if (!options.Delete)
            {
                Problem(item, target, $"'{to.Show(target)}' is there and no folder.");
                return;
            }

            _steps.Add(new Step(StepKind.Removed, there, target, there));
            there = null;
        }

        var present = new Dictionary<string, FileItem>(StringComparer.Ordinal);
        var children = new List<FileItem>();
        var listed = await from.ListAsync(item.Path, children.Add, cancellationToken);
        if (!listed.IsError && there is not null)
        {
            listed = await to.ListAsync(target, i => present[i.Name] = i, cancellationToken);
        }

        if (listed.Error is { } error)
        {
            _steps.Add(new Step(StepKind.Problem, item, target, Error: error));
            return;
        }

        _steps.Add(new Step(there is null ? StepKind.Folder : StepKind.Same, item, target, there));

        // the last one that is pushed comes first
        children.Reverse();
        foreach (var child in children)
        {
            waiting.Push((child, target.Child(child.Name), present.GetValueOrDefault(child.Name)));
            present.Remove(child.Name);
        }

        if (options.Delete)
        {
            _steps.AddRange(present.Values.Select(extra => new Step(StepKind.Removed, extra, target.Child(extra.Name), extra)));
        }
    }

    private void AddFile(FileItem item, TreePath target, FileItem? there)
    {
        if (there is { IsFolder: true })
        {
            if (!options.Delete)
            {
                Problem(item, target, $"'{to.Show(target)}' is there and a folder.");
                return;
            }

            _steps.Add(new Step(StepKind.Removed, there, target, there));
            there = null;
        }

        _steps.Add(new Step(
            there is null ? StepKind.File : options.NoClobber ? StepKind.Kept : options.Update && item.IsLike(there) ? StepKind.Same : StepKind.File, item, target, there));
    }

    private void AddLink(FileItem item, TreePath target, FileItem? there)
    {
        if (there is { Kind: FileKind.Folder } && !options.Delete)
        {
            Problem(item, target, $"'{to.Show(target)}' is there and a folder.");
            return;
        }

        _steps.Add(new Step(
            there is { Kind: FileKind.Link } && there.Target == item.Target ? StepKind.Same : there is not null && options.NoClobber ? StepKind.Kept : StepKind.Link,
            item, target, there));
    }

    private void Problem(FileItem item, TreePath target, string why) =>
        _steps.Add(new Step(StepKind.Problem, item, target, Error: new(ErrorKind.Conflict, FileProblems.WrongKind, why, "")));
}
