using System.Buffers;
using System.Security.Cryptography;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Disk;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>Files of another server: what is the same whatever its protocol is. Bounds, hidden names, order, conflicts, whole folders.</summary>
/// <param name="remote">The server.</param>
/// <param name="name">The mount's name.</param>
/// <param name="listings">What was listed lately.</param>
internal sealed class RemoteFiles(IRemote remote, string name, RemoteListings listings) : IFileBackend
{
    private const int MaxDepth = 128;
    private const int MaxTogether = 4;

    public FileAbilities Abilities => remote.Abilities;

    public Task<Result<FileEntry>> StatAsync(FileScope scope, TreePath path, bool withAttributes, CancellationToken cancellationToken) =>
        RunAsync(scope, path, place => remote.StatAsync(place, cancellationToken));

    public Task<Result<long>> ListAsync(
        FileScope scope, TreePath path, FileListOptions options, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            var all = await listings.GetAsync((path, options.Sort), isNew: options is { After: null, Skip: null or 0 }, async () =>
            {
                var read = await ShownAsync(place, cancellationToken);
                RemoteOrder.Sort(read, options.Sort);
                return read;
            });
            var (batch, left, count) = (new List<FileEntry>(), (long)(options.Limit ?? int.MaxValue), 0L);
            var from = RemoteOrder.Behind(all, options.After, options.Sort);
            for (var i = 0; i < all.Count; i++)
            {
                if (options.Filter is { } filter && !all[i].Name.Contains(filter, StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                count++;
                if (i < from || count <= (options.Skip ?? 0) || left-- <= 0)
                {
                    continue;
                }

                batch.Add(await remote.CompleteAsync(place, all[i], cancellationToken));
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

            return count;
        });

    public Task<Result<long>> WalkAsync(FileScope scope, TreePath path, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            var count = 0L;
            await BelowAsync(place, "", 0);
            return count;

            async Task BelowAsync(DiskPlace folder, string prefix, int depth)
            {
                RequireDepth(folder, depth);
                var entries = await ShownAsync(folder, cancellationToken);
                entries.Sort((one, other) => FolderListing.CompareNames(one.Name, other.Name));
                foreach (var some in entries.Chunk(FileLimits.BatchEntries))
                {
                    foreach (var entry in some)
                    {
                        count++;
                        await take([entry with { Segment = prefix + entry.Segment }]);
                        if (entry.Kind == FileKind.Folder)
                        {
                            await BelowAsync(folder.Child(entry.Name), $"{prefix}{entry.Segment}/", depth + 1);
                        }
                    }
                }
            }
        });

    public Task<Result<IFileReading>> ReadAsync(FileScope scope, TreePath path, long offset, long? length, CancellationToken cancellationToken) =>
        RunAsync<IFileReading>(scope, path, async place =>
        {
            if (offset < 0 || length < 0)
            {
                throw new FileFault(FileProblems.Failed, "There is no offset, and no length, below 0.");
            }

            var (entry, content) = await remote.OpenAsync(place, offset, length, cancellationToken);
            var rest = Math.Max(0, (entry.Size ?? 0) - offset);
            return new RemoteReading(entry, content, length is { } most ? Math.Min(most, rest) : rest, PlaceOf(path));
        });

    public Task<Result<byte[]>> HashAsync(FileScope scope, TreePath path, CancellationToken cancellationToken) =>
        RunAsync(scope, path, async place =>
        {
            var (entry, content) = await remote.OpenAsync(place, 0, null, cancellationToken);
            await using (content)
            {
                var (hash, length) = await DigestAsync(content, cancellationToken);
                return length == entry.Size ? hash : throw new FileFault(FileProblems.Changed, $"'{place}' has changed while it was read.");
            }
        });

    public Task<Result<IFileWriting>> WriteAsync(FileScope scope, TreePath path, Guid upload, long offset, CancellationToken cancellationToken) =>
        ChangeAsync(scope, path, place => remote.WriteAsync(place, upload, offset, cancellationToken));

    public Task<Result<FileEntry>> CommitAsync(FileScope scope, TreePath path, Guid upload, FileCommit commit, CancellationToken cancellationToken) =>
        ChangeAsync(scope, path, async place =>
        {
            var there = await FindAsync(place, cancellationToken);
            if (commit.Tag is { } tag && !(there is not null && (tag == "*" || tag == there.Tag)))
            {
                throw new FileFault(FileProblems.Changed, there is null ? $"'{place}' is gone." : $"'{place}' has changed since it was looked at.");
            }

            if (there is { Kind: FileKind.Folder or FileKind.Other })
            {
                throw new FileFault(FileProblems.WrongKind, $"'{place}' is {(there.Kind == FileKind.Folder ? "a folder" : "no file")}: it is not replaced by one.");
            }

            if (there is not null && !commit.Overwrite && commit.Tag is null)
            {
                throw new FileFault(FileProblems.Exists, $"'{place}' is there already.");
            }

            await remote.CommitAsync(place, upload, commit, there, cancellationToken);
            return await remote.StatAsync(place, cancellationToken);
        });

    public async Task<Result<IReadOnlyList<Error?>>> PutAsync(FileScope scope, IReadOnlyList<WholeFile> files, CancellationToken cancellationToken)
    {
        // each takes some questions: a few at a time wait for their answers together
        var errors = new Error?[files.Count];
        await Parallel.ForEachAsync(files.Index(), new ParallelOptions { MaxDegreeOfParallelism = MaxTogether, CancellationToken = cancellationToken }, async (file, cancel) =>
        {
            var put = await SmallFiles.PutOneByOneAsync(this, scope, [file.Item], cancel);
            errors[file.Index] = put.IsError ? put.Error : put.Value[0];
        });
        return errors;
    }

    public async Task<Result<IReadOnlyList<SmallContent?>>> GetAsync(FileScope scope, IReadOnlyList<TreePath> paths, CancellationToken cancellationToken)
    {
        var files = new SmallContent?[paths.Count];
        await Parallel.ForEachAsync(paths.Index(), new ParallelOptions { MaxDegreeOfParallelism = MaxTogether, CancellationToken = cancellationToken }, async (path, cancel) =>
        {
            var got = await SmallFiles.GetOneByOneAsync(this, scope, [path.Item], cancel);
            files[path.Index] = got.IsError ? null : got.Value[0];
        });
        return files;
    }

    public Task<Result<Unit>> DiscardAsync(FileScope scope, TreePath path, Guid upload, CancellationToken cancellationToken) =>
        ChangeAsync(scope, path, async place =>
        {
            await remote.DiscardAsync(place, upload, cancellationToken);
            return Unit.Value;
        });

    public Task<Result<FileEntry>> MakeFolderAsync(FileScope scope, TreePath path, bool parents, CancellationToken cancellationToken) =>
        ChangeAsync(scope, path, async place =>
        {
            var there = await FindAsync(place, cancellationToken);
            if (there is not null)
            {
                return parents && there.Kind == FileKind.Folder ? there : throw new FileFault(FileProblems.Exists, $"'{place}' is there already.");
            }

            for (var depth = place.Bounds.Root.Depth + 1; parents && depth < place.Path.Depth; depth++)
            {
                var above = place with { Path = place.Path.First(depth) };
                var is_ = await FindAsync(above, cancellationToken);
                if (is_ is null)
                {
                    await remote.MakeFolderAsync(above, cancellationToken);
                }
                else if (is_.Kind is FileKind.File or FileKind.Other)
                {
                    throw new FileFault(FileProblems.WrongKind, $"'{above}' is no folder.");
                }
            }

            await remote.MakeFolderAsync(place, cancellationToken);
            return await remote.StatAsync(place, cancellationToken);
        });

    public Task<Result<FileEntry>> MakeLinkAsync(FileScope scope, TreePath path, string target, CancellationToken cancellationToken) =>
        ChangeAsync<FileEntry>(scope, path, _ => throw FileFault.Unsupported("no links can be made there."));

    public Task<Result<FileEntry>> RenameAsync(FileScope scope, TreePath from, FileScope toScope, TreePath to, bool overwrite, CancellationToken cancellationToken) =>
        ChangeAsync(scope, from, async place =>
        {
            var target = FileBounds.Of(toScope).At(to.ToAddress());
            RequireChangeable(target);
            var entry = await remote.StatAsync(place, cancellationToken);
            if (to.IsIn(from) && !to.Equals(from))
            {
                throw new FileFault(FileProblems.WrongKind, $"'{place}' cannot be moved into itself.");
            }

            var there = await FindAsync(target, cancellationToken);
            if (there is not null && !overwrite)
            {
                throw new FileFault(FileProblems.Exists, $"'{target}' is there already.");
            }

            if (to.Equals(from))
            {
                return entry;
            }

            if (there is not null && (there.Kind == FileKind.Folder) != (entry.Kind == FileKind.Folder))
            {
                throw new FileFault(FileProblems.WrongKind, $"'{target}' is {(there.Kind == FileKind.Folder ? "a folder" : "no folder")}: it is not replaced.");
            }

            if (there is { Kind: FileKind.Folder } && (await remote.ListAsync(target, cancellationToken)).Count > 0)
            {
                throw new FileFault(FileProblems.NotEmpty, $"'{target}' is a folder that is not empty.");
            }

            if (entry.Kind == FileKind.Folder && place.Bounds.HidesAny && await HoldsHiddenAsync(place, 0, cancellationToken))
            {
                throw new FileFault(FileProblems.Denied, $"'{place}' stays where it is: something in it is not to be seen.");
            }

            await remote.RenameAsync(place, entry, target, there, cancellationToken);
            return await remote.StatAsync(target, cancellationToken);
        });

    public Task<Result<long>> RemoveAsync(FileScope scope, TreePath path, bool recursive, bool trash, CancellationToken cancellationToken) =>
        ChangeAsync(scope, path, async place =>
        {
            if (trash)
            {
                throw FileFault.Unsupported($"'{place}' is on another server, which has no trash: it can only be removed.");
            }

            var entry = await remote.StatAsync(place, cancellationToken);
            return await RemoveAsync(place, entry, recursive, 0, cancellationToken);
        });

    public Task<Result<FileEntry>> ChangeAsync(FileScope scope, TreePath path, FileChanges attributes, CancellationToken cancellationToken) =>
        ChangeAsync(scope, path, async place =>
        {
            await remote.ChangeAsync(place, attributes, cancellationToken);
            return await remote.StatAsync(place, cancellationToken);
        });

    public Task<Result<Unit>> WatchAsync(FileScope scope, TreePath path, Func<IReadOnlyList<string>, ValueTask> changed, CancellationToken cancellationToken) =>
        RunAsync<Unit>(scope, path, _ => throw FileFault.Unsupported("changes there are not told of."));

    /// <summary>The SHA-256 of all that a stream gives, and how long that is.</summary>
    public static async Task<(byte[] Hash, long Length)> DigestAsync(Stream content, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            var (length, count) = (0L, 0);
            while ((count = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, count);
                length += count;
            }

            return (hash.GetHashAndReset(), length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<long> RemoveAsync(DiskPlace place, FileEntry entry, bool recursive, int depth, CancellationToken cancellationToken)
    {
        RequireDepth(place, depth);
        var (count, kept) = (0L, 0);
        if (entry.Kind == FileKind.Folder)
        {
            var all = await remote.ListAsync(place, cancellationToken);
            if (all.Count > 0 && !recursive)
            {
                throw new FileFault(FileProblems.NotEmpty, $"'{place}' is a folder that is not empty.");
            }

            foreach (var below in all)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var child = place.Child(below.Name);
                if (place.Bounds.Hides(child.Path))
                {
                    kept++;
                }
                else
                {
                    count += await RemoveAsync(child, below, recursive, depth + 1, cancellationToken);
                }
            }
        }

        if (kept > 0)
        {
            throw new FileFault(FileProblems.NotEmpty, $"'{place}' has something in it that is not to be seen, and stays.");
        }

        await remote.RemoveAsync(place, entry, cancellationToken);
        return count + 1;
    }

    private async Task<bool> HoldsHiddenAsync(DiskPlace place, int depth, CancellationToken cancellationToken)
    {
        RequireDepth(place, depth);
        foreach (var entry in await remote.ListAsync(place, cancellationToken))
        {
            var child = place.Child(entry.Name);
            if (place.Bounds.Hides(child.Path) || (entry.Kind == FileKind.Folder && await HoldsHiddenAsync(child, depth + 1, cancellationToken)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A folder without what is hidden, and without unfinished uploads.</summary>
    private async Task<List<FileEntry>> ShownAsync(DiskPlace folder, CancellationToken cancellationToken)
    {
        var all = await remote.ListAsync(folder, cancellationToken);
        all.RemoveAll(e => RemoteNames.IsPart(e.Name) || (folder.Bounds.HidesAny && folder.Bounds.Hides(folder.Path.Child(e.Name))));
        return all;
    }

    private async Task<FileEntry?> FindAsync(DiskPlace place, CancellationToken cancellationToken)
    {
        try
        {
            return await remote.StatAsync(place, cancellationToken);
        }
        catch (FileFault fault) when (fault.Code == FileProblems.NotFound)
        {
            return null;
        }
    }

    private static void RequireDepth(DiskPlace place, int depth)
    {
        if (depth > MaxDepth)
        {
            throw FileFault.Unsupported($"'{place.Path.First(8)}' is more than {MaxDepth} folders deep.");
        }
    }

    private static void RequireChangeable(DiskPlace place)
    {
        if (!place.Bounds.Scope.IsWritable)
        {
            throw new FileFault(FileProblems.ReadOnly, $"'{place}' may be read, not changed.");
        }

        if (place.IsRoot)
        {
            throw FileFault.Outside(place.Path, "is where the mount begins: it stays as it is");
        }

        if (RemoteNames.IsPart(place.Path.Name))
        {
            throw new FileFault(FileProblems.BadName, $"'{place}' has a name as unfinished uploads have.");
        }
    }

    private string PlaceOf(TreePath path) => $"/{FileTree.Mounts}/{name}{(path.IsTop ? "" : path)}";

    private async Task<Result<T>> ChangeAsync<T>(FileScope scope, TreePath path, Func<DiskPlace, Task<T>> work)
    {
        listings.Forget();
        var done = await RunAsync(scope, path, place =>
        {
            RequireChangeable(place);
            return work(place);
        });
        listings.Forget();
        return done;
    }

    private Task<Result<T>> RunAsync<T>(FileScope scope, TreePath path, Func<DiskPlace, Task<T>> work) =>
        Faults.CatchAsync(PlaceOf(path), () => work(FileBounds.Of(scope).At(path.ToAddress())));
}
