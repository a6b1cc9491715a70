using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Platforms.Mac;

/// <summary>A Mac, by sysctl(3), getloadavg(3) and Mach's host statistics. Not run by our tests.</summary>
[SupportedOSPlatform("macos")]
internal sealed unsafe partial class MacMachine(TimeProvider time) : PortableMachine(time)
{
    private const int CpuLoadInfo = 3;
    private long _busy;
    private long _all;

    /// <inheritdoc/>
    protected override string CpuModel()
    {
        var buffer = stackalloc byte[256];
        nuint length = 256;
        return SysCtl("machdep.cpu.brand_string", buffer, &length, null, 0) == 0 ? Encoding.UTF8.GetString(buffer, (int)length).TrimEnd('\0') : "";
    }

    /// <inheritdoc/>
    protected override (long Used, long Total) Memory()
    {
        var info = GC.GetGCMemoryInfo();
        return (info.MemoryLoadBytes, info.TotalAvailableMemoryBytes);
    }

    /// <inheritdoc/>
    protected override double CpuPercent()
    {
        // host_cpu_load_info: ticks in user, system, idle, nice
        var ticks = stackalloc uint[4];
        uint count = 4;
        if (HostStatistics(HostSelf(), CpuLoadInfo, ticks, &count) != 0)
        {
            return 0;
        }

        var all = (long)ticks[0] + ticks[1] + ticks[2] + ticks[3];
        var busy = all - ticks[2];
        var percent = _all == 0 || all <= _all ? 0 : Math.Clamp(100.0 * (busy - _busy) / (all - _all), 0, 100);
        (_busy, _all) = (busy, all);
        return Math.Round(percent, 2);
    }

    /// <inheritdoc/>
    protected override (double One, double Five, double Fifteen) Load()
    {
        var loads = stackalloc double[3];
        return Libc.LoadAverage(loads, 3) == 3 ? (loads[0], loads[1], loads[2]) : (0, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "sysctlbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SysCtl(string name, byte* value, nuint* length, byte* newValue, nuint newLength);

    [LibraryImport("libc", EntryPoint = "mach_host_self")]
    private static partial uint HostSelf();

    [LibraryImport("libc", EntryPoint = "host_statistics")]
    private static partial int HostStatistics(uint host, int flavor, uint* values, uint* count);
}
