using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>
/// The trash as desktops have it (freedesktop.org, Trash specification 1.0): that of the agent's user where it is on the same file system, else
/// one at the top of the file system.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxTrash(LinuxOwners users)
{
    private const int MostNames = 1000;
    private const uint OwnerOnly = 0x1C0;

    private static readonly int _enter = FileCalls.PathOnly | FileCalls.FolderOnly | FileCalls.NoFollow;

    /// <summary>Moves something in an open folder to the trash.</summary>
    public void Take(Opened parent, FilePlace place, DateTimeOffset now)
    {
        var name = FileCalls.Name(place.Path.Name);
        if (!FileCalls.StatName(parent.Handle, name, out var stat))
        {
            throw LinuxFaults.Last(place.Path, "moved to the trash");
        }

        var real = parent.Child(place.Path.Name);
        foreach (var (trash, top) in Candidates(stat))
        {
            using (trash)
            {
                if (!trash.IsInvalid && FileCalls.RealPath(trash) is { } bytes && LinuxPaths.Read(bytes) is { } path)
                {
                    if (real.IsIn(path) || path.IsIn(real))
                    {
                        throw FileFault.Unsupported($"'{place}' is in the trash, or has it in it: it can only be removed.");
                    }

                    if (TryTake(trash, top, parent, name, place, real, now))
                    {
                        return;
                    }
                }
            }
        }

        throw FileFault.Unsupported($"'{place}' could not be moved to the trash: its file system has none, and the agent cannot make one. It can only be removed.");
    }

    private IEnumerable<(SafeFileHandle Trash, TreePath? Top)> Candidates(FileStat stat)
    {
        var user = FileCalls.EffectiveUser();
        var home = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is ['/', ..] data ? data
            : (Environment.GetEnvironmentVariable("HOME") is ['/', ..] set ? set : users.HomeOf(user) ?? "/root") + "/.local/share";
        if (LinuxPaths.Read(Encoding.UTF8.GetBytes(home)) is { } folder && OpenHome(folder) is { } made)
        {
            if (FileCalls.Stat(made, out var own) && own.Device == stat.Device)
            {
                yield return (made, null);
            }
            else
            {
                made.Dispose();
            }
        }

        if (Mounts.Read().At(stat.Mount) is not { } top)
        {
            yield break;
        }

        using var above = FileCalls.Open(LinuxPaths.Write(top), FileCalls.PathOnly | FileCalls.FolderOnly);
        if (above.IsInvalid)
        {
            yield break;
        }

        // an administrator's .Trash counts only where it is sticky and no link
        using (var shared = FileCalls.OpenAt(above, ".Trash\0"u8, _enter))
        {
            if (!shared.IsInvalid && FileCalls.Stat(shared, out var sticky) && (sticky.Mode & 0x200) != 0)
            {
                yield return (Make(shared, user.ToString(CultureInfo.InvariantCulture)), top);
            }
        }

        yield return (Make(above, $".Trash-{user.ToString(CultureInfo.InvariantCulture)}"), top);
    }

    private static SafeFileHandle? OpenHome(TreePath data)
    {
        var at = FileCalls.Open("/\0"u8, FileCalls.PathOnly | FileCalls.FolderOnly);
        foreach (var name in data.Child("Trash").Names)
        {
            _ = FileCalls.MakeFolder(at, FileCalls.Name(name), OwnerOnly);
            var next = FileCalls.OpenAt(at, FileCalls.Name(name), FileCalls.PathOnly | FileCalls.FolderOnly);
            at.Dispose();
            if (next.IsInvalid)
            {
                return null;
            }

            at = next;
        }

        return at;
    }

    private static SafeFileHandle Make(SafeFileHandle folder, string name)
    {
        var bytes = FileCalls.Name(name);
        _ = FileCalls.MakeFolder(folder, bytes, OwnerOnly);
        var made = FileCalls.OpenAt(folder, bytes, _enter);
        if (!made.IsInvalid && FileCalls.Stat(made, out var stat) && stat.User == FileCalls.EffectiveUser())
        {
            return made;
        }

        made.Dispose();
        return new SafeFileHandle(-1, ownsHandle: false);
    }

    private static bool TryTake(SafeFileHandle trash, TreePath? top, Opened parent, byte[] name, FilePlace place, TreePath real, DateTimeOffset now)
    {
        using var files = Make(trash, "files");
        using var infos = Make(trash, "info");
        if (files.IsInvalid || infos.IsInvalid)
        {
            return false;
        }

        var path = top is null ? real.ToAddress() : real.Below(top.Depth).ToAddress()[1..];
        var info = Encoding.UTF8.GetBytes($"[Trash Info]\nPath={path}\nDeletionDate={now.LocalDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture)}\n");
        var stem = Stem(place.Path.Name);
        for (var i = 1; i <= MostNames; i++)
        {
            var free = i == 1 ? stem : $"{stem}.{i.ToString(CultureInfo.InvariantCulture)}";
            var infoName = FileCalls.Name(free + ".trashinfo");
            using var file = FileCalls.OpenAt(infos, infoName, FileCalls.WriteOnly | FileCalls.Create | FileCalls.Exclusive | FileCalls.NoFollow, 0x180);
            if (file.IsInvalid)
            {
                if (FileCalls.LastError == LinuxFaults.Exists)
                {
                    continue;
                }

                throw LinuxFaults.Last(place.Path, "moved to the trash");
            }

            var isWritten = FileCalls.Write(file, info, 0) == info.Length;
            if (isWritten && FileCalls.Rename(parent.Handle, name, files, FileCalls.Name(free), FileCalls.RenameNoReplace))
            {
                return true;
            }

            var error = isWritten ? FileCalls.LastError : LinuxFaults.NoSpace;
            _ = FileCalls.Unlink(infos, infoName, 0);
            if (error == LinuxFaults.OtherDevice)
            {
                return false;
            }

            if (error != LinuxFaults.Exists)
            {
                throw LinuxFaults.Of(error, place.Path, "moved to the trash");
            }
        }

        return false;
    }

    /// <summary>A name that leaves room for a number and an ending.</summary>
    private static string Stem(string name)
    {
        while (FileName.ToBytes(name).Length > FileName.MaxBytes - 15)
        {
            name = name[..^(name.Length > 1 && char.IsSurrogatePair(name[^2], name[^1]) ? 2 : 1)];
        }

        return name;
    }
}
