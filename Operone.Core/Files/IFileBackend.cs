using Operone.Core.Errors;
using Operone.Core.Files.Chunks;
using Operone.Core.Files.Search;

namespace Operone.Core.Files;

/// <summary>What a backend can do besides listing and reading; what it cannot is refused with words.</summary>
/// <param name="CanWrite">Files and folders can be changed at all.</param>
/// <param name="CanResume">An upload that broke off can go on where it stood.</param>
/// <param name="CanTrash">What is removed can go to a trash.</param>
/// <param name="CanWatch">Changes can be told of.</param>
/// <param name="CanLink">Symbolic links can be made.</param>
/// <param name="HasModes">Files have permission bits and owners.</param>
/// <param name="CanReuse">It says what chunks a file has, and an upload can take bytes of the file that it will replace.</param>
public sealed record FileAbilities(bool CanWrite, bool CanResume, bool CanTrash, bool CanWatch, bool CanLink, bool HasModes, bool CanReuse = false);

/// <summary>How a folder is listed.</summary>
/// <param name="Sort">See <see cref="FileCall.Sort"/>.</param>
/// <param name="After">See <see cref="FileCall.After"/>.</param>
/// <param name="Limit">How many; null for all.</param>
/// <param name="Filter">See <see cref="FileCall.Filter"/>.</param>
/// <param name="Attribute">An extended attribute that each entry is to come with, where it has it.</param>
/// <param name="Skip">How many of those that fit are left out first: a stretch from the middle, without what is before it. Not together with <paramref name="After"/>.</param>
public sealed record FileListOptions(
    string? Sort = null, string? After = null, int? Limit = null, string? Filter = null, string? Attribute = null, int? Skip = null);

/// <summary>How an upload becomes a file.</summary>
/// <param name="Overwrite">Whether it replaces what is there.</param>
/// <param name="Tag">What the file there must still be; <c>*</c> for any.</param>
/// <param name="Sha256">What its content must be.</param>
/// <param name="Mode">Its permission bits; by default those of the file that it replaces.</param>
/// <param name="ModifiedAt">Its time of change; by default now.</param>
public sealed record FileCommit(bool Overwrite = false, string? Tag = null, byte[]? Sha256 = null, int? Mode = null, DateTimeOffset? ModifiedAt = null);

/// <summary>What to change of a file; null stays.</summary>
/// <param name="Mode">Its permission bits.</param>
/// <param name="Owner">Its owner, a name or a number.</param>
/// <param name="Group">Its group, a name or a number.</param>
/// <param name="ModifiedAt">Its time of change.</param>
/// <param name="Attributes">Extended attributes to set; null for one that is taken away.</param>
public sealed record FileChanges(
    int? Mode = null, string? Owner = null, string? Group = null, DateTimeOffset? ModifiedAt = null, IReadOnlyDictionary<string, byte[]?>? Attributes = null);

/// <summary>A small file to be put among many.</summary>
/// <param name="Path">Its place on the backend.</param>
/// <param name="Content">All of its bytes, at most <see cref="FileLimits.SmallBytes"/>.</param>
/// <param name="How">How it becomes the file; without a tag.</param>
public sealed record WholeFile(TreePath Path, ReadOnlyMemory<byte> Content, FileCommit How);

/// <summary>A small file that was read among many.</summary>
/// <param name="Entry">What it was when it was read.</param>
/// <param name="Content">All of its bytes.</param>
public sealed record SmallContent(FileEntry Entry, ReadOnlyMemory<byte> Content);

/// <summary>A piece of a file that is read: bytes in the buffer, or a hole, or neither at the end.</summary>
/// <param name="Count">So many bytes were read.</param>
/// <param name="Hole">So many bytes are zero.</param>
public readonly record struct FilePiece(int Count, long Hole)
{
    /// <summary>Whether there is no more.</summary>
    public bool IsEnd => Count == 0 && Hole == 0;
}

/// <summary>A file that is being read.</summary>
public interface IFileReading : IAsyncDisposable
{
    /// <summary>The file, as it was when it was opened.</summary>
    FileEntry Entry { get; }

    /// <summary>Reads on.</summary>
    ValueTask<Result<FilePiece>> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);
}

/// <summary>An upload that is being written. Disposed before its end, what has arrived stays where the backend can resume.</summary>
public interface IFileWriting : IAsyncDisposable
{
    /// <summary>How many bytes are there already: where to go on.</summary>
    long Offset { get; }

    /// <summary>Writes on; waits while the backend takes none.</summary>
    ValueTask<Result<Unit>> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>So many bytes are zero.</summary>
    ValueTask<Result<Unit>> SkipAsync(long hole, CancellationToken cancellationToken);

    /// <summary>The next bytes are those of the file that it will replace; where that has changed, nothing more can be written.</summary>
    ValueTask<Result<Unit>> ReuseAsync(FileReuse reuse, CancellationToken cancellationToken) => ValueTask.FromResult<Result<Unit>>(
        new Error(ErrorKind.Unprocessable, "file-unsupported", "That cannot be done there.", "Nothing of an old version can be used there."));

    /// <summary>Ends this stretch; gives how many bytes of the upload are stored then.</summary>
    ValueTask<Result<long>> EndAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Where files are: a device, a folder of the server, another server. Paths are whole and lie within the scope; the backend holds them to it
/// itself, links included.
/// </summary>
public interface IFileBackend
{
    /// <summary>What it can do.</summary>
    FileAbilities Abilities { get; }

