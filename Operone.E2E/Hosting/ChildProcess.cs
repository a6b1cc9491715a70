using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Operone.E2E.Hosting;

/// <summary>
/// A process that this one started, writing to a log file. It is ended by its own id, and at the latest when this
/// object goes.
/// </summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process, string logFile)
    {
        _process = process;
        LogFile = logFile;
    }

    /// <summary>Its id.</summary>
    public int Id => _process.Id;

    /// <summary>Where its output goes.</summary>
    public string LogFile { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Starts it. A shell redirects its output and is then replaced by it, so that no pipe ties it to this process.</summary>
    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, string logFile, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = folder ?? Path.GetTempPath() };
        foreach (var argument in (IEnumerable<string>)["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", logFile, program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new(Process.Start(start) ?? throw new InvalidOperationException($"{program} was not started"), logFile);
    }

    /// <summary>Runs a program to its end and gives its exit code and all that it printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        var log = Path.Combine(Path.GetTempPath(), $"operone-{Guid.NewGuid():N}.log");
        try
        {
            await using var process = Start(program, arguments, log);
            var ended = await process.EndedAsync(limit, cancellationToken);
            var output = await File.ReadAllTextAsync(log, cancellationToken);
            return ended
                ? (process._process.ExitCode, output)
                : throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in {limit.TotalSeconds} s:\n{output}");
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>The last lines that it printed.</summary>
    public string LogTail(int lines = 40) =>
        File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(lines)) : "(nothing)";

    /// <summary>Ends it at once, as a crash would (SIGKILL).</summary>
    public async Task KillAsync()
    {
        Signal(9);
        await EndedAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
    }

    /// <summary>Asks it to end (SIGTERM), and ends it where it does not within <paramref name="limit"/>. Returns whether it did.</summary>
    public async Task<bool> StopAsync(TimeSpan limit)
    {
        Signal(15);
        if (await EndedAsync(limit, CancellationToken.None))
        {
            return true;
        }

        await KillAsync();
        return false;
    }

    /// <summary>Waits for its end; false where that takes too long.</summary>
    public async Task<bool> EndedAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(limit);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    /// <summary>
    /// Ends every process whose command line or environment names <paramref name="folder"/>, and their children: the hosts of
    /// executions outlive their agent by design. The folder must be one of this test's own.
    /// </summary>
    public static void KillThoseOf(string folder)
    {
        var all = Directory.EnumerateDirectories("/proc").Select(entry => int.TryParse(Path.GetFileName(entry), out var id) ? id : 0)
            .Where(id => id != 0 && id != Environment.ProcessId).ToArray();
        var found = all.Where(id => Names(id, folder)).ToHashSet();
        for (var before = -1; before != found.Count;)
        {
            before = found.Count;
            found.UnionWith(all.Where(id => found.Contains(ParentOf(id))));
        }

        foreach (var id in found)
        {
            _ = Kill(id, 9);
        }
    }

    private static bool Names(int id, string folder) =>
        Read(id, "cmdline").Contains(folder, StringComparison.Ordinal) || Read(id, "environ").Contains(folder, StringComparison.Ordinal);

    // proc(5): after the name in parentheses come the state and the parent's id.
    private static int ParentOf(int id) =>
        Read(id, "stat") is { Length: > 0 } stat ? int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) : 0;

    private static string Read(int id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is somebody else's.
            return "";
        }
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
