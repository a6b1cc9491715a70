using System.Buffers;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Disk;
using DiskPlace = Operone.Disk.FilePlace;
using DiskUploads = Operone.Disk.Uploads;

namespace Operone.Web.Files.Mounts.Local;

/// <summary>A folder of the node, as it is mounted. The disk is asked on threads of the pool: it may keep one waiting.</summary>
internal sealed class DiskFiles(ServerFolders folders, Guid mount, TreePath root, string name) : IFileBackend
{
    private readonly IDisk _disk = folders.Disk;
    private readonly DiskUploads _uploads = folders.Uploads;

    public FileAbilities Abilities { get; } = OperatingSystem.IsLinux()
        ? new(CanWrite: true, CanResume: true, CanTrash: true, CanWatch: true, CanLink: true, HasModes: true, CanReuse: true)
        : new(CanWrite: true, CanResume: true, CanTrash: false, CanWatch: false, CanLink: false, HasModes: false, CanReuse: true);

    public Task<Result<FileEntry>> StatAsync(FileScope scope, TreePath path, bool withAttributes, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place => _disk.Stat(place, withAttributes), cancellationToken);

    public Task<Result<long>> ListAsync(
        FileScope scope, TreePath path, FileListOptions options, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            var cache = folders.TakeListing(mount);
            try
            {
                using var folder = _disk.OpenFolder(place);
                var listing = cache.Get(folder, place, options.Sort, folders.Time, cancellationToken);
                var after = options.After is null ? null : FileName.FromSegment(options.After) ?? throw new FileFault(FileProblems.BadName, $"'{options.After}' is no name to go on behind.");
                var from = listing.Behind(after)
                    ?? throw new FileFault(FileProblems.Changed, $"'{FileName.Display(after!)}' is gone, and nobody knows where it stood: list the folder from the beginning.");
                from = listing.Past(from, options.Skip ?? 0, options.Filter);
                var (batch, left) = (new List<FileEntry>(), (long)(options.Limit ?? int.MaxValue));
                for (var i = from; i < listing.Count && left > 0; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (listing.Fits(i, options.Filter) && folder.Entry(listing.Name(i).ToString()) is { } entry)
                    {
                        left--;
                        batch.Add(options.Attribute is { } attribute ? _disk.WithAttributes(place.Child(entry.Name), entry, [attribute]) : entry);
                        if (batch.Count == FileLimits.BatchEntries)
                        {
                            await take(batch);
                            batch = [];
                        }
                    }
                }

                if (batch.Count > 0)
                {
                    await take(batch);
                }

                return (long)listing.CountOf(options.Filter);
            }
            finally
            {
                folders.Return(mount, cache);
            }
        }, cancellationToken);

    public Task<Result<long>> WalkAsync(FileScope scope, TreePath path, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            var (count, problems, first) = (0L, 0, (FileProblem?)null);
            var batch = new List<FileEntry>();
            foreach (var entry in _disk.Walk(place, Note))
            {
                cancellationToken.ThrowIfCancellationRequested();
                count++;
                batch.Add(entry);
                if (batch.Count == FileLimits.BatchEntries)
                {
                    await take(batch);
                    batch = [];
                }
            }

            if (batch.Count > 0)
            {
                await take(batch);
            }

            return first is { } problem
                ? throw new FileFault(problem.Code, problems > 1 ? $"{problem.Detail} So it was with {problems - 1} more." : problem.Detail)
                : count;

            void Note(FileProblem problem)
            {
                problems++;
                first ??= problem;
            }
        }, cancellationToken);

    public Task<Result<IFileReading>> ReadAsync(FileScope scope, TreePath path, long offset, long? length, CancellationToken cancellationToken) =>
        DoAsync<IFileReading>(scope, path, place => new DiskReading(_disk.OpenFile(place), place, offset, length, PlaceOf(path)), cancellationToken);

    public Task<Result<byte[]>> HashAsync(FileScope scope, TreePath path, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place =>
        {
            using var file = _disk.OpenFile(place);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
            try
            {
                int count;
                for (long at = 0; (count = file.Read(buffer, at)) > 0; at += count)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    hash.AppendData(buffer, 0, count);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            return file.Now().Tag == file.Entry.Tag ? hash.GetHashAndReset() : throw new FileFault(FileProblems.Changed, $"'{place}' has changed while it was read.");
        }, cancellationToken);

    public Task<Result<FileChunks>> ChunksAsync(FileScope scope, TreePath path, int average, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place =>
        {
            using var file = _disk.OpenFile(place);
            return FileChunking.Read(file, place, average, cancellationToken);
        }, cancellationToken);

    public Task<Result<IFileWriting>> WriteAsync(FileScope scope, TreePath path, Guid upload, long offset, CancellationToken cancellationToken) =>
        RunAsync<IFileWriting>(scope, path, async place =>
        {
            var at = _disk.PartPath(place, upload);
            var claim = await _uploads.ClaimAsync(upload, cancellationToken);
            IDiskPart? part = null;
            try
            {
                _uploads.Note(upload, place, at);
                part = _disk.OpenPart(place, upload, create: true);
                if (offset >= 0 && offset < part.Length)
                {
                    part.SetLength(offset);
                }

                var digest = folders.DigestOf(upload);
                if (part.Length == offset)
                {
                    digest.Begin(upload, place.Path, offset);
                }

                return new DiskWriting(part, new OldVersion(_disk, place), claim, digest, PlaceOf(path));
            }
            catch
            {
                part?.Dispose();
                claim.Dispose();
                throw;
            }
        }, cancellationToken);

    public Task<Result<FileEntry>> CommitAsync(FileScope scope, TreePath path, Guid upload, FileCommit commit, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            FileFault.RequireMode(commit.Mode);
            _uploads.Require(upload, place);
            using var claim = await _uploads.ClaimAsync(upload, cancellationToken);
            using (var part = _disk.OpenPart(place, upload, create: false))
            {
                part.Sync();
                if (commit.Sha256 is { } expected)
                {
                    if (!folders.DigestOf(upload).Finish(upload, place.Path, part, cancellationToken).AsSpan().SequenceEqual(expected))
                    {
                        throw new FileFault(FileProblems.BadDigest, $"What came of '{place}' is not what was sent: its SHA-256 is another one.");
                    }
                }

                part.Commit(new PartCommit(commit.Overwrite, commit.Tag, commit.Mode, commit.ModifiedAt));
            }

            folders.ForgetDigest(upload);
            _uploads.Forget(upload);
            return _disk.Stat(place, withAttributes: false);
        }, cancellationToken);

    public async Task<Result<IReadOnlyList<Error?>>> PutAsync(FileScope scope, IReadOnlyList<WholeFile> files, CancellationToken cancellationToken)
    {
        var put = await RunAsync(scope, root, place => Task.FromResult(new SmallPut(_disk, _uploads).Put(
            place.Bounds, [.. files.Select(f => (new SmallFile(f.Path.ToAddress(), f.Content.Length, f.How.Overwrite, f.How.Mode, f.How.ModifiedAt, f.How.Sha256), f.Content))], cancellationToken)), cancellationToken);
        return put.IsError ? put.Error! : (Error?[])[.. put.Value.Zip(files).Select(p => p.First is { } problem ? Faults.Of(problem, PlaceOf(p.Second.Path)) : null)];
    }

    public Task<Result<IReadOnlyList<SmallContent?>>> GetAsync(FileScope scope, IReadOnlyList<TreePath> paths, CancellationToken cancellationToken) =>
        RunAsync(scope, root, place =>
        {
            var small = new SmallGet(_disk, place.Bounds);
            var files = new SmallContent?[paths.Count];
            foreach (var (index, path) in paths.Index())
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    files[index] = small.Read(path.ToAddress());
                }
                catch (FileFault)
                {
                    // it is read by itself, which says why it cannot be
                }
            }

            return Task.FromResult<IReadOnlyList<SmallContent?>>(files);
        }, cancellationToken);

    public Task<Result<Unit>> DiscardAsync(FileScope scope, TreePath path, Guid upload, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            _uploads.Require(upload, place);
            using var claim = await _uploads.ClaimAsync(upload, cancellationToken);
            try
            {
                using var part = _disk.OpenPart(place, upload, create: false);
                part.Discard();
            }
            catch (FileFault fault) when (fault.Code == FileProblems.NotFound)
            {
                // it is gone
            }

            folders.ForgetDigest(upload);
            _uploads.Forget(upload);
            return Unit.Value;
        }, cancellationToken);

    public Task<Result<FileEntry>> MakeFolderAsync(FileScope scope, TreePath path, bool parents, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place =>
        {
            _disk.MakeFolder(place, parents, mode: null);
            return _disk.Stat(place, withAttributes: false);
        }, cancellationToken);

    public Task<Result<FileEntry>> MakeLinkAsync(FileScope scope, TreePath path, string target, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place =>
        {
            var to = FileName.FromSegment(target);
            _disk.MakeLink(place, to is { Length: > 0 } && !to.Contains('\0', StringComparison.Ordinal) ? to : throw new FileFault(FileProblems.BadName, "The link's target is none."));
            return _disk.Stat(place, withAttributes: false);
        }, cancellationToken);

    public Task<Result<FileEntry>> RenameAsync(FileScope scope, TreePath from, FileScope toScope, TreePath to, bool overwrite, CancellationToken cancellationToken) =>
        DoAsync(scope, from, place =>
        {
            var target = folders.BoundsOf(mount, toScope).At(to.ToAddress());
            _disk.Rename(place, target, overwrite);
            return _disk.Stat(target, withAttributes: false);
        }, cancellationToken);

    public Task<Result<long>> RemoveAsync(FileScope scope, TreePath path, bool recursive, bool trash, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place =>
        {
            if (!trash)
            {
                return _disk.Remove(place, recursive, cancellationToken);
            }

            _disk.Trash(place, folders.Time.GetLocalNow());
            return 1;
        }, cancellationToken);

    public Task<Result<FileEntry>> ChangeAsync(FileScope scope, TreePath path, FileChanges attributes, CancellationToken cancellationToken) =>
        DoAsync(scope, path, place =>
        {
            FileFault.RequireMode(attributes.Mode);
            _disk.Change(place, new FileChange(attributes.Mode, attributes.Owner, attributes.Group, attributes.ModifiedAt, attributes.Attributes));
            return _disk.Stat(place, withAttributes: attributes.Attributes is not null);
        }, cancellationToken);

    public Task<Result<Unit>> WatchAsync(FileScope scope, TreePath path, Func<IReadOnlyList<string>, ValueTask> changed, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            using var watch = _disk.Watch(place);
            await changed([]);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), folders.Time);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var news = watch.Poll();
                if (news.Entries is { } entries)
                {
                    await changed([.. entries.Select(e => e.Segment)]);
                }

                if (news.IsGone)
                {
                    throw FileFault.NotFound(place.Path);
                }
            }

            return Unit.Value;
        }, cancellationToken);

    private string PlaceOf(TreePath path) => $"/{FileTree.Server}/{name}{(path.Depth > root.Depth ? path.Below(root.Depth) : "")}";

    private Task<Result<T>> DoAsync<T>(FileScope scope, TreePath path, Func<DiskPlace, T> work, CancellationToken cancellationToken) =>
        RunAsync(scope, path, place => Task.FromResult(work(place)), cancellationToken);

    private async Task<Result<T>> RunAsync<T>(FileScope scope, TreePath path, Func<DiskPlace, Task<T>> work, CancellationToken cancellationToken)
    {
        var done = await Faults.CatchAsync(PlaceOf(path), () => Task.Run(() => work(folders.BoundsOf(mount, scope).At(path.ToAddress())), cancellationToken));

        // what is not there may be so because the whole folder is on other nodes alone
        return done.Error is { Kind: ErrorKind.NotFound } && !await Task.Run(() => Directory.Exists((OperatingSystem.IsWindows() ? "" : "/") + string.Join('/', root.Names)), cancellationToken)
            ? MountErrors.NotHere(PlaceOf(path), root.ToString(), Environment.MachineName)
            : done;
    }
}