    /// <summary>What is there.</summary>
    Task<Result<FileEntry>> StatAsync(FileScope scope, TreePath path, bool withAttributes, CancellationToken cancellationToken);

    /// <summary>Lists a folder, in batches as they come. Gives how many entries there are in all.</summary>
    Task<Result<long>> ListAsync(
        FileScope scope, TreePath path, FileListOptions options, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken);

    /// <summary>All that is below a folder, folders before what is in them; the segments are paths below it. Gives how many.</summary>
    Task<Result<long>> WalkAsync(FileScope scope, TreePath path, Func<IReadOnlyList<FileEntry>, ValueTask> take, CancellationToken cancellationToken);

    /// <summary>Opens a file to read a range of it.</summary>
    Task<Result<IFileReading>> ReadAsync(FileScope scope, TreePath path, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>The SHA-256 of a file.</summary>
    Task<Result<byte[]>> HashAsync(FileScope scope, TreePath path, CancellationToken cancellationToken);

    /// <summary>The chunks of a file, see <see cref="Chunker"/>.</summary>
    Task<Result<FileChunks>> ChunksAsync(FileScope scope, TreePath path, int average, CancellationToken cancellationToken) =>
        Task.FromResult<Result<FileChunks>>(new Error(ErrorKind.Unprocessable, "file-unsupported", "That cannot be done there.", $"'{path}' lies where nobody knows of chunks."));

    /// <summary>Begins or goes on with an upload; where <see cref="IFileWriting.Offset"/> is not <paramref name="offset"/>, nothing can be written.</summary>
    Task<Result<IFileWriting>> WriteAsync(FileScope scope, TreePath path, Guid upload, long offset, CancellationToken cancellationToken);

    /// <summary>How many bytes of an upload are there: the backend is asked to go on behind anything that there can be, and says where it stands.</summary>
    async Task<Result<long>> StandsAsync(FileScope scope, TreePath path, Guid upload, CancellationToken cancellationToken)
    {
        var begun = await WriteAsync(scope, path, upload, long.MaxValue, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using var writing = begun.Value;
        return writing.Offset;
    }

    /// <summary>Makes an upload the file, at once and whole.</summary>
    Task<Result<FileEntry>> CommitAsync(FileScope scope, TreePath path, Guid upload, FileCommit commit, CancellationToken cancellationToken);

    /// <summary>
    /// Writes small files, each whole or not at all; gives for each what went wrong, or null. At most <see cref="FileLimits.SmallFiles"/> with
    /// <see cref="FileLimits.SmallBatchBytes"/>.
    /// </summary>
    Task<Result<IReadOnlyList<Error?>>> PutAsync(FileScope scope, IReadOnlyList<WholeFile> files, CancellationToken cancellationToken);

    /// <summary>
    /// Reads small files, at most <see cref="FileLimits.SmallFiles"/>. Null for one that cannot be read so: it is read by itself, which says why
    /// where it cannot be read at all.
    /// </summary>
    Task<Result<IReadOnlyList<SmallContent?>>> GetAsync(FileScope scope, IReadOnlyList<TreePath> paths, CancellationToken cancellationToken);

    /// <summary>Throws an upload away.</summary>
    Task<Result<Unit>> DiscardAsync(FileScope scope, TreePath path, Guid upload, CancellationToken cancellationToken);

    /// <summary>The same for whoever waits no longer than that: where it does not arrive in time, the backend throws it away by itself some day.</summary>
    async Task DiscardAsync(FileScope scope, TreePath path, Guid upload, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        waited.CancelAfter(patience);
        try
        {
            await DiscardAsync(scope, path, upload, waited.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // it takes too long
        }
    }

    /// <summary>Makes a folder; with <paramref name="parents"/> those above it too, and it may be there.</summary>
    Task<Result<FileEntry>> MakeFolderAsync(FileScope scope, TreePath path, bool parents, CancellationToken cancellationToken);

    /// <summary>Makes a symbolic link.</summary>
    Task<Result<FileEntry>> MakeLinkAsync(FileScope scope, TreePath path, string target, CancellationToken cancellationToken);

    /// <summary>Moves within the backend.</summary>
    Task<Result<FileEntry>> RenameAsync(FileScope scope, TreePath from, FileScope toScope, TreePath to, bool overwrite, CancellationToken cancellationToken);

    /// <summary>Removes; gives how many files and folders.</summary>
    Task<Result<long>> RemoveAsync(FileScope scope, TreePath path, bool recursive, bool trash, CancellationToken cancellationToken);

    /// <summary>Changes what is given.</summary>
    Task<Result<FileEntry>> ChangeAsync(FileScope scope, TreePath path, FileChanges attributes, CancellationToken cancellationToken);

    /// <summary>Calls back whenever something in a folder has changed (with the segments, none for "read it again"), until it is cancelled or the folder is gone.</summary>
    Task<Result<Unit>> WatchAsync(FileScope scope, TreePath path, Func<IReadOnlyList<string>, ValueTask> changed, CancellationToken cancellationToken);

    /// <summary>Looks for something in a file, or in all below a folder, where it is; calls back with what is found as it is found, names from the path on.</summary>
    Task<Result<FileSearched>> SearchAsync(
        FileScope scope, TreePath path, FileQuery query, Func<FileSearchNews, ValueTask> take, CancellationToken cancellationToken) =>
        Task.FromResult<Result<FileSearched>>(new Error(ErrorKind.Unprocessable, "file-unsupported", "That cannot be done there.", $"'{path}' lies where nothing can be searched."));
}
