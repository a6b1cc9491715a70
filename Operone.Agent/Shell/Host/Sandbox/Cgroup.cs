using System.Globalization;
using System.Runtime.Versioning;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>
/// One execution's cgroup (cgroups(7), version 2): the kernel keeps its limits. Hosts are in the leaf that the agent has made for
/// itself and them, see <see cref="CgroupTree"/>; the execution's is next to that leaf.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Cgroup : IDisposable
{
    private readonly string _path;
    private readonly string _leaf;

    private Cgroup(string path, string leaf) => (_path, _leaf) = (path, leaf);

    /// <summary>Makes one, or gives null where that cannot be.</summary>
    public static Cgroup? TryMake(Guid execution, SandboxLimits limits) =>
        CgroupTree.Leaf is { } leaf ? TryMake(leaf, $"x-{execution:N}", limits) : null;

    /// <summary>Makes one next to a leaf.</summary>
    internal static Cgroup? TryMake(string leaf, string name, SandboxLimits limits)
    {
        var path = $"{Path.GetDirectoryName(leaf)}/{name}";
        var made = new Cgroup(path, leaf);
        try
        {
            Directory.CreateDirectory(path);
            if (limits.CpuCores is { } cores)
            {
                made.Write("cpu.max", string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1000, (long)(cores * 100_000))} 100000"));
            }

            if (limits.MemoryBytes is { } bytes)
            {
                made.Write("memory.max", bytes.ToString(CultureInfo.InvariantCulture));
                made.Write("memory.oom.group", "1");
                if (File.Exists($"{path}/memory.swap.max"))
                {
                    made.Write("memory.swap.max", "0");
                }
            }

            if (limits.Processes is { } processes)
            {
                // bubblewrap's own two, and this host for the moment of the start
                made.Write("pids.max", (processes + 3).ToString(CultureInfo.InvariantCulture));
            }

            return made;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            made.Dispose();
            return null;
        }
    }

    /// <summary>Moves this process in, so that what it starts is born there.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    public void Enter() => Write("cgroup.procs", "0");

    /// <summary>Moves it out again.</summary>
    public void Leave() => File.WriteAllText(_leaf + "/cgroup.procs", "0");

    /// <summary>The limit that was exceeded, as a reason; or null.</summary>
    public string? Breach(SandboxLimits limits)
    {
        try
        {
            return limits.MemoryBytes is { } bytes && Count("memory.events", "oom_kill") > 0 ? LimitWords.Memory(bytes) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Takes it away, where nobody is left in it: what a command has left behind goes on, and stays within its limits.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(_path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the agent clears what is empty when it starts
        }
    }

    private long Count(string file, string name)
    {
        foreach (var line in File.ReadLines($"{_path}/{file}"))
        {
            if (line.StartsWith(name + " ", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }

    private void Write(string file, string text) => File.WriteAllText($"{_path}/{file}", text);
}

/// <summary>Where executions get their cgroups: below the agent's own, which it divides when it starts.</summary>
[SupportedOSPlatform("linux")]
internal static class CgroupTree
{
    private const string LeafName = "operone-agent";
    private static readonly string[] _controllers = ["cpu", "memory", "pids"];

    /// <summary>The leaf that this process is in, where the agent has made one; else null.</summary>
    public static string? Leaf => Own() is { } own && Path.GetFileName(own) == LeafName ? own : null;

    /// <summary>
    /// At the agent's start: makes a leaf for the agent and its hosts, moves into it, and lets what is made next to it be limited.
    /// Where the cgroup is shared with somebody else, or is not ours to divide, nothing is done.
    /// </summary>
    public static void Prepare()
    {
        try
        {
            if (Own() is { } own)
            {
                Prepare(own);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // then limits are kept without
        }
    }

    /// <summary>The cgroup of version 2 that a process is in, by two files of proc(5); null where there is none.</summary>
    internal static string? Find(string membership, string mounts)
    {
        var path = membership.Split('\n').FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal))?[3..];
        foreach (var line in mounts.Split('\n'))
        {
            // "36 35 98:0 /root /mount/point options - type source options"
            var parts = line.Split(' ');
            var type = Array.IndexOf(parts, "-") + 1;
            if (path is not null && type > 5 && parts.Length > type && parts[type] == "cgroup2" && parts[3] == "/")
            {
                return Path.TrimEndingDirectorySeparator(parts[4] + path);
            }
        }

        return null;
    }

    private static string? Own()
    {
        try
        {
            return Find(File.ReadAllText("/proc/self/cgroup"), File.ReadAllText("/proc/self/mountinfo"));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Prepare(string own)
    {
        if (Path.GetFileName(own) == LeafName)
        {
            Clear(Path.GetDirectoryName(own)!);
            return;
        }

        var given = File.ReadAllText(own + "/cgroup.controllers").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (!_controllers.All(given.Contains) || !IsOurs(own))
        {
            return;
        }

        Clear(own);
        var leaf = $"{own}/{LeafName}";
        Directory.CreateDirectory(leaf);
        foreach (var pid in File.ReadAllLines(own + "/cgroup.procs"))
        {
            File.WriteAllText(leaf + "/cgroup.procs", pid);
        }

        File.WriteAllText(own + "/cgroup.subtree_control", string.Join(' ', _controllers.Select(c => "+" + c)));
    }

    // A cgroup that holds others too (a login's, a container's) is not divided: they would be moved.
    private static bool IsOurs(string own)
    {
        var mine = File.ResolveLinkTarget("/proc/self/exe", returnFinalTarget: false)?.FullName;
        return File.ReadAllLines(own + "/cgroup.procs").All(
            pid => pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) || File.ResolveLinkTarget($"/proc/{pid}/exe", returnFinalTarget: false)?.FullName == mine);
    }

    /// <summary>Takes away the cgroups of executions that are over; one that has processes stays by itself.</summary>
    private static void Clear(string parent)
    {
        foreach (var old in Directory.EnumerateDirectories(parent, "x-*"))
        {
            try
            {
                Directory.Delete(old);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // somebody lives there
            }
        }
    }
}
