using Operone.Core.Files.Chunks;
using Operone.Core.Files.Search;

namespace Operone.Core.Files;

/// <summary>
/// What a node asks of a device's files. One channel of the purpose <c>files</c> carries one call after another: a text message with the
/// call, then for <see cref="FileOps.Write"/> the bytes; the device answers with text messages (<see cref="FileReply"/>) and, for
/// what it reads, binary ones. A call is over with the reply that has <see cref="FileReply.IsLast"/>.
/// </summary>
public sealed record FileCall
{
    /// <summary>One of <see cref="FileOps"/>; what the fields mean is said there.</summary>
    public required string Op { get; init; }

    /// <summary>Within what.</summary>
    public FileScope Scope { get; init; } = FileScope.Everything;

    /// <summary>The place, whole, as an address (see <see cref="TreePath.ToAddress"/>).</summary>
    public string Path { get; init; } = "/";

    /// <summary>Another place.</summary>
    public string? To { get; init; }

    /// <summary>Within what the other place is; by default <see cref="Scope"/>.</summary>
    public FileScope? ToScope { get; init; }

    /// <summary>From which byte on; of a list, how many of those that fit are left out first.</summary>
    public long? Offset { get; init; }

    /// <summary>How many bytes, or how many entries.</summary>
    public long? Length { get; init; }

    /// <summary>Behind which name a list goes on, as a segment.</summary>
    public string? After { get; init; }

    /// <summary>By what a list is sorted: <c>name</c> (default), <c>size</c>, <c>modified</c>, <c>kind</c>; with a minus sign downwards.</summary>
    public string? Sort { get; init; }

    /// <summary>Of a list: only names that have this in them, whatever their case.</summary>
    public string? Filter { get; init; }

    /// <summary>The upload that is written to.</summary>
    public Guid? Upload { get; init; }

    /// <summary>Whether what is there already is replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether it is done to all that a folder has in it.</summary>
    public bool Recursive { get; init; }

    /// <summary>Whether what is removed goes to the device's trash.</summary>
    public bool Trash { get; init; }

    /// <summary>What the file's <see cref="FileEntry.Tag"/> must still be; <c>*</c> for any that is there.</summary>
    public string? Tag { get; init; }

    /// <summary>What the content's SHA-256 must be.</summary>
    public byte[]? Sha256 { get; init; }

    /// <summary>The permission bits to have.</summary>
    public int? Mode { get; init; }

    /// <summary>The owner to have: a name or a number.</summary>
    public string? Owner { get; init; }

    /// <summary>The group to have: a name or a number.</summary>
    public string? Group { get; init; }

    /// <summary>The time of change to have (UTC).</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>Extended attributes to set; null for one that is taken away. Of a list: those that entries are to come with, by name.</summary>
    public IReadOnlyDictionary<string, byte[]?>? Attributes { get; init; }

    /// <summary>What is searched for.</summary>
    public FileQuery? Query { get; init; }
}

/// <summary>What a device can be asked of its files.</summary>
public static class FileOps
{
    /// <summary>What <c>Path</c> is. Gives <c>Entry</c>; with <c>Recursive</c> with its extended attributes.</summary>
    public const string Stat = "stat";

    /// <summary>What is in a folder: <c>Sort</c>, <c>After</c>, <c>Length</c>, <c>Filter</c>. Gives <c>Entries</c> in several replies, the last with <c>Count</c> of all; with <c>Attributes</c>, those. Where <c>Offset</c> was asked for and done, each reply says so.</summary>
    public const string List = "list";

    /// <summary>All that is below a folder, depth first, a folder before what is in it, names from <c>Path</c> on; links are not followed. Gives <c>Entries</c>.</summary>
    public const string Walk = "walk";

    /// <summary>Bytes of a file from <c>Offset</c> on, <c>Length</c> of them or all. Gives <c>Entry</c>, then binary messages and <c>Hole</c>, then the end.</summary>
    public const string Read = "read";

    /// <summary>The SHA-256 of a file's content. Gives <c>Entry</c> and <c>Sha256</c>.</summary>
    public const string Hash = "hash";

    /// <summary>
    /// The chunks of a file, about <c>Length</c> bytes each, see <see cref="Chunker"/>. Gives <c>Entry</c>, then binary messages with the chunks
    /// (<see cref="FileChunk.Write"/>), then the end.
    /// </summary>
    public const string Chunks = "chunks";

