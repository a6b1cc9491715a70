using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Operone.Core.Devices;

namespace Operone.Agent.Platforms;

/// <summary>
/// A machine as far as .NET itself tells of it; macOS and Windows add what they know. What nobody tells stays 0 or empty. It
/// was not run on either by our tests.
/// </summary>
internal abstract class PortableMachine(TimeProvider time) : IMachine
{
    private long _received;
    private long _sent;
    private long _sampledAt;

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <inheritdoc/>
    public virtual DeviceFacts Facts() => new()
    {
        HostName = Environment.MachineName,
        OperatingSystem = RuntimeInformation.OSDescription,
        OsVersion = Environment.OSVersion.Version.ToString(),
        Kernel = Environment.OSVersion.VersionString,
        Architecture = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
        CpuModel = CpuModel(),
        CpuCount = Environment.ProcessorCount,
        MemoryBytes = Memory().Total,
        Disks = [.. Drives().Select(d => new DiskFact(d.Name, d.DriveFormat, d.TotalSize))],
        Addresses = MachineAddresses.All(),
        BootedAt = BootedAt(),
    };

    /// <inheritdoc/>
    public TelemetrySample Sample()
    {
        var seconds = _sampledAt == 0 ? 0 : time.GetElapsedTime(_sampledAt).TotalSeconds;
        _sampledAt = time.GetTimestamp();
        var (received, sent) = NetworkRates(seconds);
        var (used, total) = Memory();
        var (one, five, fifteen) = Load();
        return new TelemetrySample
        {
            At = time.GetUtcNow(),
            CpuPercent = CpuPercent(),
            MemoryUsedBytes = used,
            MemoryTotalBytes = total,
            Load1 = one,
            Load5 = five,
            Load15 = fifteen,
            Processes = System.Diagnostics.Process.GetProcesses().Length,
            NetworkReceivedPerSecond = received,
            NetworkSentPerSecond = sent,
            Disks = [.. Drives().Select(d => new DiskSample(d.Name, d.TotalSize - d.TotalFreeSpace, d.TotalSize))],
        };
    }

    /// <summary>The processor's model.</summary>
    protected abstract string CpuModel();

    /// <summary>Memory in use and in all, in bytes.</summary>
    protected abstract (long Used, long Total) Memory();

    /// <summary>Processor use since the call before, 0 to 100.</summary>
    protected abstract double CpuPercent();

    /// <summary>The load averages.</summary>
    protected virtual (double One, double Five, double Fifteen) Load() => (0, 0, 0);

    /// <summary>When the machine started: as the clock that counts from then says, to the second.</summary>
    protected DateTimeOffset BootedAt() => DateTimeOffset.FromUnixTimeSeconds(_bootSeconds ??= time.GetUtcNow().ToUnixTimeSeconds() - (Environment.TickCount64 / 1000));

    private long? _bootSeconds;

    private static IEnumerable<DriveInfo> Drives() => DriveInfo.GetDrives().Where(d => d.DriveType == DriveType.Fixed && d.IsReady && d.TotalSize > 0);

    private (double Received, double Sent) NetworkRates(double seconds)
    {
        var (received, sent) = (0L, 0L);
        foreach (var network in NetworkInterface.GetAllNetworkInterfaces().Where(i => i.NetworkInterfaceType != NetworkInterfaceType.Loopback))
        {
            var counts = network.GetIPStatistics();
            received += counts.BytesReceived;
            sent += counts.BytesSent;
        }

        var rates = seconds <= 0 ? (0, 0) : (Math.Max(0, Math.Round((received - _received) / seconds)), Math.Max(0, Math.Round((sent - _sent) / seconds)));
        (_received, _sent) = (received, sent);
        return rates;
    }
}
