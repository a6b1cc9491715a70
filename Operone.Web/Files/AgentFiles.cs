using System.Net.WebSockets;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Devices;

namespace Operone.Web.Files;

/// <summary>A device's files, over channels to its agent. What an agent answers is held against what was asked: its names are names, its bytes as many.</summary>
internal sealed partial class AgentFiles(FileChannels channels, FileRecords records, Actor actor, DeviceEntry device) : IFileBackend
{
    public FileAbilities Abilities { get; } = new(CanWrite: true, CanResume: true, CanTrash: true, CanWatch: true, CanLink: true, HasModes: true, CanReuse: true);

    public Task<Result<FileEntry>> StatAsync(FileScope scope, TreePath path, bool withAttributes, CancellationToken cancellationToken) =>
        EntryAsync(new() { Op = FileOps.Stat, Scope = scope, Path = path.ToAddress(), Recursive = withAttributes }, path, cancellationToken);

    public async Task<Result<long>> ListAsync(
        FileScope scope, TreePath path, FileListOptions options, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken)
    {
        // a device that gives more than was asked for is not believed
        var left = options.Limit ?? FileLimits.MaxFolderEntries;
        var last = await RepliesAsync(
            new()
            {
                Op = FileOps.List,
                Scope = scope,
                Path = path.ToAddress(),
                Sort = options.Sort,
                After = options.After,
                Length = options.Limit,
                Offset = options.Skip,
                Filter = options.Filter,
                Attributes = options.Attribute is { } attribute ? new Dictionary<string, byte[]?> { [attribute] = null } : null,
            },
            path, async reply =>
            {
                if (reply.Offset != options.Skip)
                {
                    // an agent from before leaves nothing out: rows from somewhere else are no answer
                    return false;
                }

                if (reply.Entries is { } entries)
                {
                    if (!entries.All(e => left-- > 0 && FileName.FromSegment(e.Segment) is { } name && FileName.Check(name) is null))
                    {
                        return false;
                    }

                    await take(entries);
                }

                return true;
            }, cancellationToken);
        return last.IsError ? last.Error! : last.Value.Count ?? 0;
    }

    public Task<Result<long>> WalkAsync(FileScope scope, TreePath path, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken) =>
        ManyAsync(
            new() { Op = FileOps.Walk, Scope = scope, Path = path.ToAddress() }, path,
            entry => TreePath.Parse(entry.Segment) is { IsError: false, Value.IsTop: false }, take, cancellationToken);

