using System.Globalization;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Transfers;

/// <summary>What is done with single items.</summary>
internal sealed partial class TransferWork
{
    private bool _isRenameRefused;

    /// <summary>The folders that the sources go into are made where they are missing.</summary>
    private async Task MakeTargetsAsync(CancellationToken cancellationToken)
    {
        foreach (var ends in _ends.Where(e => !e.IsError).Select(e => e.Value.To).DistinctBy(t => t.Address.Parent))
        {
            var parent = ends.Path.Parent;
            var there = parent.IsTop ? default(Result<FileEntry>?) : await ends.Backend.StatAsync(ends.Scope, parent, withAttributes: false, cancellationToken);
            if (there is { Error.Kind: ErrorKind.NotFound })
            {
                // where that does not work, each of the items says so
                await ends.Backend.MakeFolderAsync(ends.Scope, parent, parents: true, cancellationToken);
            }
        }
    }

    private async Task<Error?> MakeFolderAsync(TransferItem item, TransferEnds ends, CancellationToken cancellationToken)
    {
        // one that is there by now is as good
        var made = await ends.To.Backend.MakeFolderAsync(ends.To.Scope, ends.ToPath(item), parents: true, cancellationToken);
        if (!made.IsError)
        {
            await ledger.NoteAsync(item, TransferOutcome.Done);
        }

        return made.Error;
    }

    private async Task<Error?> BringAsync(TransferItem item, TransferEnds ends, CancellationToken cancellationToken)
    {
        if (item.IsRename)
        {
            return await RenameAsync(item, ends, cancellationToken);
        }

        var decided = await DecideAsync(item, ends, cancellationToken);
        if (decided.IsError || item.Outcome != TransferOutcome.Pending)
        {
            return decided.Error;
        }

        var overwrite = decided.Value;
        var done = item.Kind == FileKind.Link
            ? await LinkAsync(item, ends, overwrite, cancellationToken)
            : await _copier.CopyAsync(ends, item, ends.ToPath(item), overwrite, _isAgain, cancellationToken);
        if (done.Error is { Code: "file-exists" } && transfer.Conflict == ConflictRule.Skip)
        {
            await ledger.NoteAsync(item, TransferOutcome.Skipped);
            return null;
        }

        if (!done.IsError)
        {
            ledger.Moved(item.Kind == FileKind.Link ? item.Size ?? 0 : 0);
            await ledger.NoteAsync(item, TransferOutcome.Done);
        }

        return done.Error;
    }

    /// <summary>Whether what is there is replaced; with another name, or an outcome, where the rule says so.</summary>
    private async Task<Result<bool>> DecideAsync(TransferItem item, TransferEnds ends, CancellationToken cancellationToken)
    {
        if (!item.IsConflict)
        {
            return false;
        }

        if (transfer.Conflict == ConflictRule.Skip || (transfer.Conflict == ConflictRule.Newer && !(item.ThereModifiedAt < item.ModifiedAt)))
        {
            await ledger.NoteAsync(item, TransferOutcome.Skipped, transfer.Conflict == ConflictRule.Newer ? "What is there is newer, or as new." : null);
            return false;
        }

        var overwrite = transfer.Conflict is ConflictRule.Overwrite or ConflictRule.Newer;
        return !overwrite && item.To is null && await FindNameAsync(item, ends, cancellationToken) is { } error ? error : overwrite;
    }

