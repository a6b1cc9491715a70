using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Dav;

/// <summary>The tree as a drive sees it: files and folders alone. A link is what it leads to.</summary>
internal sealed class DavNodes(FileService files)
{
    /// <summary>What is at a place, with its extended attributes; what is neither a file nor a folder is as it is.</summary>
    public async Task<Result<FileView>> StatAsync(Actor actor, TreePath path, CancellationToken cancellationToken)
    {
        var stat = await files.StatAsync(actor, path, cancellationToken);
        return stat.IsError || stat.Value.Kind != FileKind.Link ? stat : await FollowAsync(actor, path, stat.Value, cancellationToken) ?? stat.Value;
    }

    /// <summary>Whether there is something at a place.</summary>
    public async Task<Result<FileView?>> FindAsync(Actor actor, TreePath path, CancellationToken cancellationToken)
    {
        var stat = await StatAsync(actor, path, cancellationToken);
        return !stat.IsError ? stat.Value : stat.Error!.Code == "file-not-found" ? (Result<FileView?>)(FileView?)null : stat.Error!;
    }

    /// <summary>The files and folders in a folder.</summary>
    public async Task<Result<long>> ListAsync(
        Actor actor, TreePath path, bool withProperties, Func<TreePath, FileView, ValueTask> take, CancellationToken cancellationToken) => await files.ListAllAsync(
            actor, path, new(Attribute: withProperties ? DeadProperties.Attribute : null),
            async batch =>
            {
                foreach (var entry in batch)
                {
                    var child = TreePath.Parse(entry.Path).Value;
                    var view = entry.Kind == FileKind.Link ? await FollowAsync(actor, child, entry, cancellationToken) : entry;
                    if (view is { Kind: FileKind.File or FileKind.Folder })
                    {
                        await take(child, view);
                    }
                }
            },
            cancellationToken);

    /// <summary>What a link leads to; null where that is nothing that a drive could show.</summary>
    private async Task<FileView?> FollowAsync(Actor actor, TreePath path, FileView link, CancellationToken cancellationToken)
    {
        switch (link.TargetKind)
        {
            case FileKind.Folder:
                return link with { Kind = FileKind.Folder, Size = null, Tag = null };
            case FileKind.File:
                var opened = await files.StatOpenedAsync(actor, path, cancellationToken);
                return opened.IsError ? null : opened.Value with { Path = link.Path, Name = link.Name };
            default:
                return null;
        }
    }
}
