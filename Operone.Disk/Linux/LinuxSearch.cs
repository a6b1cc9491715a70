using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;
using Operone.Disk.Search;

namespace Operone.Disk.Linux;

/// <summary>
/// Goes through a tree for a search, by descriptors: what a link leads to is not come by, also one that is swapped in meanwhile. It asks the system for as little as it
/// can: most of what it comes by is of no interest.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxSearch : ISearchWalk
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>How deep a tree is gone into: each level holds a descriptor.</summary>
    private const int MaxDepth = 512;

    private static readonly int _enter = FileCalls.ReadOnly | FileCalls.FolderOnly | FileCalls.NoFollow;

    // procfs, sysfs, debugfs, tracefs, securityfs, cgroup, cgroup2, bpf, pstore, devpts, configfs, binfmt_misc, fusectl, mqueue, efivarfs, selinuxfs, autofs (looking mounts), nsfs (statfs(2))
    private static readonly HashSet<long> _made =
    [
        FileCalls.ProcMagic, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0x27e0eb, 0x63677270, 0xcafe4a11, 0x6165676c, 0x1cd1, 0x62656570, 0x42494e4d, 0x65735543, 0x19800202,
        0xde5e81e4, 0xf97cff8c, 0x0187, 0x6e736673,
    ];

    private readonly LinuxResolver _resolver;
    private readonly LinuxEntries _entries;
    private readonly SearchWalk _how;
    private readonly Opened _top;
    private readonly FilePlace _place;
    private readonly Stack<Level> _levels = [];
    private bool _isFile;
    private bool _mayEnter;

    /// <summary>Begins one.</summary>
    /// <param name="resolver">Opens the place.</param>
    /// <param name="entries">Makes entries.</param>
    /// <param name="place">Where.</param>
    /// <param name="how">How.</param>
    /// <exception cref="FileFault">The place cannot be opened.</exception>
    public LinuxSearch(LinuxResolver resolver, LinuxEntries entries, FilePlace place, SearchWalk how)
    {
        (_resolver, _entries, _place, _how) = (resolver, entries, place, how);
        _top = resolver.Open(place, follow: true);
        _isFile = _top.Stat.Kind != FileKind.Folder;
        if (_isFile)
        {
            return;
        }

        var handle = FileCalls.OpenAt(_top.Handle, ".\0"u8, _enter);
        if (handle.IsInvalid)
        {
            var fault = LinuxFaults.Last(place.Path, "read");
            _top.Dispose();
            throw fault;
        }

        Enter(handle, place, _top.Path, _top.Stat, "", IsMadeBySystem(handle));
    }

    /// <inheritdoc/>
    public string Below { get; private set; } = "";

    /// <inheritdoc/>
    public string Name { get; private set; } = "";

    /// <inheritdoc/>
    public FileKind Kind { get; private set; }

    /// <inheritdoc/>
    public bool IsMade { get; private set; }

    /// <inheritdoc/>
    public bool Next()
    {
        if (_isFile)
        {
            _isFile = false;
            (Name, Kind, IsMade) = (_place.Path.Name, _top.Stat.Kind, IsMadeBySystem(_top.Handle));
            return true;
        }

        if (_mayEnter)
        {
            _mayEnter = false;
            TryEnter(_levels.Peek());
        }

        while (_levels.TryPeek(out var level))
        {
            if (!TryNext(level))
            {
                _levels.Pop().Dispose();
                continue;
            }

            if (_how.LeavesOut(level.Reader.Name) || level.Filter.Hides(level.Reader.Name))
            {
                continue;
            }

            Name = FileName.FromBytes(level.Reader.Name);
            (Below, Kind, IsMade) = (level.Prefix + FileName.ToSegment(Name), level.Reader.Kind, level.IsMade);
            _mayEnter = Kind == FileKind.Folder && _levels.Count <= _how.MaxDepth;
            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public IDiskFile? Open()
    {
        if (!_levels.TryPeek(out var level))
        {
            return Reopen(_top.Handle, _place);
        }

        // by name alone first: a pipe, or a device, that is there by now is not opened
        using var named = FileCalls.OpenAt(level.Handle, level.Reader.NameWithEnd, FileCalls.PathOnly | FileCalls.NoFollow);
        if (named.IsInvalid)
        {
            return FileCalls.LastError == LinuxFaults.NotFound ? null : throw LinuxFaults.Last(level.Place.Path.Child(Name), "opened");
        }

        return FileCalls.Stat(named, out var stat) && stat.Kind == FileKind.File && !_resolver.Own.Has(named, stat, level.Real.Child(Name)) ? Reopen(named, level.Place.Child(Name)) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_levels.TryPop(out var level))
        {
            level.Dispose();
        }

        _top.Dispose();
    }

    private LinuxFile Reopen(SafeFileHandle named, FilePlace place)
    {
        var handle = FileCalls.Reopen(named, FileCalls.ReadOnly | FileCalls.NonBlocking | FileCalls.NoTerminal);
        if (handle.IsInvalid || !FileCalls.Stat(handle, out var stat))
        {
            throw LinuxFaults.Last(place.Path, "read");
        }

        _ = FileCalls.Advise(handle, 0, 0, 2); // POSIX_FADV_SEQUENTIAL
        return new LinuxFile(handle, place, stat, _entries);
    }

    private bool TryNext(Level level)
    {
        try
        {
            return level.Reader.Next();
        }
        catch (FileFault fault)
        {
            _how.Problem(fault.Problem);
            return false;
        }
    }

    private void TryEnter(Level level)
    {
        var handle = FileCalls.OpenAt(level.Handle, level.Reader.NameWithEnd, _enter);
        if (handle.IsInvalid)
        {
            if (FileCalls.LastError != LinuxFaults.NotFound)
            {
                _how.Problem(LinuxFaults.Last(level.Place.Path.Child(Name), "read").Problem);
            }

            return;
        }

        var real = level.Real.Child(Name);
        if (_levels.Count >= MaxDepth || !level.Place.Path.Child(Name).HasRoom)
        {
            _how.Problem(FileFault.Unsupported($"A folder below '{level.Place.Path.First(Math.Min(8, level.Place.Path.Depth))}' lies too deep.").Problem);
        }
        else if (FileCalls.Stat(handle, out var stat) && !_resolver.Own.Has(handle, stat, real)
            && (stat.Device == level.Stat.Device ? level.IsMade : IsMadeBySystem(handle)) is var isMade && (!isMade || level.IsMade))
        {
            // what the system makes is gone through only where somebody has begun in it
            Enter(handle, level.Place.Child(Name), real, stat, Below + "/", isMade);
            return;
        }

        handle.Dispose();
    }

    private void Enter(SafeFileHandle handle, FilePlace place, TreePath real, in FileStat stat, string prefix, bool isMade) => _levels.Push(
        new Level(handle, place, real, stat, prefix, new FolderReader(handle, place.Path, BufferBytes), new NameFilter(_resolver, place, real, _top.Root), isMade));

    private static bool IsMadeBySystem(SafeFileHandle handle) => _made.Contains(FileCalls.FileSystem(handle) & 0xFFFFFFFF);

    private sealed record Level(SafeFileHandle Handle, FilePlace Place, TreePath Real, FileStat Stat, string Prefix, FolderReader Reader, NameFilter Filter, bool IsMade) : IDisposable
    {
        public void Dispose() => Handle.Dispose();
    }
}
