using System.Globalization;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Files.Archives;

namespace Operone.Web.Files.Dav;

/// <summary>COPY and MOVE (RFC 4918, sections 9.8 and 9.9), between any two places of the drive. What is copied goes through the node, and is never stored there.</summary>
internal sealed class DavCopies(DavNodes nodes, DavGuard guard, DavWriting writing, DavLocks locks, FileService files, FileTree tree)
{
    private const int ModeBits = 0x1FF;

    /// <summary>What did not work, and where.</summary>
    private sealed record Failure(TreePath Path, bool IsFolder, Error Error);

    public async Task<IResult> RunAsync(DavCall call, bool isMove)
    {
        var destination = guard.Destination(call);
        if (destination.IsError)
        {
            return destination.Error!.Refuse().ToResult(call.Request);
        }

        var to = destination.Value;
        if (call.Overwrite is not { } overwrite || call.Depth is not { } depth || depth == 1 || (isMove && depth == 0))
        {
            return DavErrors.Malformed("Its Overwrite must be T or F, and its Depth infinity; of a copy it may be 0.").Refuse().ToResult(call.Request);
        }

        var source = await nodes.StatAsync(call.Actor, call.Path, call.Cancelled);
        if (source.IsError)
        {
            return source.Error!.Refuse().ToResult(call.Request);
        }

        // a device has an id and a name in any case: what is one place under two addresses is one place
        var (one, other) = (await tree.CanonicalAsync(call.Path, call.Cancelled), await tree.CanonicalAsync(to, call.Cancelled));
        if (other.IsIn(one) || one.IsIn(other))
        {
            return DavErrors.Into(call.Path.ToString(), to.ToString()).Refuse().ToResult(call.Request);
        }

        DavChange[] changes = [new(to, IsMember: true, IsDeep: true)];
        if (await guard.CheckAsync(call, isMove ? [.. changes, new(call.Path, IsMember: true, IsDeep: true)] : changes) is { } refusal)
        {
            return refusal.ToResult(call.Request);
        }

        var there = await nodes.FindAsync(call.Actor, to, call.Cancelled);
        if (there.IsError || (there.Value is not null && !overwrite))
        {
            return (there.Error?.Refuse()
                ?? FileErrors.From(new(FileProblems.Exists, "and the request says not to replace it."), to.ToString()).Refuse(StatusCodes.Status412PreconditionFailed)).ToResult(call.Request);
        }

        if (there.Value is null && await AboveAsync(call, to) is { } missing)
        {
            return missing.Refuse().ToResult(call.Request);
        }

        // a file replaces a file at once; anything else goes to the trash first
        var replaces = there.Value is { Kind: not FileKind.Folder } && source.Value.Kind != FileKind.Folder;
        if (there.Value is not null && !replaces && (await writing.RemoveAsync(call.Actor, to, call.Cancelled)).Error is { } kept)
        {
            return kept.Refuse().ToResult(call.Request);
        }

        var failures = isMove ? await MoveAsync(call, source.Value, to, replaces) : await CopyAsync(call.Actor, call.Path, source.Value, to, depth, call.Cancelled);
        return await AnswerAsync(call, failures, to, isNew: there.Value is null);
    }

    private static async Task<IResult> AnswerAsync(DavCall call, List<Failure> failures, TreePath to, bool isNew)
    {
        switch (failures)
        {
            case []:
                return DavWriting.Done(isNew);
            case [var only] when only.Path.Equals(to) || only.Path.Equals(call.Path):
                return DavWriting.Missing(only.Error, to, StatusCodes.Status412PreconditionFailed).ToResult(call.Request);
            default:
                using (var answer = new MultiStatus(call.Http))
                {
                    foreach (var failure in failures)
                    {
                        await answer.AddAsync(failure.Path, failure.IsFolder, failure.Error, call.Cancelled);
                    }

                    await answer.EndAsync(call.Cancelled);
                }

                return Results.Empty;
        }
    }

    private async Task<Error?> AboveAsync(DavCall call, TreePath to)
    {
        var above = await nodes.FindAsync(call.Actor, to.Parent, call.Cancelled);
        return above.IsError ? above.Error : above.Value is { Kind: FileKind.Folder } ? null : DavErrors.Above(to.ToString());
    }

