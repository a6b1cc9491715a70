using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Disk.Linux;

/// <summary>Lets a thread, and the programs that it starts, wait for others: nice(1) and ionice(1), which on Linux are a thread's.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxModesty
{
    private const int Nice = 10;

    // IOPRIO_CLASS_BE, the last of its eight levels: the idle class may wait for ever
    private const int Priority = (2 << 13) | 7;

    /// <summary>From now on. What the system does not let it do changes nothing.</summary>
    public static void Take()
    {
        _ = SetPriority(0, 0, Nice);
        _ = Call(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 30 : 251, 1, 0, Priority);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, nint which, nint who, nint priority);
}