    /// <summary>
    /// Writes to an upload from <c>Offset</c> on: binary messages and <see cref="FileData"/> (holes, and what is reused), ended by <see cref="FileData.IsEnd"/>. The device first
    /// answers with <c>Offset</c>, how much it has: where that is more than asked for it throws the rest away and answers with the offset asked
    /// for; where it is less, that is all, and no bytes follow.
    /// </summary>
    public const string Write = "write";

    /// <summary>Makes an upload the file at <c>Path</c>, at once and whole: <c>Sha256</c>, <c>Overwrite</c>, <c>Tag</c>, <c>Mode</c>, <c>ModifiedAt</c>. Gives <c>Entry</c>.</summary>
    public const string Commit = "commit";

    /// <summary>
    /// Writes many small files at once. The device first answers with nothing; then come for each a <see cref="FileData.File"/> and, where it has bytes, one binary message with all of them;
    /// <see cref="FileData.IsEnd"/> ends it, see <see cref="FileLimits.SmallBytes"/>. Each is in its place whole or not at all; they are put on the disk
    /// together, which is what makes it fast. Gives <c>Failures</c>, in several replies where there are many.
    /// </summary>
    public const string Put = "put";

    /// <summary>
    /// Reads many small files at once. The device first answers with nothing; then come for each a <see cref="FileData.File"/> with its path, and
    /// <see cref="FileData.IsEnd"/>. For each in turn it gives <c>Entry</c> and, where it has bytes, one binary message with all of them, or
    /// <c>Failures</c> with that one: it cannot be read, is no small file (<see cref="FileLimits.SmallBytes"/>), or is behind
    /// <see cref="FileLimits.SmallBatchBytes"/>. The last reply is without.
    /// </summary>
    public const string Get = "get";

    /// <summary>Throws an upload away.</summary>
    public const string Discard = "discard";

    /// <summary>Makes a folder. With <c>Recursive</c> those above it too, and it may be there.</summary>
    public const string MakeFolder = "mkdir";

    /// <summary>Makes a symbolic link at <c>Path</c> to <c>To</c>, as it is.</summary>
    public const string MakeLink = "link";

    /// <summary>Moves to <c>To</c>, on the same file system; else it is refused as <c>other-file-system</c>.</summary>
    public const string Rename = "rename";

    /// <summary>Removes; a folder that is not empty only with <c>Recursive</c>; with <c>Trash</c> to the trash. Gives <c>Count</c>.</summary>
    public const string Remove = "remove";

    /// <summary>Changes what is given: mode, owner, group, times, extended attributes. Gives <c>Entry</c>.</summary>
    public const string Change = "change";

    /// <summary>Tells of changes in a folder until the channel is closed: a reply with <c>Entries</c>' segments at most every 100 ms.</summary>
    public const string Watch = "watch";

    /// <summary>
    /// Looks for <c>Query</c> in a file, or in all below a folder. Gives <c>Found</c>, names from <c>Path</c> on, and at least once a second
    /// <c>Searched</c>, how far it is; the last reply has what it came to.
    /// </summary>
    public const string Search = "search";
}

/// <summary>A word between the bytes of a file that is written.</summary>
/// <param name="Hole">So many bytes that are zero and need not be stored.</param>
/// <param name="IsEnd">No more follows.</param>
/// <param name="File">Of a put: the file whose bytes follow. Of a get: one that is asked for.</param>
/// <param name="Reuse">Of a write: bytes that the file has which it will replace.</param>
public sealed record FileData(long? Hole = null, bool IsEnd = false, SmallFile? File = null, FileReuse? Reuse = null);

/// <summary>Bytes of an upload that are those of the file which it will replace, so that nobody has to send them.</summary>
/// <param name="Offset">Where they are in that file.</param>
/// <param name="Length">How many.</param>
/// <param name="Tag">The file's <see cref="FileEntry.Tag"/>; where it has another one by now, the write ends as <c>changed</c>.</param>
public sealed record FileReuse(long Offset, long Length, string Tag);

/// <summary>A small file among many.</summary>
/// <param name="Path">Its place, whole, as an address.</param>
/// <param name="Size">How many bytes it has, at most <see cref="FileLimits.SmallBytes"/>; of one that is asked for nothing.</param>
/// <param name="Overwrite">Whether it replaces what is there.</param>
/// <param name="Mode">Its permission bits; by default those of the file that it replaces.</param>
/// <param name="ModifiedAt">Its time of change; by default now.</param>
/// <param name="Sha256">What its content must be.</param>
public sealed record SmallFile(string Path, int Size, bool Overwrite = false, int? Mode = null, DateTimeOffset? ModifiedAt = null, byte[]? Sha256 = null);

