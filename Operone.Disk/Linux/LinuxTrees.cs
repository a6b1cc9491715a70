using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>What is done to all that is below a folder, by descriptors: a link that is swapped in meanwhile is never followed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxTrees(LinuxResolver resolver, LinuxEntries entries)
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>How deep a tree is gone into: each level holds a descriptor.</summary>
    private const int MaxDepth = 512;

    private static readonly int _enter = FileCalls.ReadOnly | FileCalls.FolderOnly | FileCalls.NoFollow;

    /// <summary>All below a folder, see <see cref="FileOps.Walk"/>.</summary>
    public IEnumerable<FileEntry> Walk(FilePlace place, Action<FileProblem> problem)
    {
        using var top = resolver.OpenFolder(place);
        var levels = new Stack<Level>();
        try
        {
            levels.Push(Enter(FileCalls.OpenAt(top.Handle, ".\0"u8, _enter), place, top.Path, top.Root, ""));
            while (levels.TryPeek(out var level))
            {
                if (!level.Reader.Next())
                {
                    levels.Pop().Dispose();
                    continue;
                }

                if (level.Filter.Hides(level.Reader.Name) || Entry(level) is not { } entry)
                {
                    continue;
                }

                yield return entry with { Segment = level.Prefix + entry.Segment };
                if (entry.Kind == FileKind.Folder && TryEnter(level, top.Root, levels.Count, problem) is { } below)
                {
                    levels.Push(below);
                }
            }
        }
        finally
        {
            while (levels.TryPop(out var level))
            {
                level.Dispose();
            }
        }
    }

    /// <summary>Removes something in an open folder. Gives how much.</summary>
    public long Remove(Opened parent, FilePlace place, bool recursive, CancellationToken cancel)
    {
        var name = FileCalls.Name(place.Path.Name);
        if (!FileCalls.StatName(parent.Handle, name, out var stat))
        {
            throw LinuxFaults.Last(place.Path, "removed");
        }

        if (stat.Kind != FileKind.Folder)
        {
            return Unlink(parent.Handle, name, 0, place.Path) ? 1 : throw FileFault.NotFound(place.Path);
        }

        var real = parent.Child(place.Path.Name);
        if (!recursive)
        {
            return Unlink(parent.Handle, name, FileCalls.AtRemoveFolder, place.Path) ? 1 : throw FileFault.NotFound(place.Path);
        }

        return RemoveFolder(parent.Handle, name, place, real, parent.Root, parent.Stat, 0, cancel);
    }

    /// <summary>Requires that something may be moved: nothing of the agent's own is in it, and nothing that is hidden for where it lies.</summary>
    public void RequireMovable(Opened parent, FilePlace place)
    {
        var real = parent.Child(place.Path.Name);
        if (resolver.Own.IsIn(real))
        {
            throw new FileFault(FileProblems.Denied, $"'{place}' stays where it is: the agent keeps its state in it.");
        }

        if (!place.Bounds.HidesPlaces)
        {
            return;
        }

        using var folder = FileCalls.OpenAt(parent.Handle, FileCalls.Name(place.Path.Name), _enter);
        if (folder.IsInvalid)
        {
            return; // no folder, or not there
        }

        if (Holds(folder, place, real, parent.Root, 0))
        {
            throw new FileFault(FileProblems.Denied, $"'{place}' stays where it is: something in it is not to be seen.");
        }
    }

    private bool Holds(SafeFileHandle folder, FilePlace place, TreePath real, TreePath root, int depth)
    {
        var filter = new NameFilter(resolver, place, real, root);
        var reader = new FolderReader(folder, place.Path, BufferBytes);
        while (reader.Next())
        {
            var name = FileName.FromBytes(reader.Name);
            if (depth == MaxDepth || filter.HidesPath(name))
            {
                return true;
            }

            if (reader.Kind == FileKind.Folder)
            {
                using var below = FileCalls.OpenAt(folder, reader.NameWithEnd, _enter);
                if (!below.IsInvalid && Holds(below, place.Child(name), real.Child(name), root, depth + 1))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private long RemoveFolder(
        SafeFileHandle parent, byte[] name, FilePlace place, TreePath real, TreePath root, FileStat above, int depth, CancellationToken cancel)
    {
        using var folder = FileCalls.OpenAt(parent, name, _enter);
        if (folder.IsInvalid)
        {
            return FileCalls.LastError == LinuxFaults.NotFound ? 0 : throw LinuxFaults.Last(place.Path, "removed");
        }

        if (depth == MaxDepth)
        {
            throw FileFault.Unsupported($"'{place.Path.First(8)}' is more than {MaxDepth} folders deep.");
        }

        if (!FileCalls.Stat(folder, out var own) || own.Mount != above.Mount || own.Device != above.Device)
        {
            throw new FileFault(FileProblems.Denied, $"'{place}' could not be removed: another file system is mounted there.");
        }

        var filter = new NameFilter(resolver, place, real, root);
        var reader = new FolderReader(folder, place.Path, BufferBytes);
        var (count, kept) = (0L, 0L);
        while (reader.Next())
        {
            cancel.ThrowIfCancellationRequested();
            var below = FileName.FromBytes(reader.Name);
            if (filter.HidesPath(below))
            {
                kept++;
                continue;
            }

            var bytes = reader.NameWithEnd.ToArray();
            if (reader.Kind == FileKind.Folder)
            {
                count += RemoveFolder(folder, bytes, place.Child(below), real.Child(below), root, own, depth + 1, cancel);
            }
            else if (Unlink(folder, bytes, 0, place.Path.Child(below)))
            {
                count++;
            }
        }

        if (kept > 0)
        {
            throw new FileFault(FileProblems.NotEmpty, $"'{place}' could not be removed whole: something in it may not be touched.");
        }

        return count + (Unlink(parent, name, FileCalls.AtRemoveFolder, place.Path) ? 1 : 0);
    }

    /// <summary>Removes a name; false where it is gone already.</summary>
    private static bool Unlink(SafeFileHandle folder, byte[] name, int flags, TreePath path) =>
        FileCalls.Unlink(folder, name, flags) == 0 || (FileCalls.LastError == LinuxFaults.NotFound ? false : throw LinuxFaults.Last(path, "removed"));

    private FileEntry? Entry(Level level) =>
        entries.Of(level.Handle, level.Reader.NameWithEnd, FileName.FromBytes(level.Reader.Name), level.Place);

    private Level? TryEnter(Level level, TreePath root, int depth, Action<FileProblem> problem)
    {
        var name = FileName.FromBytes(level.Reader.Name);
        var handle = FileCalls.OpenAt(level.Handle, level.Reader.NameWithEnd, _enter);
        if (handle.IsInvalid)
        {
            if (FileCalls.LastError != LinuxFaults.NotFound)
            {
                problem(LinuxFaults.Last(level.Place.Path.Child(name), "read").Problem);
            }

            return null;
        }

        var real = level.Real.Child(name);
        if (depth >= MaxDepth || !level.Place.Path.Child(name).HasRoom)
        {
            problem(FileFault.Unsupported($"A folder below '{level.Place.Path.First(Math.Min(8, level.Place.Path.Depth))}' lies too deep.").Problem);
        }
        else if (FileCalls.Stat(handle, out var stat) && !resolver.Own.Has(handle, stat, real))
        {
            return Enter(handle, level.Place.Child(name), real, root, level.Prefix + FileName.ToSegment(name) + "/");
        }

        handle.Dispose();
        return null;
    }

    private Level Enter(SafeFileHandle handle, FilePlace place, TreePath real, TreePath root, string prefix) =>
        handle.IsInvalid
            ? throw LinuxFaults.Last(place.Path, "read")
            : new Level(handle, place, real, prefix, new FolderReader(handle, place.Path, BufferBytes), new NameFilter(resolver, place, real, root));

    private sealed record Level(SafeFileHandle Handle, FilePlace Place, TreePath Real, string Prefix, FolderReader Reader, NameFilter Filter) : IDisposable
    {
        public void Dispose() => Handle.Dispose();
    }
}
