using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>The C library's calls that .NET has no equal of, as they are on Linux (glibc, musl) and macOS, 64 bit.</summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe partial class Libc
{
    public const int SigHup = 1, SigInt = 2, SigKill = 9, SigPipe = 13, SigTerm = 15;
    public const short PollIn = 1, PollOut = 4;
    public const int NoHang = 1, NoSuchChild = 10, NoSuchProcess = 3, Interrupted = 4;
    public const int NotFound = 2, AccessDenied = 13, ExecFormat = 8, NotADirectory = 20, ArgumentsTooLong = 7;

    private const int SetFlags = 4, GetFlags = 3, SetDescriptorFlags = 2, CloseOnExec = 1;

    public static int SigCont => OperatingSystem.IsMacOS() ? 19 : 18;

    /// <summary>SIGCHLD.</summary>
    public static int SigChild => OperatingSystem.IsMacOS() ? 20 : 17;

    /// <summary>EAGAIN: there is nothing to read, or no room to write, now.</summary>
    public static int Again => OperatingSystem.IsMacOS() ? 35 : 11;

    private static int NonBlocking => OperatingSystem.IsMacOS() ? 0x4 : 0x800;

    /// <summary>What a poll waits for, and what came.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>An error number in the system's words.</summary>
    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollFd* fds, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, byte* buffer, nuint count);

    /// <summary>Writes several pieces at once: <paramref name="parts"/> has an address and a length for each (struct iovec).</summary>
    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    public static partial nint WriteVector(int fd, nint* parts, int count);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int fd, byte* buffer, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static partial int Dup2(int from, int to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    public static partial int SetSid();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int code);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getloadavg")]
    public static partial int LoadAverage(double* values, int count);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint Signal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "pipe", SetLastError = true)]
    private static partial int Pipe(int* fds);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, int* fds);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int fd, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "accept", SetLastError = true)]
    public static partial int Accept(int fd, byte* address, uint* length);

    /// <summary>A Unix socket that listens at a path and does not block; -1 where that cannot be.</summary>
    public static int ListenOn(string path, int backlog)
    {
        const int PathBytes = 108;
        var bytes = System.Text.Encoding.UTF8.GetByteCount(path);
        if (bytes >= (OperatingSystem.IsMacOS() ? 104 : PathBytes))
        {
            return -1;
        }

        var address = stackalloc byte[PathBytes + 2];
        new Span<byte>(address, PathBytes + 2).Clear();
        // sockaddr_un: the family in two bytes on Linux; length and family in one byte each on macOS
        (address[0], address[1]) = OperatingSystem.IsMacOS() ? ((byte)(bytes + 3), (byte)1) : ((byte)1, (byte)0);
        System.Text.Encoding.UTF8.GetBytes(path, new Span<byte>(address + 2, PathBytes));
        var socket = Socket(1, 1, 0);
        if (socket < 0)
        {
            return -1;
        }

        DoNotInherit(socket);
        DoNotBlock(socket);
        if (Bind(socket, address, (uint)(bytes + 3)) < 0 || Listen(socket, backlog) < 0)
        {
            Close(socket);
            return -1;
        }

        return socket;
    }

    public static void Ignore(int signal) => Signal(signal, 1);

    public static void Default(int signal) => Signal(signal, 0);

    /// <summary>A pipe whose ends no child inherits: (to read, to write).</summary>
    public static (int Read, int Write) MakePipe()
    {
        var fds = stackalloc int[2];
        Check(Pipe(fds), "pipe");
        DoNotInherit(fds[0]);
        DoNotInherit(fds[1]);
        return (fds[0], fds[1]);
    }

    /// <summary>Two sockets that are connected to each other and that no child inherits.</summary>
    public static (int Ours, int Theirs) MakeSocketPair()
    {
        var fds = stackalloc int[2];
        Check(SocketPair(1, 1, 0, fds), "socketpair");
        DoNotInherit(fds[0]);
        DoNotInherit(fds[1]);
        return (fds[0], fds[1]);
    }

    /// <summary>A copy of a descriptor that no child inherits, with a number from <paramref name="least"/> on (F_DUPFD_CLOEXEC); below 0 where there is none.</summary>
    public static int Duplicate(SafeHandle file, int least)
    {
        var added = false;
        try
        {
            file.DangerousAddRef(ref added);
            return Fcntl((int)file.DangerousGetHandle(), OperatingSystem.IsMacOS() ? 67 : 1030, least);
        }
        finally
        {
            if (added)
            {
                file.DangerousRelease();
            }
        }
    }

    public static void DoNotInherit(int fd) => Fcntl(fd, SetDescriptorFlags, CloseOnExec);

    public static void DoNotBlock(int fd) => Fcntl(fd, SetFlags, Fcntl(fd, GetFlags, 0) | NonBlocking);

    public static void Block(int fd) => Fcntl(fd, SetFlags, Fcntl(fd, GetFlags, 0) & ~NonBlocking);

    /// <summary>A larger pipe where the system gives one (Linux, F_SETPIPE_SZ); what it refuses changes nothing.</summary>
    public static void EnlargePipe(int fd, int bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            Fcntl(fd, 1031, bytes);
        }
    }

    /// <summary>Sends without blocking and without SIGPIPE; what does not go is dropped.</summary>
    public static bool TrySend(int fd, byte value)
    {
        // MSG_DONTWAIT and MSG_NOSIGNAL; macOS has no such flag, and SIGPIPE is ignored there as here
        var flags = OperatingSystem.IsMacOS() ? 0x80 : 0x40 | 0x4000;
        return Send(fd, &value, 1, flags) == 1 || LastError == Again;
    }

    /// <summary>A clock that never goes back, and on Linux goes on while the device sleeps (clock_gettime(2), CLOCK_BOOTTIME).</summary>
    public static TimeSpan ClockWithSleep()
    {
        const int BootTime = 7;
        var at = stackalloc long[2];
        return OperatingSystem.IsLinux() && ClockGetTime(BootTime, at) == 0
            ? TimeSpan.FromTicks((at[0] * TimeSpan.TicksPerSecond) + (at[1] / TimeSpan.NanosecondsPerTick))
            : TimeProvider.System.GetElapsedTime(0);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, long* at);

    public static void Check(int result, string call)
    {
        if (result < 0)
        {
            throw new Win32Exception(LastError, $"{call}: {Describe(LastError)}");
        }
    }
}
