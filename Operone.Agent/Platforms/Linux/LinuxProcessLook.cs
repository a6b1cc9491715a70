using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Kernel;

namespace Operone.Agent.Platforms.Linux;

/// <summary>One process, closely, by proc(5). Much of it is for the process's own user and for root alone.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxProcessLook(int pid)
{
    private readonly List<string> _missing = [];
    private readonly string _folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");

    /// <summary>Reads it.</summary>
    public (ProcessDetails Details, IReadOnlyList<ProcessFile>? Files) Read(ProcessInfo process, double cpuSeconds)
    {
        var isLiving = process is { IsKernel: false, Figures.State: not ProcessState.Ended };
        var executable = isLiving ? Required("The program's file", ProcFolder.Link($"{_folder}/exe", ProcessLimits.MaxText)) : null;
        var directory = isLiving ? Required("The working directory", ProcFolder.Link($"{_folder}/cwd", ProcessLimits.MaxText)) : null;
        var memory = isLiving ? Text("smaps_rollup"u8, 4096) : null;
        if (isLiving && memory is null)
        {
            _missing.Add("Proportional memory and swap: the agent's user may not read them, or this kernel has none.");
        }

        var transferred = Text("io"u8, 1024);
        if (transferred is null && isLiving)
        {
            _missing.Add("What it has read and written: the agent's user may not read it.");
        }

        var files = isLiving ? Files() : null;
        var status = Text("status"u8, 4096);
        return (new ProcessDetails
        {
            Process = process,
            Executable = executable,
            Directory = directory,
            Proportional = Kilobytes(memory, "\nPss:"u8),
            Swap = Kilobytes(memory, "\nSwap:"u8),
            Virtual = Kilobytes(status, "\nVmSize:"u8),
            CpuSeconds = Math.Round(cpuSeconds, 2),
            ReadBytes = Number(transferred, "\nread_bytes:"u8),
            WrittenBytes = Number(transferred, "\nwrite_bytes:"u8),
            FileCount = files?.Count,
            Group = Group(),
            Missing = _missing.Count > 0 ? _missing : null,
        }, files?.Named);
    }

    private string? Required(string what, string? value)
    {
        if (value is null)
        {
            _missing.Add($"{what}: the agent's user may not read it.");
        }

        return value;
    }

    private (List<ProcessFile> Named, int Count)? Files()
    {
        if (ProcFolder.NumbersIn($"{_folder}/fd", ProcessLimits.MaxFiles) is not { } found)
        {
            _missing.Add("Open files: the agent's user may not read them.");
            return null;
        }

        found.Numbers.Sort();
        var named = new List<ProcessFile>(found.Numbers.Count);
        foreach (var number in found.Numbers)
        {
            // one that was closed meanwhile is left out
            if (ProcFolder.Link(string.Create(CultureInfo.InvariantCulture, $"{_folder}/fd/{number}"), ProcessLimits.MaxText) is { } what)
            {
                named.Add(new ProcessFile(number, what));
            }
        }

        if (named.Count == 0 && found.Count > 0)
        {
            _missing.Add("The names of open files: the agent's user may not read them.");
        }

        return (named, found.Count);
    }

    /// <summary>cgroups(7): "0::/path" in the one hierarchy that counts today.</summary>
    private string? Group()
    {
        var line = Text("cgroup"u8, 4096) is { } text ? Encoding.UTF8.GetString(text).Split('\n').FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal)) : null;
        return line?.Length > 3 ? line[3..Math.Min(line.Length, ProcessLimits.MaxText)] : null;
    }

    private byte[]? Text(ReadOnlySpan<byte> file, int most)
    {
        var buffer = new byte[most];
        var length = ProcFolder.Read(pid, file, buffer);
        return length > 0 ? buffer[..length] : null;
    }

    private static long? Kilobytes(byte[]? text, ReadOnlySpan<byte> name) => Number(text, name) is { } number ? 1024 * number : null;

    private static long? Number(byte[]? text, ReadOnlySpan<byte> name) =>
        text is not null && text.AsSpan().IndexOf(name) >= 0 ? ProcFile.NumberOf(text, name) : null;
}
