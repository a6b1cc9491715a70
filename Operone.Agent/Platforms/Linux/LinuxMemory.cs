using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Linux;

/// <summary>This process's memory, by proc_pid_maps(5) and madvise(2).</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxMemory
{
    private const int DontNeed = 4;

    /// <summary>
    /// Lets go of the pages of code that starting and connecting have touched and that will not be needed again soon. What
    /// is needed comes back from the file, which is in the system's cache: that costs microseconds.
    /// </summary>
    public static void ReleaseCode()
    {
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            // only code of files, which nobody writes to: "start-end r-xp offset device inode /path"
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 6 || fields[1] != "r-xp" || !fields[5].StartsWith('/'))
            {
                continue;
            }

            var dash = fields[0].IndexOf('-', StringComparison.Ordinal);
            if (nuint.TryParse(fields[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var start)
                && nuint.TryParse(fields[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var end)
                && Advise(start, end - start, DontNeed) != 0)
            {
                return; // it is only advice
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(nuint address, nuint length, int advice);
}