    /// <summary>Brings small files that belong together by one call of the target. One of which that does not work is brought by itself.</summary>
    private async Task<Error?> BringManyAsync(IReadOnlyList<TransferItem> items, CancellationToken cancellationToken)
    {
        if (_ends[items[0].Root] is not { IsError: false, Value: var ends })
        {
            // each of them says so
            return null;
        }

        var wanted = new List<(TransferItem Item, bool Overwrite)>();
        foreach (var item in items)
        {
            var decided = await DecideAsync(item, ends, cancellationToken);
            if (decided.Error is { } away && IsPassing(away))
            {
                return away;
            }

            if (!decided.IsError && item.Outcome == TransferOutcome.Pending)
            {
                wanted.Add((item, decided.Value));
            }
        }

        if (wanted.Count == 0)
        {
            return null;
        }

        var read = await ends.From.Backend.GetAsync(ends.From.Scope, [.. wanted.Select(w => ends.FromPath(w.Item))], cancellationToken);
        if (read.IsError)
        {
            return IsPassing(read.Error!) ? read.Error : null;
        }

        var hasModes = ends.To.Backend.Abilities.HasModes;
        var (taken, files) = (new List<TransferItem>(), new List<WholeFile>());
        foreach (var ((item, overwrite), content) in wanted.Zip(read.Value))
        {
            if (content is { Entry: var entry })
            {
                taken.Add(item);
                files.Add(new WholeFile(
                    ends.ToPath(item),
                    content.Content,
                    new(overwrite, Sha256: SHA256.HashData(content.Content.Span), Mode: hasModes ? entry.Mode & 0x1FF : null, ModifiedAt: entry.ModifiedAt)));
            }
        }

        if (files.Count == 0)
        {
            return null;
        }

        var put = await ends.To.Backend.PutAsync(ends.To.Scope, files, cancellationToken);
        for (var i = 0; i < taken.Count; i++)
        {
            if (!put.IsError && put.Value[i] is null)
            {
                ledger.Moved(files[i].Content.Length);
                ledger.Sent(files[i].Content.Length);
                await ledger.NoteAsync(taken[i], TransferOutcome.Done);
            }
        }

        return put.Error is { } error && IsPassing(error) ? error : null;
    }

    /// <summary>A name with a number that is free in the target; where the item lies under such a name already, it is done.</summary>
    private async Task<Error?> FindNameAsync(TransferItem item, TransferEnds ends, CancellationToken cancellationToken)
    {
        var path = ends.ToPath(item);
        var dot = item.Kind == FileKind.File ? path.Name.LastIndexOf('.') : -1;
        var (stem, extension) = dot > 0 ? (path.Name[..dot], path.Name[dot..]) : (path.Name, "");
        for (var number = 2; number < 1000; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{stem} ({number}){extension}");
            if (FileName.Check(name) is { } problem)
            {
                return Error.InvalidField("path", $"another name for '{path}' {problem}");
            }

            var candidate = path.Parent.Child(name);
            var there = await ends.To.Backend.StatAsync(ends.To.Scope, candidate, withAttributes: false, cancellationToken);
            if (there.IsError)
            {
                item.To = candidate.ToAddress();
                return there.Error!.Kind == ErrorKind.NotFound ? null : there.Error;
            }

            if (_isAgain && there.Value.Kind == item.Kind && there.Value.Size == item.Size && TransferPlanner.IsSameTime(there.Value.ModifiedAt, item.ModifiedAt))
            {
                item.To = candidate.ToAddress();
                ledger.Moved(item.Size ?? 0);
                await ledger.NoteAsync(item, TransferOutcome.Done);
                return null;
            }
        }

        return new(ErrorKind.Conflict, "file-exists", "There is something already.", $"'{path}' and 998 more of its name are there.");
    }

    private async Task<Result<Unit>> LinkAsync(TransferItem item, TransferEnds ends, bool overwrite, CancellationToken cancellationToken)
    {
        var (backend, scope, path) = (ends.To.Backend, ends.To.Scope, ends.ToPath(item));
        if (!backend.Abilities.CanLink)
        {
            return new Error(ErrorKind.Unprocessable, "file-unsupported", "That cannot be done there.", $"{ends.To}: links cannot be made there.");
        }

        if (_isAgain && await backend.StatAsync(scope, path, withAttributes: false, cancellationToken) is { IsError: false, Value: { Kind: FileKind.Link } there } && there.Target == item.Target)
        {
            return Unit.Value;
        }

        if (overwrite && await backend.RemoveAsync(scope, path, recursive: false, trash: false, cancellationToken) is { IsError: true, Error: { Kind: not ErrorKind.NotFound } stays })
        {
            return stays;
        }

        var made = await backend.MakeLinkAsync(scope, path, item.Target ?? "", cancellationToken);
        return made.IsError ? made.Error! : Unit.Value;
    }

