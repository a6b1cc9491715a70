namespace Operone.Core.Files;

/// <summary>Something in the tree as the API shows it.</summary>
/// <param name="Path">Where it is, as the path of an address: what comes after <c>/api/v1/files</c>.</param>
/// <param name="Name">Its name for people: what is not UTF-8 is shown as U+FFFD.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">How many bytes it has; of a folder null.</param>
/// <param name="ModifiedAt">When its content changed last (UTC).</param>
/// <param name="AccessedAt">When it was read last (UTC).</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="Mode">The permission bits in octal digits, as <c>chmod</c> takes them.</param>
/// <param name="Owner">The owner's name, or number.</param>
/// <param name="Group">The group's name, or number.</param>
/// <param name="Target">Of a link: where it leads to, as it is written in it, percent-encoded.</param>
/// <param name="TargetKind">Of a link: what it leads to; null where that is nothing, or out of bounds.</param>
/// <param name="Tag">Changes whenever the content may have changed: the <c>ETag</c> without its quotes.</param>
/// <param name="IsWritable">Whether policy and permission let who asks change it.</param>
/// <param name="Attributes">Extended attributes in base64, by name; where one thing alone was asked for.</param>
/// <param name="Problem">Of something in an archive: why it cannot be had.</param>
public sealed record FileView(
    string Path, string Name, FileKind Kind, long? Size, DateTimeOffset? ModifiedAt, DateTimeOffset? AccessedAt, DateTimeOffset? CreatedAt, string? Mode,
    string? Owner, string? Group, string? Target, FileKind? TargetKind, string? Tag, bool IsWritable, IReadOnlyDictionary<string, byte[]>? Attributes = null, string? Problem = null);

/// <summary>A page of a folder.</summary>
/// <param name="Items">What is in it.</param>
/// <param name="NextCursor">Where the next page begins; null behind the last one.</param>
/// <param name="Count">How many there are in all, of those that the filter lets through.</param>
public sealed record FolderView(IReadOnlyList<FileView> Items, string? NextCursor, long Count);

/// <summary>The data of an event <c>changed</c> of a folder that is watched.</summary>
/// <param name="Segments">What has come, gone or changed, as segments of an address; none where the folder is to be read again.</param>
public sealed record FolderChange(IReadOnlyList<string> Segments);

/// <summary>What <c>PATCH /api/v1/files/{path}</c> takes. What is not given stays.</summary>
/// <param name="Mode">The permission bits in octal digits.</param>
/// <param name="Owner">A name or a number.</param>
/// <param name="Group">A name or a number.</param>
/// <param name="ModifiedAt">The time of change (UTC).</param>
/// <param name="Attributes">Extended attributes in base64; null takes one away.</param>
public sealed record UpdateFile(
    string? Mode = null, string? Owner = null, string? Group = null, DateTimeOffset? ModifiedAt = null, IReadOnlyDictionary<string, byte[]?>? Attributes = null);

/// <summary>What <c>POST /api/v1/files/{path}:move</c> and <c>:copy</c> take.</summary>
/// <param name="To">The new place itself, as an address in the tree.</param>
/// <param name="Overwrite">Whether a file that is there is replaced.</param>
/// <param name="Conflict">Of a transfer: what becomes of files that are there already; by default as <paramref name="Overwrite"/> says, or it asks.</param>
/// <param name="IsPaused">Of a transfer: make the plan, and wait with it.</param>
public sealed record BringFile(string? To, bool Overwrite = false, ConflictRule? Conflict = null, bool IsPaused = false);

/// <summary>What a removal came to.</summary>
/// <param name="Count">How many files and folders are gone.</param>
/// <param name="IsInTrash">Whether they lie in the device's trash.</param>
public sealed record RemovedFiles(long Count, bool IsInTrash);
