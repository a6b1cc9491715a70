using System.Diagnostics;
using System.Globalization;

namespace Operone.Tests.Agent.Hosting;

/// <summary>Looks at processes by <c>/proc</c>.</summary>
internal static class Processes
{
    /// <summary>
    /// The command that starts the agent program: the published one that <c>OPERONE_AGENT</c> names, as people get it, else this build's, which
    /// takes most of a second of a processor to start.
    /// </summary>
    public static IReadOnlyList<string> Agent { get; } =
        Environment.GetEnvironmentVariable("OPERONE_AGENT") is { Length: > 0 } published && !OperatingSystem.IsWindows() ? ["/usr/bin/env", System.IO.Path.GetFullPath(published)]
        : OperatingSystem.IsWindows() ? [System.IO.Path.Combine(AppContext.BaseDirectory, "operone.exe")]
        : ["/usr/bin/env", "dotnet", System.IO.Path.Combine(AppContext.BaseDirectory, "operone.dll")];

    /// <summary>A function of a shell that starts it.</summary>
    public static string AgentFunction(string name) => $"{name}() {{ {string.Join(' ', Agent.Select(w => $"'{w}'"))} \"$@\"; }}";

    /// <summary>Every process whose environment names an execution: the command and all that it has started.</summary>
    public static IReadOnlyList<int> OfExecution(Guid id) =>
        [.. All().Where(pid => ReadOrEmpty($"/proc/{pid}/environ").Contains($"OPERONE_EXECUTION_ID={id}\0", StringComparison.Ordinal) && !IsZombie(pid))];

    /// <summary>Every process whose command line has a text.</summary>
    public static IReadOnlyList<int> With(string text) => [.. All().Where(pid => ReadOrEmpty($"/proc/{pid}/cmdline").Contains(text, StringComparison.Ordinal))];

    /// <summary>The one that holds a file open.</summary>
    public static int? Holding(string file)
    {
        foreach (var pid in All())
        {
            try
            {
                if (Directory.EnumerateFiles($"/proc/{pid}/fd").Any(fd => new FileInfo(fd).LinkTarget == file))
                {
                    return pid;
                }
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // it ended while we looked
            }
        }

        return null;
    }

    /// <summary>SIGKILL.</summary>
    public static void Kill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // it has ended
        }
    }

    private static IEnumerable<int> All() => OperatingSystem.IsWindows() ? []
        : Directory.EnumerateDirectories("/proc").Select(System.IO.Path.GetFileName)
            .Where(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out _)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture));

    private static bool IsZombie(int pid) => ReadOrEmpty($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