    private async Task<Error?> RenameAsync(TransferItem item, TransferEnds ends, CancellationToken cancellationToken)
    {
        var moved = await ends.From.Backend.RenameAsync(ends.From.Scope, ends.FromPath(item), ends.To.Scope, ends.ToPath(item), overwrite: false, cancellationToken);
        if (moved.Error is { Code: "other-file-system" })
        {
            _isRenameRefused = true;
            return null;
        }

        // where it is gone here and there already, the answer was lost the last time
        var isMoved = !moved.IsError || (_isAgain && moved.Error!.Kind == ErrorKind.NotFound
            && !(await ends.To.Backend.StatAsync(ends.To.Scope, ends.ToPath(item), withAttributes: false, cancellationToken)).IsError);
        if (!isMoved)
        {
            return moved.Error;
        }

        ledger.Moved(item.Size ?? 0);
        item.IsSourceSettled = true;
        await ledger.NoteAsync(item, TransferOutcome.Done);
        return null;
    }

    /// <summary>Of a move: what is in its place is removed from its source, file by file; what was not brought stays.</summary>
    private async Task<Error?> EmptySourcesAsync(CancellationToken cancellationToken)
    {
        static IQueryable<TransferItem> Open(IQueryable<TransferItem> items) =>
            items.Where(i => !i.IsSourceSettled && (i.Outcome == TransferOutcome.Done || i.Outcome == TransferOutcome.Same));

        return await EachAsync(items => Open(items).Where(i => i.Kind != FileKind.Folder), TransferLimits.Lanes, false, RemoveSourceAsync, cancellationToken)
            ?? await EachAsync(items => Open(items).Where(i => i.Kind == FileKind.Folder), 1, true, RemoveSourceAsync, cancellationToken);
    }

    private async Task<Error?> RemoveSourceAsync(TransferItem item, TransferEnds ends, CancellationToken cancellationToken)
    {
        var (backend, scope, path) = (ends.From.Backend, ends.From.Scope, ends.FromPath(item));
        if (item.Kind == FileKind.File)
        {
            var now = await backend.StatAsync(scope, path, withAttributes: false, cancellationToken);
            if (now is { IsError: false } && now.Value.Tag != item.Tag)
            {
                await ledger.SettledAsync(item, "It stays at its source too: it has changed since it was brought.");
                return null;
            }

            if (item.Outcome == TransferOutcome.Same && !now.IsError)
            {
                // size and time are no proof: nothing is thrown away on them
                var one = await backend.HashAsync(scope, path, cancellationToken);
                var other = one.IsError ? one : await ends.To.Backend.HashAsync(ends.To.Scope, ends.ToPath(item), cancellationToken);
                if (other.Error is { } unknown && IsPassing(unknown))
                {
                    return unknown;
                }

                if (other.IsError || !one.Value.AsSpan().SequenceEqual(other.Value))
                {
                    await ledger.SettledAsync(item, "It stays at its source too: what is in its place has its size and time, and is not the same.");
                    return null;
                }
            }
        }

        var removed = await backend.RemoveAsync(scope, path, recursive: false, trash: false, cancellationToken);
        if (removed.Error is { } error && IsPassing(error))
        {
            return error;
        }

        await ledger.SettledAsync(item, removed.Error is { Kind: not ErrorKind.NotFound } stays ? $"It stays at its source too: {stays.Detail}" : null);
        return null;
    }

    /// <summary>From the innermost out: what is done in a folder changes its time. It is no harm where that does not work.</summary>
    private async Task KeepFolderTimesAsync(CancellationToken cancellationToken)
    {
        await foreach (var item in ledger.ReadAsync(
            items => items.Where(i => i.Kind == FileKind.Folder && !i.IsRename && i.Outcome == TransferOutcome.Done && i.ModifiedAt != null), isBackwards: true, cancellationToken))
        {
            if (_ends[item.Root] is { IsError: false, Value: var ends } && ends.To.Backend.Abilities.HasModes)
            {
                await ends.To.Backend.ChangeAsync(ends.To.Scope, ends.ToPath(item), new(item.Mode & 0x1FF, ModifiedAt: item.ModifiedAt), cancellationToken);
            }
        }
    }
}
