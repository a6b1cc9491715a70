using Operone.Core.Files;

namespace Operone.Web.Files.Unpack;

/// <summary>Something in an archive, as the archive says.</summary>
/// <param name="Name">Its name, see <see cref="FileName"/>.</param>
/// <param name="Kind">What it is; null for a hard link to something before it.</param>
internal sealed record ArchiveEntry(string Name, FileKind? Kind)
{
    /// <summary>Why it is not unpacked, whatever its name.</summary>
    public string? Refusal { get; init; }

    /// <summary>The permission bits.</summary>
    public int? Mode { get; init; }

    /// <summary>When it was changed.</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>Of a link: where it leads to.</summary>
    public string? Target { get; init; }

    /// <summary>How many bytes the archive says that it has.</summary>
    public long Size { get; init; }

    /// <summary>Its bytes, to be read before the next entry; what is wrong with them is found out at the end.</summary>
    public Stream Content { get; init; } = Stream.Null;
}

/// <summary>Reads an archive from its beginning to its end.</summary>
internal interface IArchiveReader : IAsyncDisposable
{
    /// <summary>The next entry, or null at the end.</summary>
    /// <exception cref="UnpackStop">The archive is broken, or comes to too much.</exception>
    ValueTask<ArchiveEntry?> NextAsync(CancellationToken cancellationToken);
}

/// <summary>Names and targets in archives: what they mean, and which are refused.</summary>
internal static class ArchiveNames
{
    /// <summary>Where an entry goes, below the folder that is unpacked into; or why it goes nowhere.</summary>
    public static (TreePath? Path, string? Refusal) Read(string name)
    {
        if (name.StartsWith('/') || name.StartsWith('\\'))
        {
            return (null, "its name is absolute");
        }

        if (name is [var letter, ':', ..] && char.IsAsciiLetter(letter))
        {
            return (null, "its name begins with a drive");
        }

        // a backslash is a part of a name; on Windows it would be a way up
        if (name.Split('/', '\\').Contains(".."))
        {
            return (null, "its name leads out of the folder");
        }

        var path = TreePath.FromNames(name.Split('/').Where(n => n is not ("" or ".")));
        return path.IsError ? (null, path.Error!.Fields?.Values.FirstOrDefault()?[0] ?? path.Error.Detail) : (path.Value, null);
    }

    /// <summary>
    /// Why a link is refused; null where it leads to something in the folder. Up it may lead at its beginning alone: behind a name, which may be a link itself, nobody knows
    /// where up is.
    /// </summary>
    public static string? CheckTarget(TreePath link, string target)
    {
        if (target.Length == 0 || target.StartsWith('/') || target.StartsWith('\\') || target is [_, ':', ..])
        {
            return "its target is absolute, or empty";
        }

        if (target.Contains('\0', StringComparison.Ordinal) || target.Length > TreePath.MaxBytes)
        {
            return "its target is none";
        }

        var (depth, isDown) = (link.Depth - 1, false);
        foreach (var part in target.Split('/', '\\'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part != "..")
            {
                isDown = true;
            }
            else if (isDown || --depth < 0)
            {
                return isDown ? "its target leads up again behind a name" : "its target leads out of the folder";
            }
        }

        return null;
    }
}
