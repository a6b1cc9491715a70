using System.Globalization;

namespace Operone.Bench.Hosting;

/// <summary>What Linux tells of a process, from <c>/proc</c> (proc(5)).</summary>
internal static class Proc
{
    private const double TicksPerSecond = 100;

    /// <summary>Resident memory, in bytes.</summary>
    public static long Resident(int process) => Status(process, "VmRSS:");

    /// <summary>The most resident memory since it started or since <see cref="ResetPeak"/>, in bytes.</summary>
    public static long PeakResident(int process) => Status(process, "VmHWM:");

    /// <summary>Begins to measure the peak anew.</summary>
    public static void ResetPeak(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    /// <summary>Processor time used so far.</summary>
    public static TimeSpan ProcessorTime(int process)
    {
        var text = File.ReadAllText($"/proc/{process}/stat");
        // The name in parentheses may have spaces; what follows it has not. Fields 14 and 15 are utime and stime.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
    }

    /// <summary>
    /// Processor time of all its threads to the nanosecond, for what uses less than a tick. Threads that ended meanwhile are not in it.
    /// </summary>
    public static TimeSpan FineProcessorTime(int process) => TimeSpan.FromMicroseconds(
        Directory.EnumerateDirectories($"/proc/{process}/task").Sum(task => Number(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0])) / 1000.0);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static long Status(int process, string field)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return 1024 * Number(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim());
    }
}
