using System.Globalization;
using Operone.Core.Files;
using Operone.Disk.Search;

namespace Operone.Disk.Portable;

/// <summary>Files by .NET's own means: for macOS and Windows. What it cannot do it says.</summary>
internal sealed class PortableDisk(string stateDirectory) : IDisk
{
    private readonly PortablePlaces _places = new(stateDirectory);

    /// <inheritdoc/>
    public FileEntry Stat(FilePlace place, bool withAttributes) =>
        PortablePlaces.IsDrives(place) ? new FileEntry { Segment = "", Kind = FileKind.Folder }
        : TryEntry(_places.Find(place, isLinkFine: true), place.Path.Name) ?? throw FileFault.NotFound(place.Path);

    /// <inheritdoc/>
    public IDiskFolder OpenFolder(FilePlace place) => new PortableFolder(PortablePlaces.IsDrives(place) ? null : RequireFolder(place), place, _places);

    /// <inheritdoc/>
    public IDiskFile OpenFile(FilePlace place) => Try(place, "read", () =>
    {
        var path = _places.Find(place, isLinkFine: false);
        return TryEntry(path, place.Path.Name) switch
        {
            null => throw FileFault.NotFound(place.Path),
            { Kind: FileKind.File } => new PortableFile(path, place),
            _ => throw new FileFault(FileProblems.WrongKind, $"'{place}' is no file."),
        };
    });

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Walk(FilePlace place, Action<FileProblem> problem) => Walk(place, "", problem);

    /// <inheritdoc/>
    public IDiskPart OpenPart(FilePlace place, Guid upload, bool create) => Try(place, "written", () =>
    {
        var path = _places.FindToChange(place);
        var part = Path.Combine(Path.GetDirectoryName(path)!, PartName(upload));
        return PortablePlaces.TryAttributes(part) is null && !create
            ? throw new FileFault(FileProblems.NotFound, $"There is no unfinished upload of '{place}' by that id.")
            : new PortablePart(part, path, place);
    });

    /// <inheritdoc/>
    public TreePath PartPath(FilePlace place, Guid upload) => place.Path.Parent.Child(PartName(upload));

    /// <inheritdoc/>
    public bool RemoveOldPart(TreePath part, DateTimeOffset since) => Try(FileBounds.Of(FileScope.Everything).At(part.ToAddress()), "removed", () =>
    {
        var path = _places.FindToChange(FileBounds.Of(FileScope.Everything).At(part.ToAddress()));
        if (part.Name.StartsWith(FileLimits.PartPrefix, StringComparison.Ordinal) && File.Exists(path))
        {
            if (File.GetLastWriteTimeUtc(path) >= since.UtcDateTime)
            {
                return false;
            }

            File.Delete(path);
        }

        return true;
    });

    /// <inheritdoc/>
    public void MakeFolder(FilePlace place, bool recursive, int? mode) => Try(place, "made", () =>
    {
        var path = _places.FindToChange(place);
        var parent = Path.GetDirectoryName(path)!;
        if (!recursive && (PortablePlaces.TryAttributes(path) is not null || !Directory.Exists(parent)))
        {
            throw Directory.Exists(parent) ? new FileFault(FileProblems.Exists, $"'{place}' is there already.") : FileFault.NotFound(place.Path.Parent);
        }

        Directory.CreateDirectory(path);
        SetMode(path, mode);
        return true;
    });

    /// <inheritdoc/>
    public void MakeLink(FilePlace place, string target) => Try(place, "made", () =>
    {
        File.CreateSymbolicLink(_places.FindToChange(place), target);
        return true;
    });

