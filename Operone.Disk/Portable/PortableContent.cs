using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Portable;

/// <summary>An open folder; without a path the drives.</summary>
internal sealed class PortableFolder(string? path, FilePlace place, PortablePlaces places) : IDiskFolder
{
    /// <inheritdoc/>
    public FolderStamp Stamp => path is null ? default : new(0, 0, Directory.GetLastWriteTimeUtc(path).Ticks, Environment.TickCount64); // never the same: not all systems touch a folder

    /// <inheritdoc/>
    public void Read(FolderNames names) => PortableDisk.Try(place, "read", () =>
    {
        if (path is null)
        {
            foreach (var drive in DriveInfo.GetDrives().Where(d => d.IsReady))
            {
                names.Add(drive.Name.AsSpan(0, 2), FileKind.Folder);
            }

            return true;
        }

        foreach (var info in new DirectoryInfo(path).EnumerateFileSystemInfos())
        {
            if (!places.Hides(place, path, info.Name))
            {
                names.Add(info.Name, info.Attributes.HasFlag(FileAttributes.ReparsePoint) ? FileKind.Link : info is DirectoryInfo ? FileKind.Folder : FileKind.File);
            }
        }

        return true;
    });

    /// <inheritdoc/>
    public FileEntry? Entry(string name) => path is null
        ? new FileEntry { Segment = FileName.ToSegment(name), Kind = FileKind.Folder }
        : PortableDisk.Try(place, "read", () => PortableDisk.TryEntry(Path.Combine(path, name), name));

    /// <inheritdoc/>
    public (long Size, long Modified) Weigh(string name) => Entry(name) is { } entry ? (entry.Size ?? -1, entry.ModifiedAt?.UtcTicks ?? 0) : (-1, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        // nothing is open
    }
}

/// <summary>An open file.</summary>
internal sealed class PortableFile(string path, FilePlace place) : IDiskFile
{
    private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);

    /// <inheritdoc/>
    public FileEntry Entry { get; } = PortableDisk.TryEntry(path, place.Path.Name) ?? throw FileFault.NotFound(place.Path);

    /// <inheritdoc/>
    public bool MayHaveHoles => false;

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long offset)
    {
        try
        {
            return RandomAccess.Read(_file, buffer, offset);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw PortableDisk.Try<FileFault>(place, "read", () => throw problem);
        }
    }

    /// <inheritdoc/>
    public long? NextData(long offset) => offset;

    /// <inheritdoc/>
    public long NextHole(long offset) => long.MaxValue;

    /// <inheritdoc/>
    public FileEntry Now() =>
        PortableDisk.Try(place, "read", () => Entry with { Size = RandomAccess.GetLength(_file), Tag = PortableDisk.TryEntry(path, place.Path.Name)?.Tag });

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>An unfinished upload.</summary>
internal sealed class PortablePart(string path, string target, FilePlace place) : IDiskPart
{
    private static readonly Lock _commits = new();

    private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Delete, bufferSize: 0);

    /// <inheritdoc/>
    public long Length => _file.Length;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(_file.SafeFileHandle, bytes, offset);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw PortableDisk.Try<FileFault>(place, "written", () => throw problem);
        }
    }

    /// <inheritdoc/>
    public void SetLength(long length) => PortableDisk.Try(place, "written", () =>
    {
        _file.SetLength(length);
        return true;
    });

    /// <inheritdoc/>
    public void Flush(long offset, long length)
    {
        // the system does
    }

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long offset) => RandomAccess.Read(_file.SafeFileHandle, buffer, offset);

    /// <inheritdoc/>
    public void Sync() => _file.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public ulong? Volume => null;

    /// <inheritdoc/>
    public void SyncVolume()
    {
        // one that is in its place was put on the disk before, and is open no more
        if (_file.CanWrite)
        {
            Sync();
        }
    }

    /// <inheritdoc/>
    public void Commit(PartCommit how) => PortableDisk.Try(place, "put in its place", () =>
    {
        lock (_commits)
        {
            var old = PortableDisk.TryEntry(target, place.Path.Name);
            if (how.Tag is { } tag && (old is null || (tag != "*" && tag != old.Tag)))
            {
                throw new FileFault(FileProblems.Changed, $"'{place}' has changed since it was looked at.");
            }

            if (old is { Kind: not FileKind.File })
            {
                throw new FileFault(FileProblems.WrongKind, $"'{place}' is no file: it is not replaced by one.");
            }

            _file.Dispose();
            if (!OperatingSystem.IsWindows() && (how.Mode ?? old?.Mode) is { } mode)
            {
                File.SetUnixFileMode(path, (UnixFileMode)mode);
            }

            if (how.ModifiedAt is { } modified)
            {
                File.SetLastWriteTimeUtc(path, modified.UtcDateTime);
            }

            if (old is not null && !how.Overwrite && how.Tag is null)
            {
                throw new FileFault(FileProblems.Exists, $"'{place}' is there already.");
            }

            File.Move(path, target, overwrite: old is not null);
            return true;
        }
    });

    /// <inheritdoc/>
    public void Discard()
    {
        _file.Dispose();
        File.Delete(path);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>A folder that is watched.</summary>
internal sealed class PortableWatch : IDiskWatch
{
    private readonly FileSystemWatcher _watcher;
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);
    private readonly string _path;
    private volatile bool _isMissed;

    /// <summary>Starts one.</summary>
    public PortableWatch(string path, FilePlace place, PortablePlaces places)
    {
        _path = path;
        _watcher = new FileSystemWatcher(path);
        _watcher.Changed += (_, e) => Note(e.Name);
        _watcher.Created += (_, e) => Note(e.Name);
        _watcher.Deleted += (_, e) => Note(e.Name);
        _watcher.Renamed += (_, e) =>
        {
            Note(e.OldName);
            Note(e.Name);
        };
        _watcher.Error += (_, _) => _isMissed = true;
        _watcher.EnableRaisingEvents = true;

        void Note(string? name)
        {
            if (name is { Length: > 0 } && !name.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) && !places.Hides(place, path, name))
            {
                _names[name] = true;
            }
        }
    }

    /// <inheritdoc/>
    public WatchNews Poll()
    {
        var entries = new List<FileEntry>();
        foreach (var name in _names.Keys)
        {
            if (_names.TryRemove(name, out _))
            {
                entries.Add(PortableDisk.TryEntry(Path.Combine(_path, name), name) ?? new FileEntry { Segment = FileName.ToSegment(name), Kind = FileKind.Other });
            }
        }

        var isMissed = _isMissed;
        _isMissed = false;
        return new WatchNews(isMissed ? [] : entries.Count == 0 ? null : entries, !Directory.Exists(_path));
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();
}
