using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>
/// Opens places within their bounds, the one way to anything below a root. Where the kernel has openat2(2), it holds the path to the root
/// itself, whatever is swapped while it looks; else the way is gone name by name, and no link is followed. What was opened is then
/// held against what is hidden, by the path that it really has.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxResolver
{
    private const int MostTries = 64;

    private readonly OwnState _own;
    private readonly bool _canHold;

    /// <summary>Makes one.</summary>
    /// <param name="own">What is the agent's own.</param>
    /// <param name="useKernel">Whether openat2(2) is used where it is there.</param>
    public LinuxResolver(OwnState own, bool useKernel = true)
    {
        _own = own;
        if (useKernel)
        {
            using var top = FileCalls.Open("/\0"u8, FileCalls.PathOnly | FileCalls.FolderOnly);
            using var probe = FileCalls.OpenBelow(top, ".\0"u8, FileCalls.PathOnly, FileCalls.ResolveBeneath | FileCalls.ResolveNoMagicLinks);
            _canHold = !probe.IsInvalid;
        }
    }

    /// <summary>What is the agent's own.</summary>
    public OwnState Own => _own;

    /// <summary>Opens a place, as a name alone (O_PATH): nothing is done to it by that.</summary>
    /// <param name="place">The place.</param>
    /// <param name="follow">Whether a link at the end is followed; those on the way are, within the root.</param>
    public Opened Open(FilePlace place, bool follow)
    {
        using var root = OpenRoot(place);
        if (TryOpen(root.Handle, place, follow, out var error) is not { } handle)
        {
            throw error switch
            {
                LinuxFaults.OtherDevice => FileFault.Outside(place.Path, $"leads outside of '{place.Bounds.Root}'"),
                LinuxFaults.LinkLoop => FileFault.Outside(place.Path, "leads through a link that is not followed"),
                LinuxFaults.NotFolder => FileFault.NotFound(place.Path),
                _ => LinuxFaults.Of(error, place.Path, "opened"),
            };
        }

        return Check(handle, place, root);
    }

    /// <summary>Opens a folder, as a name alone.</summary>
    public Opened OpenFolder(FilePlace place)
    {
        var opened = Open(place, follow: true);
        if (opened.Stat.Kind == FileKind.Folder)
        {
            return opened;
        }

        opened.Dispose();
        throw new FileFault(FileProblems.WrongKind, $"'{place}' is no folder.");
    }

    /// <summary>Opens the folder that a place lies in, for something to be done to the place's last name.</summary>
    /// <exception cref="FileFault">Nothing may be changed there.</exception>
    public Opened OpenParent(FilePlace place)
    {
        if (!place.Bounds.Scope.IsWritable)
        {
            throw new FileFault(FileProblems.ReadOnly, $"'{place}' may be read, not changed.");
        }

        if (place.IsRoot)
        {
            throw FileFault.Outside(place.Path, "is where the files begin that may be had: it stays as it is");
        }

        var parent = OpenFolder(place.Parent);
        if (IsHidden(place.Bounds, parent.Child(place.Path.Name), parent.Root))
        {
            parent.Dispose();
            throw FileFault.NotFound(place.Path);
        }

        return parent;
    }

    /// <summary>The kind of what a link leads to; null where that is nothing, or out of bounds.</summary>
    public FileKind? KindBehind(FilePlace place)
    {
        try
        {
            using var opened = Open(place, follow: true);
            return opened.Stat.Kind;
        }
        catch (FileFault)
        {
            return null;
        }
    }

    /// <summary>Whether a path that is real may not be seen, by what it is or by where it lies below the root.</summary>
    public bool IsHidden(FileBounds bounds, TreePath real, TreePath realRoot) =>
        _own.Has(real) || (bounds.HidesAny && (bounds.Hides(real) || bounds.Hides(bounds.Root.Join(real.Below(realRoot.Depth)))));

    private Opened OpenRoot(FilePlace place)
    {
        var root = place.Bounds.Root;
        var handle = FileCalls.Open(LinuxPaths.Write(root), FileCalls.PathOnly | FileCalls.FolderOnly);
        if (handle.IsInvalid)
        {
            throw LinuxFaults.Last(root, "opened");
        }

        if (FileCalls.Stat(handle, out var stat) && FileCalls.RealPath(handle) is { } bytes && LinuxPaths.Read(bytes) is { } real && !_own.Has(handle, stat, real))
        {
            if (real.Equals(root))
            {
                return new Opened(handle, stat, real, real);
            }

            // who may change a folder above could lead it anywhere
            handle.Dispose();
            throw FileFault.Outside(root, $"leads through a link to '{real}', and so is not where files may be had; a policy or a mount has to name that itself");
        }

        handle.Dispose();
        throw FileFault.NotFound(root);
    }

    private SafeFileHandle? TryOpen(SafeFileHandle root, FilePlace place, bool follow, out int error)
    {
        var flags = FileCalls.PathOnly | (follow ? 0 : FileCalls.NoFollow);
        if (!_canHold)
        {
            return Walk(root, place, flags, out error);
        }

        var path = LinuxPaths.Write(place.Names);
        var resolve = FileCalls.ResolveNoMagicLinks | (place.Bounds.Root.IsTop ? FileCalls.ResolveInRoot : FileCalls.ResolveBeneath);
        for (var i = 0; ; i++)
        {
            var handle = FileCalls.OpenBelow(root, path, flags, resolve);
            error = handle.IsInvalid ? FileCalls.LastError : 0;
            if (error is not (LinuxFaults.TryAgain or LinuxFaults.IsInterrupted) || i == MostTries)
            {
                return error == 0 ? handle : null;
            }
        }
    }

    /// <summary>Name by name, without following any link.</summary>
    private static SafeFileHandle? Walk(SafeFileHandle root, FilePlace place, int flags, out int error)
    {
        var names = place.Names;
        var at = FileCalls.OpenAt(root, ".\0"u8, FileCalls.PathOnly | FileCalls.FolderOnly);
        for (var i = 0; i < names.Length && !at.IsInvalid; i++)
        {
            var isLast = i == names.Length - 1;
            var next = FileCalls.OpenAt(at, FileCalls.Name(names[i]), FileCalls.PathOnly | FileCalls.NoFollow);
            error = next.IsInvalid ? FileCalls.LastError : 0;
            at.Dispose();
            if (error != 0)
            {
                return null;
            }

            if (FileCalls.Stat(next, out var stat) && stat.Kind == FileKind.Link && !(isLast && (flags & FileCalls.NoFollow) != 0))
            {
                next.Dispose();
                error = LinuxFaults.LinkLoop;
                return null;
            }

            at = next;
        }

        error = at.IsInvalid ? FileCalls.LastError : 0;
        return error == 0 ? at : null;
    }

    private Opened Check(SafeFileHandle handle, FilePlace place, Opened root)
    {
        if (FileCalls.Stat(handle, out var stat) && FileCalls.RealPath(handle) is { } bytes && Real(bytes, stat) is { } real)
        {
            if (!real.IsIn(root.Path))
            {
                handle.Dispose();
                throw FileFault.Outside(place.Path, $"leads outside of '{place.Bounds.Root}'");
            }

            if (!IsHidden(place.Bounds, real, root.Path) && !_own.Has(handle, stat, real))
            {
                return new Opened(handle, stat, real, root.Path);
            }
        }

        handle.Dispose();
        throw FileFault.NotFound(place.Path);
    }

    /// <summary>The kernel writes behind the path of what is gone that it is.</summary>
    private static TreePath? Real(ReadOnlySpan<byte> path, in FileStat stat) =>
        LinuxPaths.Read(stat.Links == 0 && path.EndsWith(" (deleted)"u8) ? path[..^10] : path);
}

/// <summary>Something that was opened as a name alone, and may be had.</summary>
/// <param name="handle">Its descriptor (O_PATH).</param>
/// <param name="stat">What it is.</param>
/// <param name="path">The path that it really has.</param>
/// <param name="root">The path that the root really has.</param>
internal sealed class Opened(SafeFileHandle handle, FileStat stat, TreePath path, TreePath root) : IDisposable
{
    public SafeFileHandle Handle => handle;

    public FileStat Stat => stat;

    public TreePath Path => path;

    public TreePath Root => root;

    /// <summary>The real path of something in it.</summary>
    public TreePath Child(string name) => path.Child(name);

    public void Dispose() => handle.Dispose();
}
