using System.Text.Json.Serialization;

namespace Operone.Core.Files;

/// <summary>What becomes of a file of an archive where there is one already.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<UnpackConflict>))]
public enum UnpackConflict
{
    /// <summary>It is said, and the file stays as it is; the rest goes on.</summary>
    [JsonStringEnumMemberName("fail")]
    Fail,

    /// <summary>The file stays as it is.</summary>
    [JsonStringEnumMemberName("skip")]
    Skip,

    /// <summary>The file is replaced.</summary>
    [JsonStringEnumMemberName("overwrite")]
    Overwrite,
}

/// <summary>What became of an entry of an archive.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<UnpackOutcome>))]
public enum UnpackOutcome
{
    /// <summary>It is there.</summary>
    [JsonStringEnumMemberName("unpacked")]
    Unpacked,

    /// <summary>There was one already, which stayed.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>It is not what may be in an archive: its name or target leads out of the folder, or it is a device, a pipe, a socket.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>It could not be written.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>An entry of an archive.</summary>
/// <param name="Name">Its name in the archive, for people.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Kind">What it is; null where it is nothing that can be unpacked.</param>
/// <param name="Path">Where it is now, as an address in the tree; null where its name is none.</param>
/// <param name="Bytes">Of a file: how many bytes it has.</param>
/// <param name="Detail">Why it is not there.</param>
public sealed record UnpackedEntry(string Name, UnpackOutcome Outcome, FileKind? Kind, string? Path, long? Bytes, string? Detail);

/// <summary>What unpacking an archive came to.</summary>
/// <param name="Format"><c>zip</c>, <c>tar</c>, <c>tar.gz</c> or <c>tar.zst</c>.</param>
/// <param name="Unpacked">How many entries are there now.</param>
/// <param name="Skipped">How many were there already.</param>
/// <param name="Refused">How many were refused.</param>
/// <param name="Failed">How many could not be written.</param>
/// <param name="Bytes">How many bytes of files were written.</param>
/// <param name="Problem">What ended it before the end of the archive; what is counted was written all the same.</param>
public sealed record UnpackEnd(string Format, long Unpacked, long Skipped, long Refused, long Failed, long Bytes, FileProblem? Problem = null);

/// <summary>A line of the answer of <c>POST /api/v1/files/{path}:unpack</c>: an entry, or at last the end.</summary>
public sealed record UnpackLine(UnpackedEntry? Entry = null, UnpackEnd? End = null);
