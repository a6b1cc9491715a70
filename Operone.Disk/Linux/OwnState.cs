using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>
/// What of this machine is the agent's own and never seen by anybody, whatever the scope: its state directory, by whatever path or mount it is
/// reached, its key by another link, and its own process in procfs, in whose memory the key is.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OwnState(string path)
{
    private const uint HasMount = 0x1000;

    private readonly Lock _lock = new();
    private State? _state;

    /// <summary>Whether a path is, or lies in, the state directory.</summary>
    public bool Has(TreePath real) => Find() is { } state && real.IsIn(state.Path);

    /// <summary>Whether the state directory is, or lies in, a path.</summary>
    public bool IsIn(TreePath real) => Find() is { } state && state.Path.IsIn(real);

    /// <summary>Whether something that is open is the agent's own.</summary>
    public bool Has(SafeFileHandle file, in FileStat stat, TreePath real)
    {
        if (Find() is { } state)
        {
            if (real.IsIn(state.Path))
            {
                return true;
            }

            if (stat.Device == state.Stat.Device)
            {
                // a hard link to what is in it, or a mount of it at another place
                if ((stat.Kind == FileKind.File && stat.Links > 1 && IsLinked(stat)) || (MountOf(file, stat) != state.Mount && IsMounted(file, stat, real, state)))
                {
                    return true;
                }
            }
        }

        return FileCalls.FileSystem(file) == FileCalls.ProcMagic && IsOwnProcess(real);
    }

    private static bool IsOwnProcess(TreePath real) => real.Names.Any(static name =>
        name is "kcore" || (name.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 && Directory.Exists($"/proc/self/task/{name}")));

    private static ulong MountOf(SafeFileHandle file, in FileStat stat)
    {
        if ((stat.Mask & HasMount) != 0)
        {
            return stat.Mount;
        }

        // before Linux 5.8
        using var held = new FileCalls.Held(file);
        var line = File.ReadLines($"/proc/self/fdinfo/{held.Fd}").FirstOrDefault(l => l.StartsWith("mnt_id:", StringComparison.Ordinal));
        return line is null ? 0 : ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static bool IsMounted(SafeFileHandle file, in FileStat stat, TreePath real, State state)
    {
        var mounts = Mounts.Read();
        return mounts.InFileSystem(MountOf(file, stat), real) is { } one && mounts.InFileSystem(state.Mount, state.Path) is { } own && one.IsIn(own);
    }

    private bool IsLinked(in FileStat stat)
    {
        foreach (var own in Directory.EnumerateFiles(path))
        {
            using var file = FileCalls.Open([.. Encoding.UTF8.GetBytes(own), 0], FileCalls.PathOnly | FileCalls.NoFollow);
            if (!file.IsInvalid && FileCalls.Stat(file, out var other) && other.Inode == stat.Inode)
            {
                return true;
            }
        }

        return false;
    }

    private State? Find()
    {
        if (_state is { } known)
        {
            return known;
        }

        lock (_lock)
        {
            using var folder = FileCalls.Open([.. Encoding.UTF8.GetBytes(path), 0], FileCalls.PathOnly | FileCalls.FolderOnly);
            if (folder.IsInvalid || !FileCalls.Stat(folder, out var stat) || FileCalls.RealPath(folder) is not { } real || LinuxPaths.Read(real) is not { } tree)
            {
                return null;
            }

            return _state = new State(tree, stat, MountOf(folder, stat));
        }
    }

    private sealed record State(TreePath Path, FileStat Stat, ulong Mount);
}
