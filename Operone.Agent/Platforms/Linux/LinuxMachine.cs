using System.Buffers.Text;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Devices;

namespace Operone.Agent.Platforms.Linux;

/// <summary>A Linux machine, by proc(5) and statfs(2). The files that every sample reads stay open.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxMachine(TimeProvider time) : IMachine, IDisposable
{
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly ProcFile _stat = new("/proc/stat");
    private readonly ProcFile _memory = new("/proc/meminfo");
    private readonly ProcFile _load = new("/proc/loadavg");
    private readonly ProcFile _network = new("/proc/net/dev");
    private readonly LinuxDisks _disks = new();
    private readonly LinuxProcesses _processes = new();
    private long _busy;
    private long _all;
    private long _received;
    private long _sent;
    private long _sampledAt;

    /// <inheritdoc/>
    public DeviceFacts Facts()
    {
        var release = ReadRelease();
        var memory = _memory.Read(_buffer);
        var (memoryTotal, swapTotal) = (1024 * ProcFile.NumberOf(memory, "MemTotal:"u8), 1024 * ProcFile.NumberOf(memory, "SwapTotal:"u8));
        var booted = ProcFile.NumberOf(_stat.Read(_buffer), "\nbtime "u8);
        return new DeviceFacts
        {
            HostName = Environment.MachineName,
            OperatingSystem = release.GetValueOrDefault("PRETTY_NAME", "Linux"),
            OsVersion = ReadFirstLine("/etc/debian_version") is { Length: > 0 } debian && release.GetValueOrDefault("ID") == "debian"
                ? debian : release.GetValueOrDefault("VERSION_ID", ""),
            Kernel = ReadFirstLine("/proc/sys/kernel/osrelease"),
            Architecture = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
            CpuModel = CpuModel(),
            CpuCount = Environment.ProcessorCount,
            MemoryBytes = memoryTotal,
            SwapBytes = swapTotal,
            Disks = _disks.Facts(),
            Addresses = MachineAddresses.All(),
            BootedAt = booted > 0 ? DateTimeOffset.FromUnixTimeSeconds(booted) : null,
        };
    }

    /// <inheritdoc/>
    public TelemetrySample Sample()
    {
        var seconds = _sampledAt == 0 ? 0 : time.GetElapsedTime(_sampledAt).TotalSeconds;
        _sampledAt = time.GetTimestamp();
        var cpu = CpuPercent();
        var memory = _memory.Read(_buffer);
        var total = 1024 * ProcFile.NumberOf(memory, "MemTotal:"u8);
        var used = total - (1024 * ProcFile.NumberOf(memory, "MemAvailable:"u8));
        var swap = 1024 * (ProcFile.NumberOf(memory, "SwapTotal:"u8) - ProcFile.NumberOf(memory, "SwapFree:"u8));
        var (received, sent) = NetworkRates(seconds);
        var (load1, load5, load15) = Load();
        return new TelemetrySample
        {
            At = time.GetUtcNow(),
            CpuPercent = cpu,
            MemoryUsedBytes = used,
            MemoryTotalBytes = total,
            SwapUsedBytes = swap,
            Load1 = load1,
            Load5 = load5,
            Load15 = load15,
            Processes = _processes.Count(),
            NetworkReceivedPerSecond = received,
            NetworkSentPerSecond = sent,
            Disks = _disks.Samples(),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stat.Dispose();
        _memory.Dispose();
        _load.Dispose();
        _network.Dispose();
        _disks.Dispose();
    }

    /// <summary>The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks since the start.</summary>
    private double CpuPercent()
    {
        var line = _stat.Read(_buffer);
        var end = line.IndexOf((byte)'\n');
        line = end < 0 ? line : line[..end];
        Span<long> ticks = stackalloc long[8];
        var all = 0L;
        foreach (ref var tick in ticks)
        {
            tick = ProcFile.NextNumber(ref line);
            all += tick;
        }

        var busy = all - ticks[3] - ticks[4];
        var percent = _all == 0 || all <= _all ? 0 : Math.Clamp(100.0 * (busy - _busy) / (all - _all), 0, 100);
        (_busy, _all) = (busy, all);
        return Math.Round(percent, 2);
    }

    private (double Received, double Sent) NetworkRates(double seconds)
    {
        var text = _network.Read(_buffer);
        var (received, sent) = (0L, 0L);
        while (text.Length > 0)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            var colon = line.IndexOf((byte)':');
            if (colon < 0 || line[..colon].Trim((byte)' ').SequenceEqual("lo"u8))
            {
                continue;
            }

            line = line[(colon + 1)..];
            received += ProcFile.NextNumber(ref line);
            for (var i = 0; i < 7; i++)
            {
                ProcFile.NextNumber(ref line);
            }

            sent += ProcFile.NextNumber(ref line);
        }

        // a counter that went back is an interface that went away
        var rates = seconds <= 0 ? (0, 0) : (Math.Max(0, Math.Round((received - _received) / seconds)), Math.Max(0, Math.Round((sent - _sent) / seconds)));
        (_received, _sent) = (received, sent);
        return rates;
    }

    private (double One, double Five, double Fifteen) Load()
    {
        var text = _load.Read(_buffer);
        return (Next(ref text), Next(ref text), Next(ref text));

        static double Next(ref ReadOnlySpan<byte> text)
        {
            var found = Utf8Parser.TryParse(text, out double value, out var used);
            text = found && text.Length > used ? text[(used + 1)..] : default;
            return value;
        }
    }

    private static string CpuModel()
    {
        foreach (var line in File.ReadLines("/proc/cpuinfo"))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).Trim() is "model name" or "Model" or "cpu model")
            {
                return line[(colon + 1)..].Trim();
            }
        }

        return "";
    }

    /// <summary>os-release(5): NAME=value, the value in quotes or not.</summary>
    private static Dictionary<string, string> ReadRelease()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var path = File.Exists("/etc/os-release") ? "/etc/os-release" : "/usr/lib/os-release";
        if (File.Exists(path))
        {
            foreach (var line in File.ReadAllLines(path, Encoding.UTF8))
            {
                var equals = line.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0)
                {
                    values[line[..equals]] = line[(equals + 1)..].Trim().Trim('"', '\'');
                }
            }
        }

        return values;
    }

    private static string ReadFirstLine(string path)
    {
        try
        {
            return File.ReadAllText(path).Split('\n')[0].Trim();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
