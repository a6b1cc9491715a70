using System.Globalization;
using System.Runtime.Versioning;
using System.Text;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// What a dead host has left of its command: the command's process, where it can be told by its start that it is the same one, all
/// that descends from it, and whatever has the execution's id in its environment (proc(5)). One that has left the command's tree and thrown away
/// its environment is not found.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxLeftovers(Guid execution, SupervisionNote? note) : Platforms.IProcessTree
{
    /// <summary>How long after a look the next one comes: each goes through all processes of the device.</summary>
    public static TimeSpan Pause { get; } = TimeSpan.FromMilliseconds(250);

    private readonly byte[] _first = Encoding.ASCII.GetBytes($"OPERONE_EXECUTION_ID={execution}\0");
    private readonly byte[] _later = Encoding.ASCII.GetBytes($"\0OPERONE_EXECUTION_ID={execution}\0");

    /// <summary>Which boot of the device this is; null where the system does not say.</summary>
    public static string? Boot { get; } = Text("/proc/sys/kernel/random/boot_id") is { Length: > 0 } id ? Encoding.ASCII.GetString(id).Trim() : null;

    /// <summary>When a process started, in the system's ticks since the boot; 0 where there is none that lives.</summary>
    public static long StartOf(int pid) => Stat(pid)?.Start ?? 0;

    /// <summary>Ends them without a host, as long as that takes at the most. Gives whether nothing is left.</summary>
    public static async Task<bool> EndAsync(Guid execution, SupervisionNote? note, TimeProvider time, CancellationToken cancel)
    {
        var killer = new TreeKiller(new LinuxLeftovers(execution, note), time);
        try
        {
            await Task.Run(() => killer.Begin(TimeSpan.FromSeconds(note?.GraceSeconds ?? 0)), cancel);
            while (killer.Left > 0 && !killer.HasGivenUp)
            {
                await Task.Delay(Pause, time, cancel);
                await Task.Run(killer.Round, cancel);
            }

            return killer.Left == 0;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false; // a system that does not show its processes
        }
    }

    /// <inheritdoc/>
    public void KeepOrphans()
    {
        // they are nobody's of ours
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Descendants()
    {
        var parents = new Dictionary<int, int>();
        var found = new HashSet<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(folder.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId || Stat(pid) is not { } stat)
            {
                continue;
            }

            parents[pid] = stat.Parent;
            if ((note is { Pid: > 0 } && note.Boot == Boot && pid == note.Pid && stat.Start == note.ProcessStart) || HasVariable(pid))
            {
                found.Add(pid);
            }
        }

        for (var count = -1; count != found.Count;)
        {
            count = found.Count;
            found.UnionWith(parents.Where(p => found.Contains(p.Value) && p.Key != Environment.ProcessId).Select(p => p.Key));
        }

        return [.. found];
    }

    private bool HasVariable(int pid)
    {
        var environment = Text(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ")).AsSpan();
        return environment.StartsWith(_first) || environment.IndexOf(_later) >= 0;
    }

    /// <summary>"pid (name) state ppid ...", where the name may hold anything; the start is the 22nd. Null for a zombie.</summary>
    private static (int Parent, long Start)? Stat(int pid)
    {
        var text = Encoding.UTF8.GetString(Text(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")));
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && fields[0] is not ("Z" or "X")
            && int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var parent)
            && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var start) ? (parent, start) : null;
    }

    private static byte[] Text(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return []; // it ended while we looked, or is somebody else's
        }
    }
}
