using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;
using Operone.Disk.Search;

namespace Operone.Disk.Linux;

/// <summary>Linux's files: everything by descriptors that the <see cref="LinuxResolver"/> has opened.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxDisk : IDisk
{
    private readonly LinuxResolver _resolver;
    private readonly LinuxEntries _entries;
    private readonly LinuxTrees _trees;
    private readonly LinuxTrash _trash;


    /// <summary>Makes one.</summary>
    public LinuxDisk(LinuxResolver resolver)
    {
        _resolver = resolver;
        _entries = new LinuxEntries(resolver);
        _trees = new LinuxTrees(resolver, _entries);
        _trash = new LinuxTrash(_entries.Users);
    }

    /// <inheritdoc/>
    public FileEntry Stat(FilePlace place, bool withAttributes)
    {
        using var opened = _resolver.Open(place, follow: false);
        return _entries.Of(opened, place, withAttributes);
    }

    /// <inheritdoc/>
    public IDiskFolder OpenFolder(FilePlace place)
    {
        var opened = _resolver.OpenFolder(place);
        var handle = Enter(opened, place.Path);
        return new LinuxFolder(handle, place, opened, _resolver, _entries);
    }

    /// <inheritdoc/>
    public IDiskFile OpenFile(FilePlace place)
    {
        using var opened = _resolver.Open(place, follow: true);
        if (opened.Stat.Kind != FileKind.File)
        {
            throw new FileFault(FileProblems.WrongKind, opened.Stat.Kind == FileKind.Folder ? $"'{place}' is a folder." : $"'{place}' is no file: it is not opened.");
        }

        // what was found is what is opened, whatever is at its path by now
        var handle = FileCalls.Reopen(opened.Handle, FileCalls.ReadOnly | FileCalls.NonBlocking | FileCalls.NoTerminal);
        if (handle.IsInvalid)
        {
            throw LinuxFaults.Last(place.Path, "read");
        }

        _ = FileCalls.Advise(handle, 0, 0, 2); // POSIX_FADV_SEQUENTIAL
        return new LinuxFile(handle, place, FileCalls.Stat(handle, out var stat) ? stat : opened.Stat, _entries);
    }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Walk(FilePlace place, Action<FileProblem> problem) => _trees.Walk(place, problem);

    /// <inheritdoc/>
    public IDiskPart OpenPart(FilePlace place, Guid upload, bool create) =>
        LinuxPart.Open(_resolver.OpenParent(place), place, PartName(upload), create);

    /// <inheritdoc/>
    public TreePath PartPath(FilePlace place, Guid upload)
    {
        using var parent = _resolver.OpenParent(place);
        return parent.Child(PartName(upload));
    }

    /// <inheritdoc/>
    public bool RemoveOldPart(TreePath part, DateTimeOffset since)
    {
        if (!part.Name.StartsWith(FileLimits.PartPrefix, StringComparison.Ordinal) || !part.Name.EndsWith(FileLimits.PartSuffix, StringComparison.Ordinal))
        {
            return true;
        }

        try
        {
            using var folder = _resolver.OpenParent(FileBounds.Of(FileScope.Everything).At(part.ToAddress()));
            var name = FileCalls.Name(part.Name);
            if (folder.Path.Equals(part.Parent) && FileCalls.StatName(folder.Handle, name, out var stat))
            {
                return stat.Kind != FileKind.File || (stat.Modified.At < since && FileCalls.Unlink(folder.Handle, name, 0) == 0);
            }

            return true;
        }
        catch (FileFault fault)
        {
            return fault.Code is FileProblems.NotFound or FileProblems.WrongKind;
        }
    }

    /// <inheritdoc/>
    public void MakeFolder(FilePlace place, bool recursive, int? mode)
    {
        if (recursive)
        {
            MakeAbove(place.Parent);
        }

        using var parent = _resolver.OpenParent(place);
        var name = FileCalls.Name(place.Path.Name);
        if (FileCalls.MakeFolder(parent.Handle, name, (uint)(mode ?? 0x1FF)) != 0)
        {
            var error = FileCalls.LastError;
            if (recursive && error == LinuxFaults.Exists && FileCalls.StatName(parent.Handle, name, out var there) && there.Kind == FileKind.Folder)
            {
                return;
            }

            throw LinuxFaults.Of(error, place.Path, "made");
        }

        if (mode is { } asked)
        {
            using var made = FileCalls.OpenAt(parent.Handle, name, FileCalls.ReadOnly | FileCalls.FolderOnly | FileCalls.NoFollow);
            if (!made.IsInvalid && FileCalls.SetMode(made, (uint)asked) != 0)
            {
                throw LinuxFaults.Last(place.Path, "given its mode");
            }
        }
    }

    /// <inheritdoc/>
    public void MakeLink(FilePlace place, string target)
    {
        using var parent = _resolver.OpenParent(place);
        if (FileCalls.MakeLink(FileCalls.Name(target), parent.Handle, FileCalls.Name(place.Path.Name)) != 0)
        {
            throw LinuxFaults.Last(place.Path, "made");
        }
    }

    /// <inheritdoc/>
    public void Rename(FilePlace from, FilePlace to, bool overwrite)
    {
        using var source = _resolver.OpenParent(from);
        using var target = _resolver.OpenParent(to);
        _trees.RequireMovable(source, from);
        var (one, other) = (FileCalls.Name(from.Path.Name), FileCalls.Name(to.Path.Name));
        if (!FileCalls.Rename(source.Handle, one, target.Handle, other, overwrite ? 0 : FileCalls.RenameNoReplace))
        {
            var error = FileCalls.LastError;
            if (error == LinuxFaults.Invalid && to.Path.IsIn(from.Path))
            {
                throw new FileFault(FileProblems.WrongKind, $"'{from}' cannot be moved into itself.");
            }

            if (error is LinuxFaults.Invalid or LinuxFaults.NoCall && !overwrite && !FileCalls.StatName(target.Handle, other, out _))
            {
                // a file system without RENAME_NOREPLACE
                error = FileCalls.Rename(source.Handle, one, target.Handle, other, 0) ? 0 : FileCalls.LastError;
            }

            if (error != 0)
            {
                throw LinuxFaults.Of(error, error is LinuxFaults.Exists or LinuxFaults.NotEmpty or LinuxFaults.IsFolder ? to.Path : from.Path, "moved there");
            }
        }
    }

    /// <inheritdoc/>
    public long Remove(FilePlace place, bool recursive, CancellationToken cancel)
    {
        using var parent = _resolver.OpenParent(place);
        return _trees.Remove(parent, place, recursive, cancel);
    }

    /// <inheritdoc/>
    public void Trash(FilePlace place, DateTimeOffset now)
    {
        using var parent = _resolver.OpenParent(place);
        _trees.RequireMovable(parent, place);
        _trash.Take(parent, place, now);
    }

    /// <inheritdoc/>
    public void Change(FilePlace place, FileChange change)
    {
        if (!place.Bounds.Scope.IsWritable)
        {
            throw new FileFault(FileProblems.ReadOnly, $"'{place}' may be read, not changed.");
        }

        using var opened = _resolver.Open(place, follow: false);
        LinuxAttributes.Change(opened, place.Path, change, _entries);
    }

    /// <inheritdoc/>
    public IDiskWatch Watch(FilePlace place)
    {
        var opened = _resolver.OpenFolder(place);
        return LinuxWatch.Start(Enter(opened, place.Path), place, opened, _resolver, _entries);
    }

    /// <inheritdoc/>
    public ISearchWalk Search(FilePlace place, SearchWalk how) => new LinuxSearch(_resolver, _entries, place, how);

    /// <inheritdoc/>
    public void BeModest() => LinuxModesty.Take();

    private static SafeFileHandle Enter(Opened opened, TreePath path)
    {
        var handle = FileCalls.OpenAt(opened.Handle, ".\0"u8, FileCalls.ReadOnly | FileCalls.FolderOnly);
        if (handle.IsInvalid)
        {
            var fault = LinuxFaults.Last(path, "read");
            opened.Dispose();
            throw fault;
        }

        return handle;
    }

    private static string PartName(Guid upload) => $"{FileLimits.PartPrefix}{upload:N}{FileLimits.PartSuffix}";

    private void MakeAbove(FilePlace place)
    {
        if (place.IsRoot || place.Path.Depth < place.Bounds.Root.Depth)
        {
            return;
        }

        try
        {
            using var there = _resolver.OpenFolder(place);
        }
        catch (FileFault fault) when (fault.Code == FileProblems.NotFound)
        {
            MakeFolder(place, recursive: true, mode: null);
        }
    }
}
