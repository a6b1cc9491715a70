using System.Globalization;
using System.Runtime.InteropServices;

namespace Operone.Bench.Hosting;

/// <summary>The machine that is measured on, in words.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var cpu = Line("/proc/cpuinfo", "model name")?.Split(':', 2)[1].Trim() ?? "unknown processor";
        var memory = Line("/proc/meminfo", "MemTotal:") is { } line
            ? long.Parse(new string([.. line.Where(char.IsAsciiDigit)]), CultureInfo.InvariantCulture) / 1024.0 / 1024
            : 0;
        var system = Line("/etc/os-release", "PRETTY_NAME=")?.Split('=', 2)[1].Trim('"') ?? RuntimeInformation.OSDescription;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores of {cpu}, {memory:0} GiB memory, {system}, {RuntimeInformation.FrameworkDescription}");
    }

    private static string? Line(string file, string start) =>
        File.Exists(file) ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith(start, StringComparison.Ordinal)) : null;
}
