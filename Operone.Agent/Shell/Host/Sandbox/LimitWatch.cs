using System.Globalization;
using System.Runtime.Versioning;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Linux;
using Operone.Core;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>
/// Keeps limits where the kernel does not: looks every 50 ms at all that descends from this host. What is exceeded within that
/// time is exceeded; then it ends.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LimitWatch(SandboxLimits limits, bool isIsolated, string? keptFolder, TimeProvider time)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    /// <summary>bubblewrap's own: the one outside, and the first process inside.</summary>
    private const int OwnProcesses = 2;

    private readonly byte[] _buffer = new byte[4096];
    private IProcessTree? _tree;

    /// <summary>When the next look is due, as a timestamp.</summary>
    public long NextAt { get; private set; } = long.MaxValue;

    /// <summary>Begins.</summary>
    public void Start(int pid, IProcessTree tree)
    {
        if (pid == 0)
        {
            return;
        }

        if (limits.MemoryBytes is not null)
        {
            PreferInNeed(pid);
        }

        _tree = tree;
        Schedule();
    }

    /// <summary>Looks. Gives the limit that is exceeded, as a reason; or null.</summary>
    public string? Check()
    {
        Schedule();
        var pids = _tree!.Descendants();
        var (memory, tasks) = (0L, 0L);
        foreach (var pid in pids)
        {
            var status = ReadFile($"/proc/{pid}/status");
            memory += 1024 * (ProcFile.NumberOf(status, "\nVmRSS:"u8) + ProcFile.NumberOf(status, "\nVmSwap:"u8));
            tasks += ProcFile.NumberOf(status, "\nThreads:"u8);
        }

        // what several have in common is counted for each; where that is too much, a look that costs more tells
        if (limits.MemoryBytes is { } most && memory > most && Proportional(pids) > most)
        {
            return LimitWords.Memory(most);
        }

        if (limits.Processes is { } processes && tasks > processes + (isIsolated ? OwnProcesses : 0))
        {
            return LimitWords.Processes(processes);
        }

        return keptFolder is not null && limits.DiskBytes is { } disk && KeptFolder.Measure(keptFolder) > disk ? LimitWords.Disk(disk) : null;
    }

    private void Schedule() => NextAt = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);

    private long Proportional(IReadOnlyList<int> pids)
    {
        var total = 0L;
        foreach (var pid in pids)
        {
            var text = ReadFile($"/proc/{pid}/smaps_rollup");
            if (text.IsEmpty)
            {
                var status = ReadFile($"/proc/{pid}/status");
                total += 1024 * (ProcFile.NumberOf(status, "\nVmRSS:"u8) + ProcFile.NumberOf(status, "\nVmSwap:"u8));
            }
            else
            {
                total += 1024 * (ProcFile.NumberOf(text, "\nPss:"u8) + ProcFile.NumberOf(text, "\nSwapPss:"u8));
            }
        }

        return total;
    }

    private ReadOnlySpan<byte> ReadFile(string path)
    {
        using var file = new ProcFile(path);
        return file.Read(_buffer);
    }

    /// <summary>Where the whole machine runs out of memory between two looks, it goes first (proc(5), oom_score_adj).</summary>
    private static void PreferInNeed(int pid)
    {
        try
        {
            File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/oom_score_adj"), "1000");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // then the kernel chooses
        }
    }
}

/// <summary>The reasons of executions that exceeded a limit. What they begin with is promised to whoever reads them.</summary>
internal static class LimitWords
{
    public static string Memory(long bytes) => $"memory limit: it took more than {Quantities.FormatSize(bytes)} and was ended.";

    public static string Processes(int count) => string.Create(CultureInfo.InvariantCulture, $"process limit: it had more than {count} processes and threads and was ended.");

    public static string Disk(long bytes) => $"disk limit: it wrote more than {Quantities.FormatSize(bytes)} and was ended.";
}
