using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Operone.Disk.Linux;

/// <content>What changes files, and what is in them.</content>
internal static unsafe partial class FileCalls
{
    /// <summary>The kinds of file system whose files are made as they are read (statfs(2)).</summary>
    public const long ProcMagic = 0x9fa0;

    public static int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* to = buffer)
        {
            return (int)ReadAt(file, to, (nuint)buffer.Length, offset);
        }
    }

    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* from = bytes)
        {
            return (int)WriteAt(file, from, (nuint)bytes.Length, offset);
        }
    }

    public static int ReadNext(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* to = buffer)
        {
            return (int)ReadFrom(file, to, (nuint)buffer.Length);
        }
    }

    /// <summary>The number of what kind of file system something is on.</summary>
    public static long FileSystem(SafeFileHandle file)
    {
        var buffer = stackalloc long[32];
        return StatFileSystem(file, buffer) == 0 ? buffer[0] : 0;
    }

    /// <summary>Sets the time of change alone.</summary>
    public static int SetModified(ReadOnlySpan<byte> path, DateTimeOffset time) => SetModified(CurrentFolder, path, time, 0);

    /// <summary>The same of what is open: of a link the link's own.</summary>
    public static int SetModifiedOf(SafeFileHandle file, DateTimeOffset time)
    {
        using var held = new Held(file);
        return SetModified(held.Fd, "\0"u8, time, AtEmptyPath);
    }

    private static int SetModified(int folder, ReadOnlySpan<byte> path, DateTimeOffset time, int flags)
    {
        const long Omit = 0x3ffffffe; // UTIME_OMIT
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        (seconds, rest) = rest < 0 ? (seconds - 1, rest + TimeSpan.TicksPerSecond) : (seconds, rest);
        var times = stackalloc long[4];
        (times[0], times[1], times[2], times[3]) = (0, Omit, seconds, rest * 100);
        fixed (byte* text = path)
        {
            return SetTimes(folder, text, times, flags);
        }
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int SetLength(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncVolume(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    public static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    public static partial int SyncRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int SetMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int SetOwner(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    public static partial int SetModeOf(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    public static partial int SetOwnerOf(SafeFileHandle folder, byte[] name, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeFolder(SafeFileHandle folder, byte[] name, uint mode);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int MakeLink(byte[] target, SafeFileHandle folder, byte[] name);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int MakeHardLink(SafeFileHandle fromFolder, byte[] from, SafeFileHandle toFolder, byte[] to, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int Unlink(SafeFileHandle folder, byte[] name, int flags);

    [LibraryImport("libc", EntryPoint = "listxattr", SetLastError = true)]
    public static partial nint ListAttributes(byte[] path, [Out] byte[] buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true)]
    public static partial nint GetAttribute(byte[] path, byte[] name, [Out] byte[] buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true)]
    public static partial int SetAttribute(byte[] path, byte[] name, byte[] value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "removexattr", SetLastError = true)]
    public static partial int RemoveAttribute(byte[] path, byte[] name);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    public static partial int StartWatching(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true)]
    public static partial int AddWatch(SafeFileHandle watch, byte[] path, uint mask);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadFrom(SafeFileHandle file, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int StatFileSystem(SafeFileHandle file, long* buffer);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    private static partial int SetTimes(int folder, byte* path, long* times, int flags);
}