    /// <inheritdoc/>
    public void Rename(FilePlace from, FilePlace to, bool overwrite) => Try(from, "moved", () =>
    {
        var (one, other) = (_places.FindToChange(from), _places.FindToChange(to));
        RequireMovable(one, from);
        if (PortablePlaces.TryAttributes(one) is not { } attributes)
        {
            throw FileFault.NotFound(from.Path);
        }

        var isCaseOnly = one.Equals(other, StringComparison.OrdinalIgnoreCase);
        if (!overwrite && !isCaseOnly && PortablePlaces.TryAttributes(other) is not null)
        {
            throw new FileFault(FileProblems.Exists, $"'{to}' is there already.");
        }

        if (!string.Equals(Path.GetPathRoot(one), Path.GetPathRoot(other), StringComparison.OrdinalIgnoreCase))
        {
            throw new FileFault(FileProblems.OtherFileSystem, $"'{from}' could not be moved: '{to}' is on another drive.");
        }

        if (attributes.HasFlag(FileAttributes.Directory))
        {
            Directory.Move(one, other);
        }
        else
        {
            File.Move(one, other, overwrite);
        }

        return true;
    });

    /// <inheritdoc/>
    public long Remove(FilePlace place, bool recursive, CancellationToken cancel) => Try(place, "removed", () =>
    {
        var path = _places.FindToChange(place);
        RequireMovable(path, place);
        return PortablePlaces.TryAttributes(path) is { } attributes ? Remove(path, attributes, place, recursive, cancel) : throw FileFault.NotFound(place.Path);
    });

    /// <inheritdoc/>
    public void Trash(FilePlace place, DateTimeOffset now) => throw FileFault.Unsupported($"'{place}' could not be moved to the trash: the agent cannot do that on this system. It can only be removed.");

    /// <inheritdoc/>
    public void Change(FilePlace place, FileChange change) => Try(place, "changed", () =>
    {
        var path = _places.FindToChange(place);
        if (change.Owner is not null || change.Group is not null || change.Attributes is { Count: > 0 })
        {
            throw FileFault.Unsupported("Owners and extended attributes are not changed on this system.");
        }

        var attributes = PortablePlaces.TryAttributes(path) ?? throw FileFault.NotFound(place.Path);
        if (attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            throw new FileFault(FileProblems.WrongKind, $"'{place}' is a link.");
        }

        SetMode(path, change.Mode);
        if (change.ModifiedAt is { } modified)
        {
            File.SetLastWriteTimeUtc(path, modified.UtcDateTime);
        }

        return true;
    });

    /// <inheritdoc/>
    public IDiskWatch Watch(FilePlace place) => new PortableWatch(RequireFolder(place), place, _places);

    /// <inheritdoc/>
    public ISearchWalk Search(FilePlace place, SearchWalk how) => new PortableSearch(this, place, how);

    /// <summary>What is at a path; null where nothing is.</summary>
    public static FileEntry? TryEntry(string path, string name)
    {
        if (PortablePlaces.TryAttributes(path) is not { } attributes)
        {
            return null;
        }

        var isFolder = attributes.HasFlag(FileAttributes.Directory);
        FileSystemInfo info = isFolder ? new DirectoryInfo(path) : new FileInfo(path);
        var kind = attributes.HasFlag(FileAttributes.ReparsePoint) ? FileKind.Link
            : isFolder ? FileKind.Folder : attributes.HasFlag(FileAttributes.Device) ? FileKind.Other : FileKind.File;
        var size = info is FileInfo file && kind != FileKind.Folder ? file.Length : (long?)null;
        return new FileEntry
        {
            Segment = FileName.ToSegment(name),
            Kind = kind,
            Size = size,
            ModifiedAt = info.LastWriteTimeUtc,
            AccessedAt = info.LastAccessTimeUtc,
            CreatedAt = info.CreationTimeUtc,
            Mode = OperatingSystem.IsWindows() ? null : (int)info.UnixFileMode,
            Target = kind == FileKind.Link && info.LinkTarget is { } target ? string.Join('/', target.Replace('\\', '/').Split('/').Select(FileName.ToSegment)) : null,
            Tag = string.Create(CultureInfo.InvariantCulture, $"{info.CreationTimeUtc.Ticks:x}-{info.LastWriteTimeUtc.Ticks:x}-{size ?? 0:x}"),
        };
    }

