using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Unpack;

/// <summary>
/// Unpacks one archive into one plan.Folder. The scope that each call has is the folder itself, so that where the files are holds everything to it once more, links
/// included. Small files are written many by one call.
/// </summary>
internal sealed class UnpackRun(UnpackPlan plan, UnpackMeter meter, Func<UnpackLine, ValueTask> take)
{
    private readonly FileScope _scope = plan.Folder.Scope with { Root = plan.Folder.Path.ToAddress() };
    private readonly List<(ArchiveEntry Entry, TreePath Path, WholeFile File)> _batch = [];
    private readonly HashSet<TreePath> _folders = [TreePath.Top];
    private readonly HashSet<TreePath> _seen = [];
    private readonly HashSet<TreePath> _links = [];
    private readonly List<(TreePath Path, ArchiveEntry Entry)> _made = [];
    private long _batchBytes;
    private long _unpacked;
    private long _skipped;
    private long _refused;
    private long _failed;
    private long _bytes;

    /// <summary>What it came to.</summary>
    public UnpackEnd End(string format, FileProblem? problem) => new(format, _unpacked, _skipped, _refused, _failed, _bytes, problem);

    /// <summary>Unpacks it all.</summary>
    /// <exception cref="UnpackStop">It had to be ended before.</exception>
    public async Task RunAsync(IArchiveReader archive, CancellationToken cancellationToken)
    {
        try
        {
            while (await archive.NextAsync(cancellationToken) is { } entry)
            {
                meter.AddEntry();
                await TakeAsync(entry, cancellationToken);
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            await FlushAsync(cancellationToken);
            throw UnpackStop.Broken(problem.Message);
        }
        catch (UnpackStop)
        {
            // what came before it is right
            await FlushAsync(cancellationToken);
            throw;
        }

        await FlushAsync(cancellationToken);
        await FinishFoldersAsync(cancellationToken);
    }

    private async Task TakeAsync(ArchiveEntry entry, CancellationToken cancellationToken)
    {
        var (path, refusal) = ArchiveNames.Read(entry.Name);
        refusal ??= entry.Refusal;
        if (path is { IsTop: true } && entry.Kind == FileKind.Folder)
        {
            return; // the folder itself
        }

        if (path is null || path.IsTop || refusal is not null)
        {
            await TellAsync(entry, path, UnpackOutcome.Refused, refusal ?? "it has no name");
            return;
        }

        if (Enumerable.Range(1, path.Depth - 1).Any(i => _links.Contains(path.First(i))))
        {
            await TellAsync(entry, path, UnpackOutcome.Refused, "a link of the archive is on the way to it");
            return;
        }

        if (!_seen.Add(path) && entry.Kind != FileKind.Folder)
        {
            await TellAsync(entry, path, UnpackOutcome.Refused, "the archive has the name twice");
            return;
        }

        if (await RequireFolderAsync(path.Parent, cancellationToken) is { } missing)
        {
            await TellAsync(entry, path, UnpackOutcome.Failed, missing.Detail);
            return;
        }

        switch (entry.Kind)
        {
            case FileKind.Folder:
                var made = await RequireFolderAsync(path, cancellationToken);
                await TellAsync(entry, path, made is null ? UnpackOutcome.Unpacked : UnpackOutcome.Failed, made?.Detail);
                if (made is null)
                {
                    _made.Add((path, entry));
                }

                break;
            case FileKind.Link:
                await LinkAsync(entry, path, cancellationToken);
                break;
            case null:
                await CopyAsync(entry, path, cancellationToken);
                break;
            default:
                await FileAsync(entry, path, entry.Content, cancellationToken);
                break;
        }
    }

    private async Task FileAsync(ArchiveEntry entry, TreePath path, Stream content, CancellationToken cancellationToken)
    {
        if (plan.Conflict == UnpackConflict.Skip && !(await plan.Folder.Backend.StatAsync(_scope, At(path), withAttributes: false, cancellationToken)).IsError)
        {
            await TellAsync(entry, path, UnpackOutcome.Skipped, "there is one already");
            return;
        }

        byte[] first;
        try
        {
            first = new byte[(int)Math.Clamp(entry.Size + 1, 1, FileLimits.SmallBytes)];
            var have = await content.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellationToken);
            if (have < first.Length)
            {
                await PutLaterAsync(entry, path, first.AsMemory(0, have), cancellationToken);
                return;
            }
        }
        catch (InvalidDataException problem)
        {
            await TellAsync(entry, path, UnpackOutcome.Failed, problem.Message);
            return;
        }

        await WriteAsync(entry, path, new InStream(first, content, null), cancellationToken);
    }

