using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Kernel;

namespace Operone.Agent.Platforms.Linux;

/// <summary>
/// The processes of a Linux machine, by proc(5). A sample reads one file of each process; what seldom changes is read when somebody asks.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class LinuxProcessTable : IProcesses
{
    private const int KernelThread = 0x0020_0000; // PF_KTHREAD
    private const int ClockTicks = 2; // _SC_CLK_TCK
    private const int StatBytes = 1024;

    private readonly ProcFolder _proc = new();
    private readonly Dictionary<uint, string> _users = [];
    private readonly byte[] _text = new byte[ProcessLimits.MaxArguments + 1];
    private readonly long _ticksPerSecond = Math.Max(1, SystemConfiguration(ClockTicks));
    private readonly long _bootedAt = BootTime();

    /// <inheritdoc/>
    public long MemoryTotal { get; } = TotalMemory();

    /// <inheritdoc/>
    public bool CanStop => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing { get; private set; } = [];

    /// <inheritdoc/>
    public void Read(List<ProcessReading> into)
    {
        into.Clear();
        Span<byte> buffer = stackalloc byte[StatBytes];
        var isFirstSeen = false;
        foreach (var pid in _proc.Numbers())
        {
            if (into.Count >= ProcessLimits.MaxProcesses)
            {
                break;
            }

            isFirstSeen |= pid == 1;
            var length = ProcFolder.Read(pid, "stat"u8, buffer);
            if (length > 0 && Parse(pid, buffer[..length]) is { } reading)
            {
                into.Add(reading);
            }
        }

        Missing = MissingOf(isFirstSeen, into.Count >= ProcessLimits.MaxProcesses);
    }

    /// <inheritdoc/>
    public ProcessFacts? Facts(in ProcessReading reading)
    {
        var (arguments, isCut) = Arguments(reading.Pid, reading.IsKernel, ProcessLimits.MaxListedArguments);
        var user = User(reading.Pid);
        // whoever has the number now was read: it must still be the one that was meant
        return NowAt(reading.Pid) is { } now && now.Start == reading.Start
            ? new ProcessFacts(NameOf(now.Name), arguments, isCut, user, StartedAt(reading.Start))
            : null;
    }

    /// <inheritdoc/>
    public (ProcessDetails Details, IReadOnlyList<ProcessFile>? Files)? Look(ProcessIdentity process)
    {
        if (NowAt(process.Pid) is not { } before || before.Start != process.Start)
        {
            return null;
        }

        var look = new LinuxProcessLook(process.Pid);
        var (arguments, isCut) = Arguments(process.Pid, before.IsKernel, ProcessLimits.MaxArguments);
        var user = User(process.Pid);
        var (details, files) = look.Read(new ProcessInfo
        {
            Pid = process.Pid,
            Start = process.Start,
            Parent = before.Parent,
            Name = NameOf(before.Name),
            Arguments = arguments,
            IsCut = isCut,
            User = user,
            StartedAt = StartedAt(process.Start),
            IsKernel = before.IsKernel,
            Figures = new ProcessFigures(process.Pid, null, before.Memory, before.Threads, before.State),
        }, before.Cpu / 1e7);
        return NowAt(process.Pid) is { } after && after.Start == process.Start ? (details, files) : null;
    }

    /// <inheritdoc/>
    public ProcessProblem? Signal(ProcessIdentity process, string signal) => LinuxSignals.Send(process, signal, pid => NowAt(pid)?.Start);

    /// <inheritdoc/>
    public void Dispose() => _proc.Dispose();

    /// <summary>What the number stands for at this moment; null for nothing.</summary>
    private ProcessReading? NowAt(int pid)
    {
        Span<byte> buffer = stackalloc byte[StatBytes];
        var length = ProcFolder.Read(pid, "stat"u8, buffer);
        return length > 0 ? Parse(pid, buffer[..length]) : null;
    }

    /// <summary>
    /// /proc/PID/stat: "pid (name) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime priority
    /// nice num_threads itrealvalue starttime vsize rss ...". The name may hold anything, brackets and line feeds too.
    /// </summary>
    internal ProcessReading? Parse(int pid, ReadOnlySpan<byte> text)
    {
        var open = text.IndexOf((byte)'(');
        var close = text.LastIndexOf((byte)')');
        if (open < 0 || close < open || close + 3 >= text.Length)
        {
            return null;
        }

        var name = NameKey(text[(open + 1)..close]);
        var state = text[close + 2];
        var rest = text[(close + 4)..];
        Span<long> numbers = stackalloc long[21];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (!Utf8Parser.TryParse(rest, out long number, out var used))
            {
                return null;
            }

            numbers[i] = number;
            rest = used < rest.Length ? rest[(used + 1)..] : default;
        }

        var cpu = (numbers[10] + numbers[11]) * (TimeSpan.TicksPerSecond / _ticksPerSecond);
        return new ProcessReading(
            pid, numbers[18], (int)numbers[0], name, cpu, numbers[20] * Environment.SystemPageSize, (int)numbers[16], StateOf(state), (numbers[5] & KernelThread) != 0);
    }

    private static ProcessState StateOf(byte letter) => (char)letter switch
    {
        'R' => ProcessState.Running,
        'S' => ProcessState.Sleeping,
        'D' => ProcessState.Waiting,
        'T' or 't' => ProcessState.Stopped,
        'Z' or 'X' or 'x' => ProcessState.Ended,
        'I' => ProcessState.Idle,
        _ => ProcessState.Unknown,
    };

    /// <summary>A name of at most 15 bytes (TASK_COMM_LEN) as a number, its length in the last byte; of a longer one the beginning.</summary>
    private static UInt128 NameKey(ReadOnlySpan<byte> name)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        var length = Math.Min(name.Length, 15);
        name[..length].CopyTo(bytes);
        bytes[15] = (byte)length;
        return MemoryMarshal.Read<UInt128>(bytes);
    }

    private static string NameOf(UInt128 key)
    {
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, key);
        return Encoding.UTF8.GetString(bytes[..bytes[15]]);
    }

    private DateTimeOffset? StartedAt(long start) =>
        _bootedAt > 0 ? DateTimeOffset.FromUnixTimeMilliseconds((_bootedAt * 1000) + (start * 1000 / _ticksPerSecond)) : null;

    /// <summary>Reads as many arguments as fit. A process may write over its own with anything of any length.</summary>
    private (string[]? Arguments, bool IsCut) Arguments(int pid, bool isKernel, int most)
    {
        if (isKernel)
        {
            return (null, false);
        }

        lock (_text)
        {
            // of bytes there are never fewer than of characters
            var length = ProcFolder.Read(pid, "cmdline"u8, _text.AsSpan(0, most + 1));
            if (length <= 0)
            {
                return (null, false);
            }

            var isCut = length > most;
            var text = _text.AsSpan(0, Math.Min(length, most));
            return (Encoding.UTF8.GetString(isCut ? text : text.TrimEnd((byte)0)).Split('\0'), isCut);
        }
    }

    private string? User(int pid)
    {
        Span<byte> buffer = stackalloc byte[2048];
        var length = ProcFolder.Read(pid, "status"u8, buffer);
        var at = length > 0 ? buffer[..length].IndexOf("\nUid:"u8) : -1;
        if (at < 0)
        {
            return null;
        }

        // real, effective, saved, file system: what it may do goes by the second
        ReadOnlySpan<byte> rest = buffer[(at + 5)..length];
        ProcFile.NextNumber(ref rest);
        var uid = (uint)ProcFile.NextNumber(ref rest);
        lock (_users)
        {
            if (!_users.TryGetValue(uid, out var name))
            {
                _users[uid] = name = UnixUsers.NameOf(uid) is { Length: > 0 and <= ProcessLimits.MaxName } known ? known : uid.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            return name;
        }
    }

    private static string[] MissingOf(bool isFirstSeen, bool isFull) =>
    [
        .. isFirstSeen ? (string[])[] : ["Processes of other users: this machine hides them from the agent's user (hidepid, proc(5))."],
        .. isFull ? (string[])[$"More than {ProcessLimits.MaxProcesses} processes."] : [],
    ];

    private static long BootTime()
    {
        using var stat = new ProcFile("/proc/stat");
        return ProcFile.NumberOf(stat.Read(new byte[256 * 1024]), "\nbtime "u8);
    }

    private static long TotalMemory()
    {
        using var memory = new ProcFile("/proc/meminfo");
        return 1024 * ProcFile.NumberOf(memory.Read(new byte[8 * 1024]), "MemTotal:"u8);
    }

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial nint SystemConfiguration(int name);
}
