using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>
/// The modes of a terminal (termios(3)). Their layout differs between systems, and nothing here needs to know it: the C library
/// fills them in, makes them raw and takes them back.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe partial class TerminalModes
{
    // 60 bytes in glibc and musl, 72 in macOS
    private const int OpaqueBytes = 256;

    private readonly byte[] _modes = new byte[OpaqueBytes];

    private TerminalModes()
    {
    }

    /// <summary>The modes as they are; null where it is no terminal.</summary>
    public static TerminalModes? Of(int fd)
    {
        var modes = new TerminalModes();
        fixed (byte* start = modes._modes)
        {
            return GetAttributes(fd, start) == 0 ? modes : null;
        }
    }

    /// <summary>These modes made raw, as <c>cfmakeraw(3)</c> does.</summary>
    public TerminalModes Raw()
    {
        var raw = new TerminalModes();
        _modes.CopyTo(raw._modes, 0);
        fixed (byte* start = raw._modes)
        {
            MakeRaw(start);
        }

        return raw;
    }

    /// <summary>
    /// Gives a terminal these modes, at once. Not where this process is in the background: the terminal is another's then, and
    /// the system would stop this process.
    /// </summary>
    public bool Apply(int fd)
    {
        // -1: not this session's terminal, so that nobody is stopped for it
        if (ForegroundGroup(fd) is not -1 and var foreground && foreground != ProcessGroup())
        {
            return false;
        }

        fixed (byte* start = _modes)
        {
            return SetAttributes(fd, 0, start) == 0;
        }
    }

    /// <summary>A terminal's columns and rows; null where it has none.</summary>
    public static (int Columns, int Rows)? SizeOf(int fd)
    {
        WindowSize size;
        var result = !OperatingSystem.IsMacOS() ? IoControl(fd, 0x5413, &size)
            : RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? IoControlOnStack(fd, 0x40087468, 0, 0, 0, 0, 0, 0, &size)
            : IoControl(fd, 0x40087468, &size);
        return result == 0 && size is { Columns: > 0, Rows: > 0 } ? (size.Columns, size.Rows) : null;
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int fd, byte* modes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int fd, int when, byte* modes);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* modes);

    [LibraryImport("libc", EntryPoint = "tcgetpgrp")]
    private static partial int ForegroundGroup(int fd);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    private static partial int ProcessGroup();

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoControl(int fd, nuint request, WindowSize* size);

    // Apple's ARM passes what a variadic function gets on the stack: after the eight arguments that go into registers
    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoControlOnStack(int fd, nuint request, nint a, nint b, nint c, nint d, nint e, nint f, WindowSize* size);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
