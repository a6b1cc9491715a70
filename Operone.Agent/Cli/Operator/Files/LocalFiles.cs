using System.Security.Cryptography;
using Operone.Agent.Platforms;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Disk;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>
/// This machine's files, by the same means as the agent's: names that are not UTF-8 stay as they are, and what is written is there only once it is whole.
/// </summary>
internal sealed class LocalFiles : IFileSide
{
    private readonly IDisk _disk = Platform.Current.Disk(Path.Combine(Path.GetTempPath(), $".operone-{Environment.ProcessId}-none"));
    private readonly TreePath _here = ReadHere();

    /// <inheritdoc/>
    public bool IsLocal => true;

    /// <inheritdoc/>
    public string Show(TreePath path)
    {
        var isBelow = path.IsIn(_here) && path.Depth > _here.Depth;
        var names = isBelow ? path.Below(_here.Depth).ToString()[1..] : path.ToString();
        return OperatingSystem.IsWindows() ? names.TrimStart('/').Replace('/', '\\') : isBelow ? names : path.ToString();
    }

    /// <inheritdoc/>
    public Task<Result<FileItem>> StatAsync(TreePath path, CancellationToken cancellationToken) =>
        TryAsync(() => FileItem.Of(path, _disk.Stat(At(path), withAttributes: false)));

    /// <inheritdoc/>
    public Task<Result<Unit>> ListAsync(TreePath path, Action<FileItem> take, CancellationToken cancellationToken) => TryAsync(() =>
    {
        using var folder = _disk.OpenFolder(At(path));
        var (order, isDown) = FolderListing.ReadSort("name");
        var listing = FolderListing.Read(folder, order, isDown, cancellationToken);
        for (var i = 0; i < listing.Count; i++)
        {
            if (folder.Entry(listing.Name(i).ToString()) is { } entry)
            {
                take(FileItem.Of(path.Child(entry.Name), entry));
            }
        }

        return Unit.Value;
    });

    /// <inheritdoc/>
    public Task<Result<Unit>> MakeFolderAsync(TreePath path, bool parents, CancellationToken cancellationToken) => TryAsync(() =>
    {
        _disk.MakeFolder(At(path), parents, mode: null);
        return Unit.Value;
    });

    /// <inheritdoc/>
    public Task<Result<Unit>> MakeLinkAsync(TreePath path, string target, CancellationToken cancellationToken) => TryAsync(() =>
    {
        _disk.MakeLink(At(path), target);
        return Unit.Value;
    });

    /// <inheritdoc/>
    public Task<Result<Unit>> RemoveAsync(TreePath path, bool recursive, bool trash, CancellationToken cancellationToken) => TryAsync(() =>
    {
        _disk.Remove(At(path), recursive, cancellationToken);
        return Unit.Value;
    });

    /// <inheritdoc/>
    public Task<Result<Unit>> ChangeAsync(TreePath path, int? mode, DateTimeOffset? modifiedAt, CancellationToken cancellationToken) => TryAsync(() =>
    {
        _disk.Change(At(path), new FileChange(mode, null, null, modifiedAt, null));
        return Unit.Value;
    });

    /// <inheritdoc/>
    public Task<Result<Stream>> OpenAsync(FileItem file, long offset, long? length, CancellationToken cancellationToken) => TryAsync<Stream>(() =>
    {
        var opened = _disk.OpenFile(At(file.Path));
        if (file.Kind == FileKind.File && file.Tag is { } tag && opened.Entry.Tag != tag)
        {
            opened.Dispose();
            throw new FileFault(FileProblems.Changed, $"'{file.Path}' was written to while it was copied. Try again.");
        }

        return new DiskStream(opened, offset);
    });

    /// <inheritdoc/>
    public Task<Result<long>> MeasureAsync(TreePath path, CancellationToken cancellationToken) => TryAsync(() =>
    {
        using var opened = _disk.OpenFile(At(path));
        return opened.Entry.Size ?? 0;
    });

    /// <inheritdoc/>
    public async Task<Result<byte[]>> HashAsync(TreePath path, CancellationToken cancellationToken)
    {
        var opened = await TryAsync(() => _disk.OpenFile(At(path)));
        if (opened.Error is { } error)
        {
            return error;
        }

        await using var stream = new DiskStream(opened.Value, 0);
        try
        {
            return await SHA256.HashDataAsync(stream, cancellationToken);
        }
        catch (FileFault fault)
        {
            return ToError(fault);
        }
    }

    /// <inheritdoc/>
    public Task<Result<FileChunks>> ChunksAsync(TreePath path, int average, CancellationToken cancellationToken) => Task.Run(() => Try(() =>
    {
        using var opened = _disk.OpenFile(At(path));
        return FileChunking.Read(opened, At(path), average, cancellationToken);
    }), cancellationToken);

    /// <summary>A file that will be replaced.</summary>
    public OldVersion OldVersion(TreePath path) => new(_disk, At(path));

    /// <summary>A file in the making.</summary>
    public Result<IDiskPart> OpenPart(TreePath path, Guid id) => Try(() => _disk.OpenPart(At(path), id, create: true));

    /// <summary>Does something to the disk; what it cannot is an error.</summary>
    public static Result<T> Try<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (FileFault fault)
        {
            return ToError(fault);
        }
    }

    /// <summary>The error that stands for the disk's word.</summary>
    public static Error ToError(FileFault fault) => fault.Code == FileProblems.NotFound
        ? new(ErrorKind.NotFound, "file-not-found", "There is no such file.", fault.Message)
        : new(ErrorKind.Unprocessable, fault.Code, fault.Message, "");

    private static FilePlace At(TreePath path) => FileBounds.Of(new FileScope(OperatingSystem.IsLinux() ? "/" : RootOf(path), IsWritable: true, [])).At(path.ToAddress());

    private static Task<Result<T>> TryAsync<T>(Func<T> act) => Task.FromResult(Try(act));

    /// <summary>On systems where links on the way are not followed by the disk: the folder that it lies in is where its bounds begin.</summary>
    private static string RootOf(TreePath path) => path.Depth < 2 ? "/" : path.Parent.ToAddress();

    private static TreePath ReadHere()
    {
        var here = TreePath.FromNames(Environment.CurrentDirectory.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries));
        return here.IsError ? TreePath.Top : here.Value;
    }
}