    /// <summary>Does something, and says what .NET throws as a problem.</summary>
    public static T Try<T>(FilePlace place, string verb, Func<T> what)
    {
        try
        {
            return what();
        }
        catch (FileFault)
        {
            throw;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            var code = problem switch
            {
                FileNotFoundException or DirectoryNotFoundException => FileProblems.NotFound,
                UnauthorizedAccessException => FileProblems.Denied,
                PathTooLongException => FileProblems.BadName,
                NotSupportedException => FileProblems.Unsupported,
                _ => (problem.HResult & 0xFFFF) switch
                {
                    39 or 112 => FileProblems.NoSpace, // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
                    80 or 183 => FileProblems.Exists,
                    145 => FileProblems.NotEmpty,
                    17 => FileProblems.OtherFileSystem,
                    123 => FileProblems.BadName,
                    _ => FileProblems.Failed,
                },
            };
            throw new FileFault(code, $"'{place}' could not be {verb}: {problem.Message}");
        }
    }

    private static string PartName(Guid upload) => $"{FileLimits.PartPrefix}{upload:N}{FileLimits.PartSuffix}";

    private static void SetMode(string path, int? mode)
    {
        if (mode is { } bits && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)bits);
        }
    }

    private string RequireFolder(FilePlace place)
    {
        var path = _places.Find(place, isLinkFine: false);
        return Directory.Exists(path) ? path
            : throw (PortablePlaces.TryAttributes(path) is null ? FileFault.NotFound(place.Path) : new FileFault(FileProblems.WrongKind, $"'{place}' is no folder."));
    }

    private void RequireMovable(string path, FilePlace place)
    {
        if (_places.Holds(path))
        {
            throw new FileFault(FileProblems.Denied, $"'{place}' stays where it is: the agent keeps its state in it.");
        }

        if (place.Bounds.HidesAny && Directory.Exists(path) && !new DirectoryInfo(path).Attributes.HasFlag(FileAttributes.ReparsePoint) && HoldsHidden(place, path))
        {
            throw new FileFault(FileProblems.Denied, $"'{place}' stays where it is: something in it is not to be seen.");
        }
    }

    private static bool HoldsHidden(FilePlace place, string path) => new DirectoryInfo(path).EnumerateFileSystemInfos().Any(i =>
        FileName.Check(i.Name) is not null || place.Bounds.Hides(place.Path.Child(i.Name))
        || (i is DirectoryInfo && !i.Attributes.HasFlag(FileAttributes.ReparsePoint) && HoldsHidden(place.Child(i.Name), i.FullName)));

    private static long Remove(string path, FileAttributes attributes, FilePlace place, bool recursive, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!attributes.HasFlag(FileAttributes.Directory))
        {
            File.Delete(path);
            return 1;
        }

        long count = 1;
        if (!attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            foreach (var below in new DirectoryInfo(path).EnumerateFileSystemInfos())
            {
                count += recursive ? Remove(below.FullName, below.Attributes, place, recursive, cancel) : throw new FileFault(FileProblems.NotEmpty, $"'{place}' could not be removed: the folder is not empty.");
            }
        }

        Directory.Delete(path, recursive: false);
        return count;
    }

    private IEnumerable<FileEntry> Walk(FilePlace place, string prefix, Action<FileProblem> problem)
    {
        using var folder = new PortableFolder(RequireFolder(place), place, _places);
        var names = new FolderNames();
        try
        {
            folder.Read(names);
        }
        catch (FileFault fault)
        {
            problem(fault.Problem);
        }

        for (var i = 0; i < names.Count; i++)
        {
            var name = names[names.Slots[i]].ToString();
            if (folder.Entry(name) is not { } entry)
            {
                continue;
            }

            yield return entry with { Segment = prefix + entry.Segment };
            if (entry.Kind == FileKind.Folder)
            {
                foreach (var below in Walk(place.Child(name), prefix + entry.Segment + "/", problem))
                {
                    yield return below;
                }
            }
        }
    }
}
