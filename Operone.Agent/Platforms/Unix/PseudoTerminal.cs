using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>
/// A pseudo-terminal (pty(7), posix_openpt(3)), from the side that holds it: what a program on it prints is read here, what is
/// written here is typed. No library of our own: the calls are the C library's on Linux and macOS.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe partial class PseudoTerminal : IDisposable
{
    private const int OpenReadWrite = 2;
    private const uint Echo = 8;
    private const uint Utf8Input = 0x4000;

    // struct termios: four flags first, of 4 bytes each on Linux and of 8 on macOS; then more than we look at
    private const int TermiosBytes = 128;

    private PseudoTerminal(int fd, string path) => (Descriptor, Path) = (fd, path);

    /// <summary>The descriptor; it does not block. -1 once it is closed.</summary>
    public int Descriptor { get; private set; }

    /// <summary>The path at which a program opens its side.</summary>
    public string Path { get; }

    // TIOCSWINSZ
    private static nuint SetSize => OperatingSystem.IsMacOS() ? 0x8008_7467u : 0x5414u;

    private static int NoControllingTerminal => OperatingSystem.IsMacOS() ? 0x20000 : 0x100;

    /// <summary>Opens one.</summary>
    /// <exception cref="Win32Exception">The system has none left, or no <c>/dev/pts</c>.</exception>
    public static PseudoTerminal Open(int columns, int rows)
    {
        var fd = OpenMaster(OpenReadWrite | NoControllingTerminal);
        Libc.Check(fd, "posix_openpt");
        try
        {
            Libc.DoNotInherit(fd);
            Libc.DoNotBlock(fd);
            Libc.Check(Grant(fd), "grantpt");
            Libc.Check(Unlock(fd), "unlockpt");
            var path = Marshal.PtrToStringUTF8((nint)NameOf(fd)) ?? throw new Win32Exception(Libc.LastError, "ptsname: the pseudo-terminal has no name");
            var terminal = new PseudoTerminal(fd, path);
            terminal.SetUtf8();
            terminal.Resize(columns, rows);
            return terminal;
        }
        catch
        {
            Libc.Close(fd);
            throw;
        }
    }

    /// <summary>Gives it another size; the programs on it get SIGWINCH.</summary>
    public void Resize(int columns, int rows)
    {
        var size = stackalloc ushort[4];
        (size[0], size[1], size[2], size[3]) = ((ushort)rows, (ushort)columns, 0, 0);
        if (OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            // ioctl is variadic, and there what comes after the named arguments is on the stack
            ControlOnStack(Descriptor, SetSize, 0, 0, 0, 0, 0, 0, size);
        }
        else
        {
            Control(Descriptor, SetSize, size);
        }
    }

    /// <summary>Whether what is typed is shown: a program that asks for a password turns it off.</summary>
    public bool IsEchoOn()
    {
        var settings = stackalloc byte[TermiosBytes];
        if (GetSettings(Descriptor, settings) != 0)
        {
            return false;
        }

        var local = OperatingSystem.IsMacOS() ? (uint)((ulong*)settings)[3] : ((uint*)settings)[3];
        return (local & Echo) != 0;
    }

    /// <inheritdoc/>
    /// <remarks>The programs on it get SIGHUP.</remarks>
    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            Libc.Close(Descriptor);
            Descriptor = -1;
        }
    }

    /// <summary>Lets the line editor of the terminal itself know that a character may have several bytes (termios(3), IUTF8).</summary>
    private void SetUtf8()
    {
        var settings = stackalloc byte[TermiosBytes];
        if (GetSettings(Descriptor, settings) != 0)
        {
            return;
        }

        if (OperatingSystem.IsMacOS())
        {
            ((ulong*)settings)[0] |= Utf8Input;
        }
        else
        {
            ((uint*)settings)[0] |= Utf8Input;
        }

        _ = SetSettings(Descriptor, 0, settings);
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int fd);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int fd);

    [LibraryImport("libc", EntryPoint = "ptsname", SetLastError = true)]
    private static partial byte* NameOf(int fd);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetSettings(int fd, byte* settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetSettings(int fd, int when, byte* settings);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int fd, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlOnStack(int fd, nuint request, nint a, nint b, nint c, nint d, nint e, nint f, void* argument);
}