    public async Task<Result<IFileReading>> ReadAsync(FileScope scope, TreePath path, long offset, long? length, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(
            new() { Op = FileOps.Read, Scope = scope, Path = path.ToAddress(), Offset = offset, Length = length }, path, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var (channel, first) = begun.Value;
        if (first.Entry is not { } entry)
        {
            channel.Dispose();
            return FileErrors.NotUnderstood(device.Name);
        }

        return new Reading(this, channel, path, entry, first.IsLast, length);
    }

    public async Task<Result<byte[]>> HashAsync(FileScope scope, TreePath path, CancellationToken cancellationToken)
    {
        var reply = await OneAsync(new() { Op = FileOps.Hash, Scope = scope, Path = path.ToAddress() }, path, cancellationToken);
        return reply.IsError ? reply.Error! : reply.Value.Sha256 is { Length: 32 } hash ? hash : FileErrors.NotUnderstood(device.Name);
    }

    public async Task<Result<IFileWriting>> WriteAsync(FileScope scope, TreePath path, Guid upload, long offset, CancellationToken cancellationToken)
    {
        var begun = await BeginAsync(
            new() { Op = FileOps.Write, Scope = scope, Path = path.ToAddress(), Upload = upload, Offset = offset }, path, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var (channel, first) = begun.Value;
        if (first.Offset is not { } have)
        {
            channel.Dispose();
            return FileErrors.NotUnderstood(device.Name);
        }

        return new Writing(this, channel, path, have, first.IsLast);
    }

    public Task<Result<FileEntry>> CommitAsync(FileScope scope, TreePath path, Guid upload, FileCommit commit, CancellationToken cancellationToken) => EntryAsync(
        new()
        {
            Op = FileOps.Commit,
            Scope = scope,
            Path = path.ToAddress(),
            Upload = upload,
            Overwrite = commit.Overwrite,
            Tag = commit.Tag,
            Sha256 = commit.Sha256,
            Mode = commit.Mode,
            ModifiedAt = commit.ModifiedAt,
        },
        path, cancellationToken);

    public Task<Result<IReadOnlyList<Error?>>> PutAsync(FileScope scope, IReadOnlyList<WholeFile> files, CancellationToken cancellationToken) => TogetherAsync(
        FileOps.Put,
        scope,
        channel => SmallFiles.PutAsync(channel, files, path => PlaceOf(path), cancellationToken),
        () => SmallFiles.PutOneByOneAsync(this, scope, files, cancellationToken),
        cancellationToken);

    public Task<Result<IReadOnlyList<SmallContent?>>> GetAsync(FileScope scope, IReadOnlyList<TreePath> paths, CancellationToken cancellationToken) => TogetherAsync(
        FileOps.Get,
        scope,
        channel => SmallFiles.GetAsync(channel, paths, path => PlaceOf(path), cancellationToken),
        () => SmallFiles.GetOneByOneAsync(this, scope, paths, cancellationToken),
        cancellationToken);

    public Task<Result<Unit>> DiscardAsync(FileScope scope, TreePath path, Guid upload, CancellationToken cancellationToken) =>
        UnitAsync(new() { Op = FileOps.Discard, Scope = scope, Path = path.ToAddress(), Upload = upload }, path, cancellationToken);

    public Task<Result<FileEntry>> MakeFolderAsync(FileScope scope, TreePath path, bool parents, CancellationToken cancellationToken) =>
        EntryAsync(new() { Op = FileOps.MakeFolder, Scope = scope, Path = path.ToAddress(), Recursive = parents }, path, cancellationToken);

    public Task<Result<FileEntry>> MakeLinkAsync(FileScope scope, TreePath path, string target, CancellationToken cancellationToken) =>
        EntryAsync(new() { Op = FileOps.MakeLink, Scope = scope, Path = path.ToAddress(), To = target }, path, cancellationToken);

    public Task<Result<FileEntry>> RenameAsync(FileScope scope, TreePath from, FileScope toScope, TreePath to, bool overwrite, CancellationToken cancellationToken) =>
        EntryAsync(
            new() { Op = FileOps.Rename, Scope = scope, Path = from.ToAddress(), To = to.ToAddress(), ToScope = toScope, Overwrite = overwrite }, from, cancellationToken);

    public async Task<Result<long>> RemoveAsync(FileScope scope, TreePath path, bool recursive, bool trash, CancellationToken cancellationToken)
    {
        var reply = await OneAsync(
            new() { Op = FileOps.Remove, Scope = scope, Path = path.ToAddress(), Recursive = recursive, Trash = trash }, path, cancellationToken);
        return reply.IsError ? reply.Error! : reply.Value.Count ?? 1;
    }

    public Task<Result<FileEntry>> ChangeAsync(FileScope scope, TreePath path, FileChanges attributes, CancellationToken cancellationToken) => EntryAsync(
        new()
        {
            Op = FileOps.Change,
            Scope = scope,
            Path = path.ToAddress(),
            Mode = attributes.Mode,
            Owner = attributes.Owner,
            Group = attributes.Group,
            ModifiedAt = attributes.ModifiedAt,
            Attributes = attributes.Attributes,
        },
        path, cancellationToken);

    public async Task<Result<Unit>> WatchAsync(FileScope scope, TreePath path, Func<IReadOnlyList<string>, ValueTask> changed, CancellationToken cancellationToken)
    {
        var watched = await ManyAsync(
            new() { Op = FileOps.Watch, Scope = scope, Path = path.ToAddress() }, path, static _ => true,
            entries => changed([.. entries.Select(e => e.Segment)]), cancellationToken);
        return watched.IsError ? watched.Error! : Unit.Value;
    }

    private string PlaceOf(TreePath path) => $"{device.Name}:{path}";

    private sealed class Reading(AgentFiles files, FileChannel channel, TreePath path, FileEntry entry, bool isOver, long? most) : IFileReading
    {
        private bool _isOver = isOver;
        private long _left = most ?? long.MaxValue;

        public FileEntry Entry => entry;

        public async ValueTask<Result<FilePiece>> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (_isOver)
            {
                return default(FilePiece);
            }

            try
            {
                while (true)
                {
                    var (reply, count) = await channel.ReceiveAsync(buffer, cancellationToken);
                    if (reply?.Problem is { } problem)
                    {
                        _isOver = true;
                        return FileErrors.From(problem, files.PlaceOf(path));
                    }

                    _isOver = reply?.IsLast == true;
                    var hole = reply?.Hole ?? 0;
                    if (hole < 0 || (_left -= count + hole) < 0)
                    {
                        // more than was asked for: nobody is given it
                        channel.Dispose();
                        return FileErrors.NotUnderstood(files.DeviceName);
                    }

                    if (count > 0 || hole > 0 || _isOver)
                    {
                        return new FilePiece(count, hole);
                    }
                }
            }
            catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException)
            {
                return FileErrors.Lost(files.DeviceName);
            }
        }

        public ValueTask DisposeAsync()
        {
            files.Return(channel);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Writing(AgentFiles files, FileChannel channel, TreePath path, long offset, bool isOver) : IFileWriting
    {
        public long Offset => offset;

        public ValueTask<Result<Unit>> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
            SendAsync(channel.SendAsync(data, cancellationToken), cancellationToken);

        public ValueTask<Result<Unit>> SkipAsync(long hole, CancellationToken cancellationToken) =>
            SendAsync(channel.SayAsync(new FileData(Hole: hole), cancellationToken), cancellationToken);

        public ValueTask<Result<Unit>> ReuseAsync(FileReuse reuse, CancellationToken cancellationToken) =>
            SendAsync(channel.SayAsync(new FileData(Reuse: reuse), cancellationToken), cancellationToken);

        public async ValueTask<Result<long>> EndAsync(CancellationToken cancellationToken)
        {
            if (isOver)
            {
                return offset;
            }

            try
            {
                await channel.SayAsync(new FileData(IsEnd: true), cancellationToken);
                var reply = await channel.ReplyAsync(cancellationToken);
                return reply.Problem is { } problem ? FileErrors.From(problem, files.PlaceOf(path))
                    : reply.Offset ?? (Result<long>)FileErrors.NotUnderstood(files.DeviceName);
            }
            catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException)
            {
                return FileErrors.Lost(files.DeviceName);
            }
        }

        public ValueTask DisposeAsync()
        {
            files.Return(channel);
            return ValueTask.CompletedTask;
        }

        private async ValueTask<Result<Unit>> SendAsync(ValueTask sending, CancellationToken cancellationToken)
        {
            try
            {
                await sending;
                return Unit.Value;
            }
            catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException)
            {
                // a device that stops in the middle says why before it closes
                return await ReasonAsync(cancellationToken);
            }
        }

        private async Task<Error> ReasonAsync(CancellationToken cancellationToken)
        {
            try
            {
                return (await channel.ReplyAsync(cancellationToken)).Problem is { } problem ? FileErrors.From(problem, files.PlaceOf(path)) : FileErrors.Lost(files.DeviceName);
            }
            catch (Exception gone) when (gone is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                return FileErrors.Lost(files.DeviceName);
            }
        }
    }

    private string DeviceName => device.Name;

    private void Return(FileChannel channel) => channels.Return(actor, device, channel);
}
