using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Windows;

/// <summary>A Windows machine, by kernel32. Not run by our tests.</summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class WindowsMachine(TimeProvider time) : PortableMachine(time)
{
    private long _busy;
    private long _all;

    /// <inheritdoc/>
    protected override string CpuModel() => Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "";

    /// <inheritdoc/>
    protected override (long Used, long Total) Memory()
    {
        // MEMORYSTATUSEX: its length and the load in four bytes each, then total and available in eight each, and more
        var status = stackalloc ulong[8];
        new Span<ulong>(status, 8).Clear();
        *(uint*)status = 64;
        return MemoryStatus(status) ? ((long)(status[1] - status[2]), (long)status[1]) : (0, 0);
    }

    /// <inheritdoc/>
    protected override double CpuPercent()
    {
        // the kernel's time includes the idle time
        if (!SystemTimes(out var idle, out var kernel, out var user))
        {
            return 0;
        }

        var (all, busy) = (kernel + user, kernel + user - idle);
        var percent = _all == 0 || all <= _all ? 0 : Math.Clamp(100.0 * (busy - _busy) / (all - _all), 0, 100);
        (_busy, _all) = (busy, all);
        return Math.Round(percent, 2);
    }

    [LibraryImport("kernel32", EntryPoint = "GlobalMemoryStatusEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MemoryStatus(ulong* status);

    [LibraryImport("kernel32", EntryPoint = "GetSystemTimes", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SystemTimes(out long idle, out long kernel, out long user);
}
