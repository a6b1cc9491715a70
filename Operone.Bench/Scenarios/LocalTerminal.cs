using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Operone.Bench.Scenarios;

/// <summary>A pseudo-terminal of this process's own: what a keystroke costs where nothing but the kernel is between.</summary>
internal sealed unsafe partial class LocalTerminal : IDisposable
{
    private const int ReadWrite = 2, NoControllingTerminal = 0x100;
    private readonly int _master;
    private readonly int _slave;
    private readonly string _path;

    public LocalTerminal()
    {
        _master = Check(OpenMaster(ReadWrite | NoControllingTerminal), "posix_openpt");
        Check(Grant(_master), "grantpt");
        Check(Unlock(_master), "unlockpt");
        _path = Marshal.PtrToStringUTF8((nint)NameOf(_master))!;
        _slave = Check(Open(NameOf(_master), ReadWrite | NoControllingTerminal), "open");
    }

    /// <summary>Types a character and waits for its echo.</summary>
    public void Echo()
    {
        var buffer = stackalloc byte[16];
        *buffer = (byte)'x';
        Check((int)Write(_master, buffer, 1), "write");
        Check((int)Read(_master, buffer, 16), "read");
    }

    /// <summary>Lets a command print on it, and reads so many bytes of that: a thread that does nothing else.</summary>
    public Task TakeAsync(string command, long bytes) => Task.WhenAll(
        Task.Factory.StartNew(() => Take(bytes), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        Spawn.OnceAsync(CancellationToken.None, "/bin/sh", "-c", $"{command} >{_path}"));

    private void Take(long bytes)
    {
        var buffer = new byte[128 * 1024];
        fixed (byte* to = buffer)
        {
            while (bytes > 0)
            {
                bytes -= Check((int)Read(_master, to, buffer.Length), "read");
            }
        }
    }

    public void Dispose()
    {
        _ = Close(_slave);
        _ = Close(_master);
    }

    private static int Check(int result, string call) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError(), call);

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int fd);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int fd);

    [LibraryImport("libc", EntryPoint = "ptsname", SetLastError = true)]
    private static partial byte* NameOf(int fd);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int Open(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int fd, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fd, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);
}
