using Operone.Core;
using Operone.Core.Files;
using Operone.Web.Console.Parts;
using Operone.Web.Files.Pages.Look;

namespace Operone.Web.Files.Pages;

/// <summary>What is known of a file, as people read it.</summary>
internal static class FileText
{
    /// <summary>Larger pictures are not read for being shown small.</summary>
    private const long MaxThumbnailBytes = 1 << 20;

    private static readonly string[] _unpacked = [".zip", ".jar", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"];

    /// <summary>Whether it can be entered.</summary>
    public static bool IsFolder(this FileView view) => view.Kind == FileKind.Folder || (view.Kind == FileKind.Link && view.TargetKind == FileKind.Folder);

    /// <summary>Whether it has bytes.</summary>
    public static bool IsFile(this FileView view) => view.Kind == FileKind.File || (view.Kind == FileKind.Link && view.TargetKind == FileKind.File);

    /// <summary>Where its bytes are had, without the slash in front.</summary>
    public static string Source(this FileView view, bool inline = false) =>
        $"api/v1/files{view.Path}{(inline ? (view.Path.Contains('?', StringComparison.Ordinal) ? "&inline=true" : "?inline=true") : "")}";

    /// <summary>A picture that is small enough to be shown small; null for anything else.</summary>
    public static string? Thumbnail(FileView view) =>
        view is { Kind: FileKind.File, Size: > 0 and <= MaxThumbnailBytes } && LookKinds.Of(view.Name) == LookKind.Image ? $"{view.Source(inline: true)}&tag={Uri.EscapeDataString(view.Tag ?? "")}" : null;

    /// <summary>Its icon, and what that says.</summary>
    public static (string Icon, string Word) Glyph(FileView view) => view switch
    {
        { Kind: FileKind.Folder } when view.Path.StartsWith("/devices/", StringComparison.Ordinal) && view.Path.IndexOf('/', 9) < 0 => (Glyphs.Device, "Device"),
        { Kind: FileKind.Folder } => (Glyphs.Folder, "Folder"),
        { Kind: FileKind.Link, TargetKind: FileKind.Folder } => (Glyphs.FolderLink, "Link to a folder"),
        { Kind: FileKind.Link, TargetKind: null } => (Glyphs.FileLink, "Link to nothing that can be had"),
        { Kind: FileKind.Link } => (Glyphs.FileLink, "Link"),
        { Kind: FileKind.Other } => (Glyphs.FileGear, "Device, pipe or socket"),
        _ => LookKinds.Of(view.Name) switch
        {
            LookKind.Image => (Glyphs.Image, "Image"),
            LookKind.Audio => (Glyphs.Music, "Audio"),
            LookKind.Video => (Glyphs.Recordings, "Video"),
            LookKind.Pdf => (Glyphs.FileText, "PDF"),
            _ => IsArchive(view.Name) ? (Glyphs.Archive, "Archive") : (Glyphs.File, "File"),
        },
    };

    /// <summary>Octal digits as <c>ls -l</c> writes them: <c>rw-r--r--</c>.</summary>
    public static string Mode(string? octal)
    {
        if (octal is null || FileService.ParseMode(octal) is not { } mode)
        {
            return "";
        }

        return string.Create(9, mode, static (text, mode) =>
        {
            for (var i = 0; i < 9; i++)
            {
                text[i] = (mode & (1 << (8 - i))) != 0 ? "rwx"[i % 3] : '-';
            }

            // set-user-id, set-group-id, sticky: in the place of the x that they go with
            foreach (var (bit, at, letter) in (ReadOnlySpan<(int, int, char)>)[(0x800, 2, 's'), (0x400, 5, 's'), (0x200, 8, 't')])
            {
                if ((mode & bit) != 0)
                {
                    text[at] = text[at] == 'x' ? letter : char.ToUpperInvariant(letter);
                }
            }
        });
    }

    /// <summary>Owner and group.</summary>
    public static string Owner(FileView view) => (view.Owner, view.Group) switch
    {
        (null, null) => "",
        ({ } owner, { } group) when owner != group => $"{owner}:{group}",
        var (owner, group) => owner ?? group!,
    };

    /// <summary>A number of entries.</summary>
    public static string Entries(long count) => count == 1 ? "1 entry" : $"{count:N0} entries";

    /// <summary>A size; nothing where there is none.</summary>
    public static string Size(FileView view) => view.Size is { } size && !view.IsFolder() ? Quantities.FormatSize(size) : "";

    /// <summary>Whether a name is one of an archive that can be unpacked.</summary>
    public static bool IsUnpacked(string name) =>
        _unpacked.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static bool IsArchive(string name) =>
        Path.GetExtension(name).ToUpperInvariant() is ".ZIP" or ".GZ" or ".TAR" or ".TGZ" or ".XZ" or ".ZST" or ".BZ2" or ".7Z" or ".RAR" or ".DEB" or ".RPM";
}
