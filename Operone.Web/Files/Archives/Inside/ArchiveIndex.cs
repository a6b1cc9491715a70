using Operone.Core.Files;
using Operone.Web.Files.Mounts.Remote;
using Operone.Web.Files.Unpack;

namespace Operone.Web.Files.Archives.Inside;

/// <summary>Something in an archive, as it is remembered.</summary>
/// <param name="Path">Where it is below the archive's top, its names with slashes between; of what has no such place the name that the archive says.</param>
/// <param name="Kind">What it is; null for a hard link.</param>
internal sealed record InsideEntry(string Path, FileKind? Kind)
{
    /// <summary>Its name as the archive has it, where that is written in another way.</summary>
    public string? Written { get; init; }

    /// <summary>Why it cannot be had.</summary>
    public string? Refusal { get; init; }

    public long Size { get; init; }

    public DateTimeOffset? ModifiedAt { get; init; }

    public int? Mode { get; init; }

    /// <summary>Of a link, hard or symbolic: where it leads to, as it is written.</summary>
    public string? Target { get; init; }

    /// <summary>Where its bytes are: in a zip its head, in a tar they themselves, without the compression.</summary>
    public long At { get; init; } = -1;

    /// <summary>Of a zip: how many bytes it has there, whether they are compressed, and their checksum.</summary>
    public (long Length, bool IsDeflated, uint Crc) Packed { get; init; }

    /// <summary>Its last name.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}

/// <summary>
/// What is in an archive, folder by folder. Names are held to be names in a tree of their own, and nothing else: what would lead elsewhere, comes twice, or lies below
/// what is no folder is listed at the top as it is written, and cannot be opened.
/// </summary>
internal sealed class ArchiveIndex(string format, UnpackMeter meter)
{
    /// <summary>How much memory one may take, roughly.</summary>
    public const long MaxWeight = 64L << 20;

    private readonly Dictionary<string, InsideEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _folders = new(StringComparer.Ordinal) { [""] = [] };
    private readonly List<InsideEntry> _refused = [];
    private (string Folder, string? Sort, List<FileEntry> Entries)? _sorted;

    /// <summary>zip, tar, tar.gz or tar.zst.</summary>
    public string Format => format;

    /// <summary>How much memory it takes, roughly.</summary>
    public long Weight { get; private set; }

    /// <summary>Takes in what the archive says.</summary>
    /// <exception cref="UnpackStop">It comes to too much.</exception>
    public void Add(ArchiveEntry entry, long at, (long Length, bool IsDeflated, uint Crc) packed = default)
    {
        meter.AddEntry();
        var (path, refusal) = ArchiveNames.Read(entry.Name);
        if (path is { IsTop: true } && entry.Kind == FileKind.Folder)
        {
            return;
        }

        var known = new InsideEntry(path is null ? Shorten(entry.Name) : string.Join('/', path.Names), entry.Kind)
        {
            Refusal = refusal ?? entry.Refusal,
            Size = entry.Size,
            ModifiedAt = entry.ModifiedAt,
            Mode = entry.Mode,
            Target = entry.Target is { Length: > 0 } target ? Shorten(target) : null,
            At = at,
            Packed = packed,
        };
        known = path is not null && entry.Name != known.Path ? known with { Written = entry.Name } : known;
        Weigh(known);
        if (path is null || path.IsTop)
        {
            _refused.Add(known with { Refusal = refusal ?? "it has no name" });
        }
        else if (!Require(path))
        {
            _refused.Add(known with { Refusal = "something that is no folder is on the way to it" });
        }
        else if (!_entries.TryGetValue(known.Path, out var there))
        {
            Put(known);
        }
        else if (there.Kind == FileKind.Folder && known.Kind == FileKind.Folder)
        {
            // what was known of it before was its name alone
            _entries[known.Path] = known;
        }
        else
        {
            _refused.Add(known with { Refusal = "the archive has the name twice" });
        }
    }

