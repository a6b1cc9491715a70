using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Kernel;

namespace Operone.Agent.Platforms.Mac;

/// <summary>The processes of a Mac, by libproc and sysctl(3). Not run by our tests.</summary>
[SupportedOSPlatform("macos")]
internal sealed unsafe partial class MacProcessTable : IProcesses
{
    // sys/proc_info.h: struct proc_bsdinfo and struct proc_taskinfo
    private const int BasicFlavor = 3, BasicBytes = 136, TaskFlavor = 4, TaskBytes = 96;
    private const int StatusAt = 4, ParentAt = 16, UserAt = 20, CommandAt = 48, CommandBytes = 16, SecondsAt = 120, MicrosecondsAt = 128;
    private const int ResidentAt = 8, UserTimeAt = 16, SystemTimeAt = 24, ThreadsAt = 84;
    private const int KernelControl = 1, KernelArguments = 49;

    private static readonly string[] _signals =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "EMT", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE", "ALRM", "TERM", "URG", "STOP", "TSTP", "CONT",
        "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "INFO", "USR1", "USR2",
    ];

    private readonly double _ticks = TicksOfMachTime();

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing { get; } = ["Figures and arguments of other users' processes, unless the agent is root.", "Open files: macOS tells of them by lsof alone."];

    /// <inheritdoc/>
    public long MemoryTotal { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <inheritdoc/>
    public bool CanStop => true;

    /// <inheritdoc/>
    public void Read(List<ProcessReading> into)
    {
        into.Clear();
        var pids = new int[ProcessLimits.MaxProcesses];
        int count;
        fixed (int* first = pids)
        {
            count = ListAll(first, pids.Length * sizeof(int));
        }

        foreach (var pid in pids.AsSpan(0, Math.Max(0, count)))
        {
            if (ReadOne(pid) is { } reading)
            {
                into.Add(reading);
            }
        }
    }

    /// <inheritdoc/>
    public ProcessFacts? Facts(in ProcessReading reading) => FactsOf(reading, ProcessLimits.MaxListedArguments);

    /// <inheritdoc/>
    public (ProcessDetails Details, IReadOnlyList<ProcessFile>? Files)? Look(ProcessIdentity process)
    {
        if (ReadOne(process.Pid) is not { } reading || reading.Start != process.Start || FactsOf(reading, ProcessLimits.MaxArguments) is not { } facts)
        {
            return null;
        }

        var path = stackalloc byte[4096];
        var length = PathOf(process.Pid, path, 4096);
        return (new ProcessDetails
        {
            Process = new ProcessInfo
            {
                Pid = process.Pid,
                Start = process.Start,
                Parent = reading.Parent,
                Name = facts.Name,
                Arguments = facts.Arguments,
                IsCut = facts.IsCut,
                User = facts.User,
                StartedAt = facts.StartedAt,
                Figures = new ProcessFigures(
                    process.Pid, null, reading.Memory < 0 ? null : reading.Memory, reading.Threads < 0 ? null : reading.Threads, reading.State),
            },
            Executable = length > 0 ? Encoding.UTF8.GetString(path, Math.Min(length, ProcessLimits.MaxText)) : null,
            CpuSeconds = reading.Cpu < 0 ? null : Math.Round(reading.Cpu / 1e7, 2),
            Missing = ["Working directory, proportional memory, swap, what it has read and written, and open files: the agent does not ask macOS for them."],
        }, null);
    }

    /// <inheritdoc/>
    public ProcessProblem? Signal(ProcessIdentity process, string signal)
    {
        var number = int.TryParse(signal, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : Array.IndexOf(_signals, signal);
        if (number is < 1 or > 31)
        {
            return new ProcessProblem(ProcessProblems.Refused, $"This device has no signal '{signal}'.");
        }

        // macOS has nothing that holds a process: between the two calls its number can become another's, if the system goes once around
        if (ReadOne(process.Pid)?.Start != process.Start)
        {
            return new ProcessProblem(ProcessProblems.Gone, $"Process {process.Pid} has ended.");
        }

        return Libc.Kill(process.Pid, number) == 0 ? null
            : Libc.LastError == Libc.NoSuchProcess ? new ProcessProblem(ProcessProblems.Gone, $"Process {process.Pid} has ended.")
            : new ProcessProblem(ProcessProblems.Denied, $"The agent runs as {Environment.UserName}, who may not signal process {process.Pid}: {Libc.Describe(Libc.LastError)}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // nothing is kept open
    }

    private ProcessReading? ReadOne(int pid)
    {
        var basic = stackalloc byte[BasicBytes];
        if (Information(pid, BasicFlavor, 0, basic, BasicBytes) < BasicBytes)
        {
            return null;
        }

        var task = stackalloc byte[TaskBytes];
        var hasTask = Information(pid, TaskFlavor, 0, task, TaskBytes) >= TaskBytes;
        var start = (*(long*)(basic + SecondsAt) * 1_000_000) + *(long*)(basic + MicrosecondsAt);
        return new ProcessReading(
            pid, start, *(int*)(basic + ParentAt), *(UInt128*)(basic + CommandAt),
            hasTask ? (long)((*(ulong*)(task + UserTimeAt) + *(ulong*)(task + SystemTimeAt)) * _ticks) : -1,
            hasTask ? *(long*)(task + ResidentAt) : -1,
            hasTask ? *(int*)(task + ThreadsAt) : -1,
            StateOf(*(int*)(basic + StatusAt)), IsKernel: pid == 0);
    }

    private static ProcessState StateOf(int status) => status switch
    {
        2 => ProcessState.Running,
        3 => ProcessState.Sleeping,
        4 => ProcessState.Stopped,
        5 => ProcessState.Ended,
        _ => ProcessState.Unknown,
    };

    private static ProcessFacts? FactsOf(in ProcessReading reading, int most)
    {
        var basic = stackalloc byte[BasicBytes];
        if (Information(reading.Pid, BasicFlavor, 0, basic, BasicBytes) < BasicBytes)
        {
            return null;
        }

        var uid = *(uint*)(basic + UserAt);
        var name = new ReadOnlySpan<byte>(basic + CommandAt, CommandBytes);
        var end = name.IndexOf((byte)0);
        var (arguments, isCut) = Arguments(reading.Pid, most);
        return new ProcessFacts(
            Encoding.UTF8.GetString(end < 0 ? name : name[..end]), arguments, isCut,
            UnixUsers.NameOf(uid) ?? uid.ToString(CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(reading.Start / 1000));
    }

    /// <summary>KERN_PROCARGS2: how many arguments, the program's path, zeros, the arguments, the environment (which nobody is shown).</summary>
    private static (string[]? Arguments, bool IsCut) Arguments(int pid, int most)
    {
        var buffer = new byte[256 * 1024];
        var name = stackalloc int[3] { KernelControl, KernelArguments, pid };
        var length = (nuint)buffer.Length;
        fixed (byte* into = buffer)
        {
            if (SysCtl(name, 3, into, &length, null, 0) != 0 || length < sizeof(int))
            {
                return (null, false);
            }
        }

        ReadOnlySpan<byte> text = buffer.AsSpan(0, (int)length);
        var count = MemoryMarshal.Read<int>(text);
        text = text[sizeof(int)..];
        text = text.IndexOf((byte)0) is >= 0 and var path ? text[path..].TrimStart((byte)0) : default;
        var (arguments, left) = (new List<string>(), most);
        for (var i = 0; i < count && text.Length > 0; i++)
        {
            var end = text.IndexOf((byte)0) is >= 0 and var at ? at : text.Length;
            if (end > left)
            {
                arguments.Add(Encoding.UTF8.GetString(text[..left]));
                return ([.. arguments], true);
            }

            arguments.Add(Encoding.UTF8.GetString(text[..end]));
            left -= Math.Min(left, end + 1);
            text = end < text.Length ? text[(end + 1)..] : default;
        }

        return ([.. arguments], false);
    }

    private static double TicksOfMachTime()
    {
        var ratio = stackalloc uint[2];
        return TimeBase(ratio) == 0 && ratio[1] > 0 ? (double)ratio[0] / ratio[1] / 100 : 0.01;
    }

    [LibraryImport("libproc", EntryPoint = "proc_listallpids")]
    private static partial int ListAll(int* pids, int bytes);

    [LibraryImport("libproc", EntryPoint = "proc_pidinfo")]
    private static partial int Information(int pid, int flavor, ulong argument, byte* buffer, int bytes);

    [LibraryImport("libproc", EntryPoint = "proc_pidpath")]
    private static partial int PathOf(int pid, byte* buffer, uint bytes);

    [LibraryImport("libc", EntryPoint = "sysctl")]
    private static partial int SysCtl(int* name, uint count, byte* value, nuint* length, byte* newValue, nuint newLength);

    [LibraryImport("libc", EntryPoint = "mach_timebase_info")]
    private static partial int TimeBase(uint* ratio);
}
