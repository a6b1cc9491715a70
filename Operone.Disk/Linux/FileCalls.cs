using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>Linux's calls on files by descriptor and by bytes: glibc and musl, x86_64 and aarch64.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class FileCalls
{
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, NoTerminal = 0x100, NonBlocking = 0x800, CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    public const ulong ResolveNoMagicLinks = 2, ResolveNoLinks = 4, ResolveBeneath = 8, ResolveInRoot = 16;
    public const int AtNoFollow = 0x100, AtRemoveFolder = 0x200, AtEmptyPath = 0x1000;
    public const int RenameNoReplace = 1;
    public const int SeekData = 3, SeekHole = 4;

    /// <summary>The longest name with its NUL.</summary>
    public const int NameBytes = FileName.MaxBytes + 1;

    private const int CurrentFolder = -100;
    private const uint StatMask = 0x7ff | 0x800 | 0x1000; // basic, time of birth, mount

    // these differ between the architectures
    private static readonly bool _isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static int FolderOnly => _isArm ? 0x4000 : 0x10000;

    public static int NoFollow => _isArm ? 0x8000 : 0x20000;

    private static nint StatxNumber => _isArm ? 291 : 332;

    private static nint EntriesNumber => _isArm ? 61 : 217;

    private static nint RenameNumber => _isArm ? 276 : 316;

    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Opens by path from the top; invalid where it cannot be.</summary>
    public static SafeFileHandle Open(ReadOnlySpan<byte> path, int flags)
    {
        fixed (byte* text = path)
        {
            return new SafeFileHandle(OpenAt(CurrentFolder, text, flags | CloseOnExec, 0), ownsHandle: true);
        }
    }

    /// <summary>Opens a name in a folder.</summary>
    public static SafeFileHandle OpenAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags, int mode = 0)
    {
        using var held = new Held(folder);
        fixed (byte* text = name)
        {
            return new SafeFileHandle(OpenAt(held.Fd, text, flags | CloseOnExec, mode), ownsHandle: true);
        }
    }

    /// <summary>openat2(2).</summary>
    public static SafeFileHandle OpenBelow(SafeFileHandle folder, ReadOnlySpan<byte> path, int flags, ulong resolve)
    {
        using var held = new Held(folder);
        var how = stackalloc ulong[3];
        how[0] = (uint)(flags | CloseOnExec);
        how[1] = 0;
        how[2] = resolve;
        fixed (byte* text = path)
        {
            return new SafeFileHandle(Call(437, held.Fd, (nint)text, (nint)how, 24, 0), ownsHandle: true);
        }
    }

    /// <summary>Opens what a descriptor has once more, for something else.</summary>
    public static SafeFileHandle Reopen(SafeFileHandle file, int flags)
    {
        using var held = new Held(file);
        return Open(SelfPath(held.Fd), flags);
    }

    /// <summary>statx(2) of what is open.</summary>
    public static bool Stat(SafeFileHandle file, out FileStat stat) => StatAt(file, "\0"u8, AtEmptyPath, out stat);

    /// <summary>statx(2) of a name in a folder, which is not followed. The name ends with NUL.</summary>
    public static bool StatName(SafeFileHandle folder, ReadOnlySpan<byte> name, out FileStat stat) => StatAt(folder, name, AtNoFollow, out stat);

    /// <summary>getdents64(2): how many bytes of entries came, 0 at the end.</summary>
    public static int ReadEntries(SafeFileHandle folder, Span<byte> buffer)
    {
        using var held = new Held(folder);
        fixed (byte* to = buffer)
        {
            return (int)Call(EntriesNumber, held.Fd, (nint)to, buffer.Length, 0, 0);
        }
    }

    /// <summary>renameat2(2).</summary>
    public static bool Rename(SafeFileHandle fromFolder, ReadOnlySpan<byte> from, SafeFileHandle toFolder, ReadOnlySpan<byte> to, int flags)
    {
        using var one = new Held(fromFolder);
        using var other = new Held(toFolder);
        fixed (byte* a = from, b = to)
        {
            return flags == 0 ? RenameAt(one.Fd, a, other.Fd, b) == 0 : Call(RenameNumber, one.Fd, (nint)a, other.Fd, (nint)b, flags) == 0;
        }
    }

    /// <summary>readlinkat(2), as bytes; of what is open where the name is empty. Null where it is no link.</summary>
    public static byte[]? ReadLink(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        using var held = new Held(folder);
        return ReadLink(held.Fd, name);
    }

    /// <summary>The path of what is open, as the system has it now.</summary>
    public static byte[]? RealPath(SafeFileHandle file)
    {
        using var held = new Held(file);
        return ReadLink(CurrentFolder, SelfPath(held.Fd));
    }

    /// <summary>The path by which a descriptor can be named.</summary>
    public static byte[] SelfPath(SafeFileHandle file)
    {
        using var held = new Held(file);
        return SelfPath(held.Fd);
    }

    /// <summary>A name with its NUL, in <paramref name="buffer"/> of <see cref="NameBytes"/>.</summary>
    public static ReadOnlySpan<byte> Name(ReadOnlySpan<char> name, Span<byte> buffer)
    {
        if (name.Length * 3 < buffer.Length && name.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            var length = System.Text.Encoding.UTF8.GetBytes(name, buffer);
            buffer[length] = 0;
            return buffer[..(length + 1)];
        }

        return Name(name.ToString());
    }

    /// <summary>A name, or path, with its NUL.</summary>
    public static byte[] Name(string name) => [.. FileName.ToBytes(name), 0];

    private static byte[] SelfPath(int fd) => [.. System.Text.Encoding.ASCII.GetBytes($"/proc/self/fd/{fd}"), 0];

    private static byte[]? ReadLink(int folder, ReadOnlySpan<byte> name)
    {
        var buffer = stackalloc byte[4096];
        fixed (byte* text = name)
        {
            var length = ReadLinkAt(folder, text, buffer, 4096);
            return length < 0 ? null : new Span<byte>(buffer, (int)length).ToArray();
        }
    }

    private static bool StatAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags, out FileStat stat)
    {
        using var held = new Held(folder);
        FileStat read;
        fixed (byte* text = name)
        {
            var done = Call(StatxNumber, held.Fd, (nint)text, flags, (nint)StatMask, (nint)(&read)) == 0;
            stat = read;
            return done;
        }
    }

    /// <summary>A descriptor that nobody closes as long as this is held.</summary>
    internal readonly ref struct Held
    {
        private readonly SafeFileHandle _handle;

        public Held(SafeFileHandle handle)
        {
            var added = false;
            handle.DangerousAddRef(ref added);
            _handle = handle;
        }

        public int Fd => (int)_handle.DangerousGetHandle();

        public void Dispose() => _handle.DangerousRelease();
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint one, nint two, nint three, nint four, nint five);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(int folder, byte* path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    private static partial int RenameAt(int fromFolder, byte* from, int toFolder, byte* to);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    private static partial nint ReadLinkAt(int folder, byte* path, byte* buffer, nuint size);
}