    private async Task<List<Failure>> MoveAsync(DavCall call, FileView source, TreePath to, bool replaces)
    {
        var moved = await files.MoveAsync(call.Actor, call.Path, to, overwrite: replaces, call.Cancelled);
        if (moved.Error is { Code: "other-file-system" })
        {
            var failures = await CopyAsync(call.Actor, call.Path, source, to, DavCall.Infinity, call.Cancelled);
            if (failures.Count > 0)
            {
                return failures;
            }

            // all of it is at its new place: this is no loss that a trash could heal
            var removed = await files.RemoveAsync(call.Actor, call.Path, recursive: true, trash: false, call.Cancelled);
            if (removed.IsError)
            {
                return [new(call.Path, source.Kind == FileKind.Folder, removed.Error!)];
            }
        }
        else if (moved.IsError)
        {
            return [new(to, source.Kind == FileKind.Folder, moved.Error!)];
        }

        // a lock does not move along (RFC 4918, section 7.7)
        await locks.GoneAsync(call.Path, CancellationToken.None);
        return [];
    }

    private async Task<List<Failure>> CopyAsync(Actor actor, TreePath from, FileView source, TreePath to, int depth, CancellationToken cancellationToken)
    {
        var failures = new List<Failure>();
        await CopyAsync(new Copying(actor, failures, cancellationToken), from, source, to, depth);
        return failures;
    }

    private async Task CopyAsync(Copying copying, TreePath from, FileView source, TreePath to, int depth)
    {
        var made = source.Kind switch
        {
            FileKind.Folder => await files.MakeFolderAsync(copying.Actor, to, parents: false, copying.Cancelled),
            FileKind.File => await CopyFileAsync(copying, from, source, to),
            FileKind.Link => await files.MakeLinkAsync(copying.Actor, to, source.Target ?? "", copying.Cancelled),
            _ => FileErrors.From(new(FileProblems.WrongKind, "it is neither a file nor a folder."), from.ToString()),
        };
        var error = made.IsError ? made.Error : source.Kind is FileKind.Link ? null : await CopyPropertiesAsync(copying, source, to);
        if (error is not null)
        {
            copying.Failures.Add(new(to, source.Kind == FileKind.Folder, error));
        }

        if (!made.IsError && source.Kind == FileKind.Folder && depth > 0)
        {
            await CopyInnerAsync(copying, from, to);
        }
    }

    /// <summary>What is in a folder: its files as they are listed, its folders when the list is over, so that no more than one list is open.</summary>
    private async Task CopyInnerAsync(Copying copying, TreePath from, TreePath to)
    {
        var folders = new List<FileView>();
        var listed = await files.ListAllAsync(
            copying.Actor, from, new(Attribute: DeadProperties.Attribute),
            async batch =>
            {
                foreach (var entry in batch)
                {
                    if (entry.Kind == FileKind.Folder)
                    {
                        folders.Add(entry);
                    }
                    else
                    {
                        await InnerAsync(entry);
                    }
                }
            },
            copying.Cancelled);
        if (listed.IsError)
        {
            copying.Failures.Add(new(from, IsFolder: true, listed.Error!));
        }

        foreach (var folder in folders)
        {
            await InnerAsync(folder);
        }

        Task InnerAsync(FileView entry)
        {
            var child = TreePath.Parse(entry.Path).Value;
            return CopyAsync(copying, child, entry, to.Child(child.Name), DavCall.Infinity);
        }
    }

    private async Task<Result<FileView>> CopyFileAsync(Copying copying, TreePath from, FileView source, TreePath to)
    {
        var opened = await files.ReadAsync(copying.Actor, from, 0, null, copying.Cancelled);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        await using var reading = opened.Value;
        await using var content = new FileContent(reading, reading.Entry.Size > 0 ? reading.Entry.Size.Value : null);
        var mode = FileService.ParseMode(source.Mode ?? "") is { } bits ? bits & ModeBits : (int?)null;
        try
        {
            return await files.WriteAsync(copying.Actor, to, content, new(Overwrite: true, Mode: mode), copying.Cancelled);
        }
        catch (IOException broken)
        {
            return FileErrors.From(new(FileProblems.Failed, string.Create(CultureInfo.InvariantCulture, $"it could not be read to its end: {broken.Message}")), from.ToString());
        }
    }

    /// <summary>The properties that a drive has set go along; what a file that was replaced had goes.</summary>
    private async Task<Error?> CopyPropertiesAsync(Copying copying, FileView source, TreePath to)
    {
        var properties = source.Attributes?.GetValueOrDefault(DeadProperties.Attribute);
        if (properties is null)
        {
            var there = await files.StatAsync(copying.Actor, to, copying.Cancelled);
            if (there.IsError || there.Value.Attributes?.ContainsKey(DeadProperties.Attribute) != true)
            {
                return there.Error;
            }
        }

        var changed = await files.ChangeAsync(
            copying.Actor, to, new(Attributes: new Dictionary<string, byte[]?> { [DeadProperties.Attribute] = properties }), copying.Cancelled);
        return changed.Error;
    }

    private sealed record Copying(Actor Actor, List<Failure> Failures, CancellationToken Cancelled);
}