    private async ValueTask PutLaterAsync(ArchiveEntry entry, TreePath path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (_batch.Count == FileLimits.SmallFiles || _batchBytes + bytes.Length > FileLimits.SmallBatchBytes)
        {
            await FlushAsync(cancellationToken);
        }

        _batch.Add((entry, path, new WholeFile(At(path), bytes, new(plan.Conflict == UnpackConflict.Overwrite, null, SHA256.HashData(bytes.Span), ModeOf(entry), TimeOf(entry)))));
        _batchBytes += bytes.Length;
    }

    /// <summary>Writes what waits.</summary>
    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        var batch = _batch.ToArray();
        _batch.Clear();
        _batchBytes = 0;
        if (batch.Length == 0)
        {
            return;
        }

        var put = await plan.Folder.Backend.PutAsync(_scope, [.. batch.Select(b => b.File)], cancellationToken);
        for (var i = 0; i < batch.Length; i++)
        {
            var (entry, path, file) = batch[i];
            var error = put.Error ?? put.Value[i];
            await TellAsync(entry, path, OutcomeOf(error), error?.Detail, error is null ? file.Content.Length : null);
        }

        if ((put.Error ?? put.Value.FirstOrDefault(e => e is not null && IsOver(e))) is { } problem)
        {
            throw new UnpackStop(problem);
        }
    }

    private async Task WriteAsync(ArchiveEntry entry, TreePath path, Stream content, CancellationToken cancellationToken)
    {
        Result<long> written;
        try
        {
            written = await PutAsync(entry, At(path), content, cancellationToken);
        }
        catch (InvalidDataException problem)
        {
            await TellAsync(entry, path, UnpackOutcome.Failed, problem.Message);
            return;
        }

        if (written.Error is { } error)
        {
            ThrowIfOver(error);
            await TellAsync(entry, path, OutcomeOf(error), error.Detail);
            return;
        }

        await TellAsync(entry, path, UnpackOutcome.Unpacked, null, written.Value);
    }

    /// <summary>Writes a file whole, or not at all.</summary>
    private async Task<Result<long>> PutAsync(ArchiveEntry entry, TreePath path, Stream content, CancellationToken cancellationToken)
    {
        var upload = Guid.CreateVersion7();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var isDone = false;
        try
        {
            var begun = await plan.Folder.Backend.WriteAsync(_scope, path, upload, 0, cancellationToken);
            if (begun.IsError)
            {
                return begun.Error!;
            }

            long length;
            await using (var writing = begun.Value)
            {
                var buffer = new byte[FileLimits.PieceBytes];
                for (int count; (count = await content.ReadAsync(buffer, cancellationToken)) > 0;)
                {
                    hash.AppendData(buffer, 0, count);
                    if ((await writing.WriteAsync(buffer.AsMemory(0, count), cancellationToken)).Error is { } error)
                    {
                        return error;
                    }
                }

                var ended = await writing.EndAsync(cancellationToken);
                if (ended.IsError)
                {
                    return ended.Error!;
                }

                length = ended.Value;
            }

            using var patience = new CancellationTokenSource(FileService.Patience);
            var committed = await plan.Folder.Backend.CommitAsync(
                _scope, path, upload, new(plan.Conflict == UnpackConflict.Overwrite, null, hash.GetHashAndReset(), ModeOf(entry), TimeOf(entry)), patience.Token);
            isDone = !committed.IsError;
            return isDone ? length : committed.Error!;
        }
        finally
        {
            if (!isDone)
            {
                await plan.Folder.Backend.DiscardAsync(_scope, path, upload, TimeSpan.FromSeconds(10), CancellationToken.None);
            }
        }
    }

    private async Task LinkAsync(ArchiveEntry entry, TreePath path, CancellationToken cancellationToken)
    {
        if (ArchiveNames.CheckTarget(path, entry.Target ?? "") is { } refusal)
        {
            await TellAsync(entry, path, UnpackOutcome.Refused, refusal);
            return;
        }

        var target = string.Join('/', entry.Target!.Split('/').Select(FileName.ToSegment));
        var made = await plan.Folder.Backend.MakeLinkAsync(_scope, At(path), target, cancellationToken);
        if (made.Error?.Code == "file-exists" && plan.Conflict == UnpackConflict.Overwrite)
        {
            var removed = await plan.Folder.Backend.RemoveAsync(_scope, At(path), recursive: false, trash: false, cancellationToken);
            made = removed.IsError ? removed.Error! : await plan.Folder.Backend.MakeLinkAsync(_scope, At(path), target, cancellationToken);
        }

        if (made.Error is { } error)
        {
            ThrowIfOver(error);
            await TellAsync(entry, path, OutcomeOf(error), error.Detail);
            return;
        }

        _links.Add(path);
        await TellAsync(entry, path, UnpackOutcome.Unpacked, null);
    }

    /// <summary>A hard link to something before it becomes a file of its own with the same bytes.</summary>
    private async Task CopyAsync(ArchiveEntry entry, TreePath path, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        var (source, refusal) = ArchiveNames.Read(entry.Target ?? "");
        if (source is null || !_seen.Contains(source) || _links.Contains(source) || source.Equals(path) || _folders.Contains(source))
        {
            await TellAsync(entry, path, UnpackOutcome.Refused, refusal is null ? "it is a hard link to what is no file before it in the archive" : $"it is a hard link, and of its target {refusal}");
            return;
        }

        var opened = await TreeFile.OpenAsync(plan.Folder.Backend, _scope, At(source), cancellationToken);
        if (opened.IsError)
        {
            await TellAsync(entry, path, UnpackOutcome.Failed, opened.Error!.Detail);
            return;
        }

        meter.Add(opened.Value.Length);
        await using var content = opened.Value.Part(0, opened.Value.Length);
        await FileAsync(entry with { Size = opened.Value.Length }, path, content, cancellationToken);
    }

    /// <summary>Makes a folder, and those above it; what is there must be a folder, and no link.</summary>
    private async Task<Error?> RequireFolderAsync(TreePath path, CancellationToken cancellationToken)
    {
        for (var depth = 1; depth <= path.Depth; depth++)
        {
            var one = path.First(depth);
            if (_folders.Contains(one))
            {
                continue;
            }

            var made = await plan.Folder.Backend.MakeFolderAsync(_scope, At(one), parents: false, cancellationToken);
            if (made.Error is { } error)
            {
                ThrowIfOver(error);
                var there = await plan.Folder.Backend.StatAsync(_scope, At(one), withAttributes: false, cancellationToken);
                if (there.IsError || there.Value.Kind != FileKind.Folder)
                {
                    return there.IsError ? error : FileErrors.From(new(FileProblems.WrongKind, $"There is a {there.Value.Kind.ToString().ToLowerInvariant()} where a folder should be."), plan.Folder.Address.Join(one).ToString());
                }
            }

            _folders.Add(one);
        }

        return null;
    }

    /// <summary>Modes and times of folders come last: what is put in them would change these, or could not be put there.</summary>
    private async Task FinishFoldersAsync(CancellationToken cancellationToken)
    {
        foreach (var (path, entry) in Enumerable.Reverse(_made))
        {
            var changed = await plan.Folder.Backend.ChangeAsync(
                _scope, At(path), new(ModeOf(entry), ModifiedAt: TimeOf(entry)), cancellationToken);
            if (changed.Error is { } error)
            {
                ThrowIfOver(error);
            }
        }
    }

    private TreePath At(TreePath below) => plan.Folder.Path.Join(below);

    /// <summary>The bits that let a program run as its owner or group are not taken from an archive.</summary>
    private int? ModeOf(ArchiveEntry entry) => plan.Keep && plan.Folder.Backend.Abilities.HasModes && entry.Mode is { } bits ? bits & 0x1FF : null;

    private DateTimeOffset? TimeOf(ArchiveEntry entry) => plan.Keep ? entry.ModifiedAt : null;

    private UnpackOutcome OutcomeOf(Error? error) =>
        error is null ? UnpackOutcome.Unpacked : plan.Conflict == UnpackConflict.Skip && error.Code == "file-exists" ? UnpackOutcome.Skipped : UnpackOutcome.Failed;

    /// <summary>Without the device, or without room, nothing more comes of it.</summary>
    private static void ThrowIfOver(Error error)
    {
        if (IsOver(error))
        {
            throw new UnpackStop(error);
        }
    }

    private static bool IsOver(Error error) => FileErrors.IsAway(error) || error.Code == "no-space";

    private ValueTask TellAsync(ArchiveEntry entry, TreePath? path, UnpackOutcome outcome, string? detail, long? bytes = null)
    {
        _ = outcome switch
        {
            UnpackOutcome.Unpacked => _unpacked++,
            UnpackOutcome.Skipped => _skipped++,
            UnpackOutcome.Refused => _refused++,
            _ => _failed++,
        };
        _bytes += bytes ?? 0;
        return take(new(new(FileName.Display(entry.Name), outcome, entry.Kind ?? FileKind.File, path is null ? null : plan.Folder.Address.Join(path).ToAddress(), bytes, detail)));
    }
}