    /// <summary>What is at a place; null where nothing is. The top is a folder.</summary>
    public InsideEntry? Find(TreePath path) => path.IsTop ? new InsideEntry("", FileKind.Folder) : _entries.GetValueOrDefault(string.Join('/', path.Names));

    /// <summary>The file whose bytes an entry has: of a hard link another one; null where there is none.</summary>
    public InsideEntry? FileOf(InsideEntry entry) => entry.Kind == FileKind.File ? entry
        : entry.Kind is null && ArchiveNames.Read(entry.Target ?? "").Path is { } path && Find(path) is { Kind: FileKind.File } file ? file : null;

    /// <summary>What is in a folder, sorted; and what has no place in any, at the end of the top. Their segments are those of <see cref="Of"/>.</summary>
    public IReadOnlyList<FileEntry> List(TreePath folder, string? sort)
    {
        var key = string.Join('/', folder.Names);
        lock (_refused)
        {
            if (_sorted is { } last && last.Folder == key && last.Sort == sort)
            {
                return last.Entries;
            }
        }

        List<FileEntry> entries = [.. (_folders.GetValueOrDefault(key) ?? []).Select(p => _entries[p]).Select(e => Describe(e, FileName.ToSegment(e.Name)))];
        RemoteOrder.Sort(entries, sort);
        if (folder.IsTop)
        {
            entries.AddRange(_refused.Select((e, i) => Describe(e, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"?{i}"))));
        }

        lock (_refused)
        {
            _sorted = (key, sort, entries);
        }

        return entries;
    }

    /// <summary>The entry of a listed one.</summary>
    public InsideEntry Of(TreePath folder, FileEntry listed) =>
        listed.Segment is ['?', .. var number] ? _refused[int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)] : Find(folder.Child(listed.Name))!;

    /// <summary>As the tree shows it.</summary>
    public FileEntry Describe(InsideEntry entry, string segment)
    {
        var file = FileOf(entry);
        return new()
        {
            Segment = segment,
            Kind = file is null ? entry.Kind ?? FileKind.Other : FileKind.File,
            Size = file?.Size,
            ModifiedAt = entry.ModifiedAt,
            Mode = entry.Mode,
            Target = entry.Kind == FileKind.Link && entry.Target is { } target ? string.Join('/', target.Split('/').Select(FileName.ToSegment)) : null,
        };
    }

    /// <summary>The folders above something, where they can be.</summary>
    private bool Require(TreePath path)
    {
        // where its own folder is there, so are those above it
        if (path.Depth < 2 || _entries.GetValueOrDefault(string.Join('/', path.Names.Take(path.Depth - 1))) is { Kind: FileKind.Folder })
        {
            return true;
        }

        for (var depth = 1; depth < path.Depth; depth++)
        {
            var key = string.Join('/', path.Names.Take(depth));
            if (!_entries.TryGetValue(key, out var there))
            {
                var made = new InsideEntry(key, FileKind.Folder);
                Weigh(made);
                Put(made);
            }
            else if (there.Kind != FileKind.Folder)
            {
                return false;
            }
        }

        return true;
    }

    private void Put(InsideEntry entry)
    {
        _entries.Add(entry.Path, entry);
        _folders[Above(entry.Path)].Add(entry.Path);
        if (entry.Kind == FileKind.Folder)
        {
            _folders.TryAdd(entry.Path, []);
        }
    }

    private void Weigh(InsideEntry entry)
    {
        Weight += 300 + (2 * (entry.Path.Length + (entry.Target?.Length ?? 0) + (entry.Written?.Length ?? 0)));
        if (Weight > MaxWeight)
        {
            throw UnpackStop.TooMuch("Its names take more memory than there is for them: unpack it instead.");
        }
    }

    private static string Above(string path) => path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "";

    private static string Shorten(string name) => name.Length > 512 ? name[..512] + "…" : name;
}
