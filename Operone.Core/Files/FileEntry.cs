using System.Text.Json.Serialization;

namespace Operone.Core.Files;

/// <summary>What something in the tree is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FileKind>))]
public enum FileKind
{
    /// <summary>A file with bytes.</summary>
    [JsonStringEnumMemberName("file")]
    File,

    /// <summary>A folder.</summary>
    [JsonStringEnumMemberName("folder")]
    Folder,

    /// <summary>A symbolic link.</summary>
    [JsonStringEnumMemberName("link")]
    Link,

    /// <summary>A device, a pipe, a socket: it is listed, and never opened.</summary>
    [JsonStringEnumMemberName("other")]
    Other,
}

/// <summary>Something in a folder, as a backend sees it. What a backend does not know is null.</summary>
public sealed record FileEntry
{
    /// <summary>Its name as a segment of an address, see <see cref="FileName.ToSegment"/>.</summary>
    public required string Segment { get; init; }

    /// <summary>What it is.</summary>
    public required FileKind Kind { get; init; }

    /// <summary>How many bytes it has; of a folder null.</summary>
    public long? Size { get; init; }

    /// <summary>When its content changed last (UTC).</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>When it was read last (UTC).</summary>
    public DateTimeOffset? AccessedAt { get; init; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The permission bits, as <c>chmod</c> takes them (0 to 4095).</summary>
    public int? Mode { get; init; }

    /// <summary>The owner's name, or number where it has none.</summary>
    public string? Owner { get; init; }

    /// <summary>The group's name, or number where it has none.</summary>
    public string? Group { get; init; }

    /// <summary>Of a link: where it leads to, as it is written in it, percent-encoded like an address.</summary>
    public string? Target { get; init; }

    /// <summary>Of a link: what it leads to; null where that is nothing, or out of bounds.</summary>
    public FileKind? TargetKind { get; init; }

    /// <summary>Changes whenever the content may have changed: good as a strong validator (RFC 9110, section 8.8.3), without quotes.</summary>
    public string? Tag { get; init; }

    /// <summary>Extended attributes (xattr(7)), by name, where they were asked for.</summary>
    public IReadOnlyDictionary<string, byte[]>? Attributes { get; init; }

    /// <summary>Its name, see <see cref="FileName"/>.</summary>
    [JsonIgnore]
    public string Name => FileName.FromSegment(Segment) ?? Segment;

    /// <summary>Whether it can be entered: a folder, or a link to one.</summary>
    [JsonIgnore]
    public bool IsFolder => Kind == FileKind.Folder || (Kind == FileKind.Link && TargetKind == FileKind.Folder);
}
