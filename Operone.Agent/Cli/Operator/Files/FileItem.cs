using System.Globalization;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>A file or folder, on whichever side.</summary>
/// <param name="Path">On its side.</param>
/// <param name="Kind">What it is.</param>
/// <param name="TargetKind">Of a link: what it leads to.</param>
/// <param name="Target">Of a link: where it leads to, as it is written in it.</param>
/// <param name="Size">How many bytes it has.</param>
/// <param name="ModifiedAt">When its content changed last.</param>
/// <param name="Mode">Its permission bits.</param>
/// <param name="Tag">Changes whenever its content may have.</param>
internal sealed record FileItem(
    TreePath Path, FileKind Kind, FileKind? TargetKind, string? Target, long Size, DateTimeOffset? ModifiedAt, int? Mode, string? Tag)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    /// <summary>Its last name.</summary>
    public string Name => Path.Name;

    /// <summary>Whether it can be entered: a folder, or a link to one.</summary>
    public bool IsFolder => Kind == FileKind.Folder || (Kind == FileKind.Link && TargetKind == FileKind.Folder);

    /// <summary>Whether it has bytes: a file, or a link to one.</summary>
    public bool IsFile => Kind == FileKind.File || (Kind == FileKind.Link && TargetKind == FileKind.File);

    /// <summary>From what the API says.</summary>
    public static FileItem Of(TreePath path, FileView view) => new(
        path, view.Kind, view.TargetKind, view.Target is null ? null : Unescape(view.Target), view.Size ?? 0, view.ModifiedAt, ParseMode(view.Mode), view.Tag);

    /// <summary>From what this machine says.</summary>
    public static FileItem Of(TreePath path, FileEntry entry) => new(
        path, entry.Kind, entry.TargetKind, entry.Target is null ? null : Unescape(entry.Target), entry.Size ?? 0, entry.ModifiedAt, entry.Mode, entry.Tag);

    /// <summary>Whether a copy of it need not be made again: it has this size and this time.</summary>
    public bool IsLike(FileItem other) =>
        Kind == other.Kind && Size == other.Size
        && ModifiedAt is { } one && other.ModifiedAt is { } two && (one - two).Duration() < Tolerance;

    private static string Unescape(string target) => string.Join('/', target.Split('/').Select(s => FileName.FromSegment(s) ?? s));

    private static int? ParseMode(string? mode) =>
        mode is { Length: 3 or 4 } && int.TryParse(mode, NumberStyles.None, CultureInfo.InvariantCulture, out _) && mode.All(c => c <= '7') ? Convert.ToInt32(mode, 8) : null;
}
