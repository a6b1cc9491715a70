using Operone.Core.Files;
using Operone.Disk.Search;

namespace Operone.Disk;

/// <summary>
/// The device's files as its system has them. What it is given is within bounds by name; it holds the bounds against links, too.
/// Every call may throw <see cref="FileFault"/>.
/// </summary>
internal interface IDisk
{
    /// <summary>What is at a place; of a link the link itself.</summary>
    FileEntry Stat(FilePlace place, bool withAttributes);

    /// <summary>A folder, to be listed.</summary>
    IDiskFolder OpenFolder(FilePlace place);

    /// <summary>A file, to be read.</summary>
    IDiskFile OpenFile(FilePlace place);

    /// <summary>All below a folder, one after the other. Folders that could not be read are said to <paramref name="problem"/>.</summary>
    IEnumerable<FileEntry> Walk(FilePlace place, Action<FileProblem> problem);

    /// <summary>The unfinished upload beside a place.</summary>
    /// <param name="place">What it will be.</param>
    /// <param name="upload">The upload.</param>
    /// <param name="create">Whether it is made where it is not there.</param>
    IDiskPart OpenPart(FilePlace place, Guid upload, bool create);

    /// <summary>Where the part of an upload to a place lies, links resolved.</summary>
    TreePath PartPath(FilePlace place, Guid upload);

    /// <summary>Removes a part by its own path where it has not changed since <paramref name="since"/>. Gives whether it is gone.</summary>
    bool RemoveOldPart(TreePath part, DateTimeOffset since);

    /// <summary>Makes a folder.</summary>
    void MakeFolder(FilePlace place, bool recursive, int? mode);

    /// <summary>Makes a symbolic link.</summary>
    void MakeLink(FilePlace place, string target);

    /// <summary>Moves.</summary>
    void Rename(FilePlace from, FilePlace to, bool overwrite);

    /// <summary>Removes. Gives how much.</summary>
    long Remove(FilePlace place, bool recursive, CancellationToken cancel);

    /// <summary>Moves to the trash.</summary>
    void Trash(FilePlace place, DateTimeOffset now);

    /// <summary>Changes what is given.</summary>
    void Change(FilePlace place, FileChange change);

    /// <summary>Watches a folder.</summary>
    IDiskWatch Watch(FilePlace place);

    /// <summary>All that a search comes by: below a folder, or a file.</summary>
    ISearchWalk Search(FilePlace place, SearchWalk how);

    /// <summary>What the calling thread does from now on waits for what others do.</summary>
    void BeModest() => Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
}

/// <summary>What is to be changed; null for what stays.</summary>
internal sealed record FileChange(
    int? Mode, string? Owner, string? Group, DateTimeOffset? ModifiedAt, IReadOnlyDictionary<string, byte[]?>? Attributes);

/// <summary>Tells whether a folder is still as it was.</summary>
internal readonly record struct FolderStamp(ulong Device, ulong Inode, long Modified, long Changed);

/// <summary>An open folder.</summary>
internal interface IDiskFolder : IDisposable
{
    /// <summary>How it is now, as it is cheap to know.</summary>
    FolderStamp Stamp { get; }

    /// <summary>Reads all names in it that may be seen.</summary>
    void Read(FolderNames names);

    /// <summary>What has a name in it; null where that is gone.</summary>
    FileEntry? Entry(string name);

    /// <summary>Size and time of change alone, for sorting.</summary>
    (long Size, long Modified) Weigh(string name);
}

/// <summary>An open file.</summary>
internal interface IDiskFile : IDisposable
{
    /// <summary>What it was when it was opened.</summary>
    FileEntry Entry { get; }

    /// <summary>Whether it may have holes.</summary>
    bool MayHaveHoles { get; }

    /// <summary>Reads; 0 at the end.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Where there are bytes again from an offset on; null where there are none up to the end.</summary>
    long? NextData(long offset);

    /// <summary>Where the next hole begins, or the file ends.</summary>
    long NextHole(long offset);

    /// <summary>What it is now.</summary>
    FileEntry Now();
}

/// <summary>An unfinished upload.</summary>
internal interface IDiskPart : IDisposable
{
    /// <summary>How many bytes it has.</summary>
    long Length { get; }

    /// <summary>Writes.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes it longer, with zeros that take no room, or shorter.</summary>
    void SetLength(long length);

    /// <summary>Lets the disk begin with what was written, so that the end need not wait for it all.</summary>
    void Flush(long offset, long length);

    /// <summary>Reads; 0 at the end.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Puts what it holds on the disk.</summary>
    void Sync();

    /// <summary>On which file system it lies, where all of one can be put on the disk at once; else null.</summary>
    ulong? Volume { get; }

    /// <summary>Puts all that its file system holds on the disk.</summary>
    void SyncVolume();

    /// <summary>Makes it the file.</summary>
    void Commit(PartCommit how);

    /// <summary>Throws it away.</summary>
    void Discard();
}

/// <summary>How a part becomes a file, see <see cref="FileCall"/>.</summary>
/// <param name="Overwrite">Whether it replaces what is there.</param>
/// <param name="Tag">What is there must still have this tag.</param>
/// <param name="Mode">Its permission bits.</param>
/// <param name="ModifiedAt">Its time of change.</param>
/// <param name="IsDurable">Whether it is on the disk when that is done; else when the system finds time, as with other programs.</param>
internal sealed record PartCommit(bool Overwrite, string? Tag, int? Mode, DateTimeOffset? ModifiedAt, bool IsDurable = true);

/// <summary>A folder that is watched.</summary>
internal interface IDiskWatch : IDisposable
{
    /// <summary>What has changed since it was asked last, without waiting.</summary>
    WatchNews Poll();
}

/// <summary>What a watch has seen.</summary>
/// <param name="Entries">What changed; what is gone is of the kind <c>other</c> and has no times. Empty where something was missed.</param>
/// <param name="IsGone">Whether the folder is gone.</param>
internal sealed record WatchNews(IReadOnlyList<FileEntry>? Entries, bool IsGone);