/// <summary>One of many that could not be put, or read.</summary>
/// <param name="Index">Which, from 0.</param>
/// <param name="Problem">Why.</param>
public sealed record SmallFailure(int Index, FileProblem Problem);

/// <summary>What a device answers.</summary>
public sealed record FileReply
{
    /// <summary>Whether the call is over with it.</summary>
    public bool IsLast { get; init; }

    /// <summary>What went wrong.</summary>
    public FileProblem? Problem { get; init; }

    /// <summary>What was asked about.</summary>
    public FileEntry? Entry { get; init; }

    /// <summary>Some of a list. Of a walk the segments are paths below it.</summary>
    public IReadOnlyList<FileEntry>? Entries { get; init; }

    /// <summary>Of a read: so many bytes that are zero and were not sent.</summary>
    public long? Hole { get; init; }

    /// <summary>How many bytes of an upload are there; of a list, how many were left out first.</summary>
    public long? Offset { get; init; }

    /// <summary>How many.</summary>
    public long? Count { get; init; }

    /// <summary>The SHA-256 asked for.</summary>
    public byte[]? Sha256 { get; init; }

    /// <summary>Of a put: those that are not in their place. Of a get: one that is not read.</summary>
    public IReadOnlyList<SmallFailure>? Failures { get; init; }

    /// <summary>Some of what was found.</summary>
    public IReadOnlyList<FileMatch>? Found { get; init; }

    /// <summary>How far a search has come.</summary>
    public FileSearched? Searched { get; init; }
}

/// <summary>Why a device did not do something with a file.</summary>
/// <param name="Code">One of <see cref="FileProblems"/>.</param>
/// <param name="Detail">What happened, to what.</param>
public sealed record FileProblem(string Code, string Detail);

/// <summary>The codes of <see cref="FileProblem"/>.</summary>
public static class FileProblems
{
    /// <summary>There is no such file.</summary>
    public const string NotFound = "not-found";

    /// <summary>The device's system does not let the agent.</summary>
    public const string Denied = "denied";

    /// <summary>It lies, or leads, outside of what may be had.</summary>
    public const string Outside = "outside";

    /// <summary>What may be had may not be changed.</summary>
    public const string ReadOnly = "read-only";

    /// <summary>Something is there already.</summary>
    public const string Exists = "exists";

    /// <summary>It has changed since it was looked at.</summary>
    public const string Changed = "changed";

    /// <summary>It is a folder, or is none, or is no file that can be opened.</summary>
    public const string WrongKind = "wrong-kind";

    /// <summary>The folder is not empty.</summary>
    public const string NotEmpty = "not-empty";

    /// <summary>The disk is full, or a quota is.</summary>
    public const string NoSpace = "no-space";

    /// <summary>It would have to go to another file system: copy it.</summary>
    public const string OtherFileSystem = "other-file-system";

    /// <summary>The name is not one on that system.</summary>
    public const string BadName = "bad-name";

    /// <summary>What came is not what was sent.</summary>
    public const string BadDigest = "bad-digest";

    /// <summary>This device cannot do it.</summary>
    public const string Unsupported = "unsupported";

    /// <summary>The device does as much of that as it does at once.</summary>
    public const string Busy = "busy";

    /// <summary>Anything else, in the system's words.</summary>
    public const string Failed = "failed";
}

/// <summary>What holds for files everywhere.</summary>
public static class FileLimits
{
    /// <summary>The most bytes in one message of a channel.</summary>
    public const int PieceBytes = 128 * 1024;

    /// <summary>The most bytes of a file that is put, or read, among many.</summary>
    public const int SmallBytes = 64 * 1024;

    /// <summary>The most files of one put or get.</summary>
    public const int SmallFiles = 256;

    /// <summary>The most bytes of one put or get.</summary>
    public const int SmallBatchBytes = 4 * 1024 * 1024;

    /// <summary>How many entries a reply has at the most.</summary>
    public const int BatchEntries = 200;

    /// <summary>The most entries of one folder that are sorted.</summary>
    public const int MaxFolderEntries = 2_000_000;

    /// <summary>How long an upload that nobody goes on with is kept on its device, in hours.</summary>
    public const int UploadHours = 24;

    /// <summary>How the name of an unfinished upload begins. Such files are in no list.</summary>
    public const string PartPrefix = ".operone-";

    /// <summary>How it ends.</summary>
    public const string PartSuffix = ".part";
}
