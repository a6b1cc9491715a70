using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Principal;
using Operone.Core.Kernel;

namespace Operone.Agent.Platforms.Windows;

/// <summary>The processes of a Windows machine, by toolhelp and kernel32. Not run by our tests.</summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class WindowsProcessTable : IProcesses
{
    private const uint SnapshotProcesses = 2, QueryLimited = 0x1000, Terminate = 1, TokenQuery = 8, TokenDuplicate = 2;
    private const int CommandLineInformation = 60, AccessDenied = 5;

    // PROCESSENTRY32W: size, usage, pid, heap (8, aligned), module, threads, parent, priority, flags, name in 260 characters
    private const int EntryBytes = 568, PidAt = 8, ThreadsAt = 28, ParentAt = 32, NameAt = 44, NameLength = 260;

    private readonly Dictionary<int, string> _names = [];

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing { get; } = ["How a process stands, and open files: Windows does not tell.", "Protected processes: Windows tells their names alone."];

    /// <inheritdoc/>
    public long MemoryTotal { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <inheritdoc/>
    public bool CanStop => false;

    /// <inheritdoc/>
    public void Read(List<ProcessReading> into)
    {
        into.Clear();
        _names.Clear();
        var snapshot = Snapshot(SnapshotProcesses, 0);
        if (snapshot is 0 or -1)
        {
            return;
        }

        var entry = stackalloc byte[EntryBytes];
        *(uint*)entry = EntryBytes;
        for (var has = First(snapshot, entry); has && into.Count < ProcessLimits.MaxProcesses; has = Next(snapshot, entry))
        {
            var pid = *(int*)(entry + PidAt);
            var characters = new ReadOnlySpan<char>(entry + NameAt, NameLength);
            var end = characters.IndexOf('\0');
            var name = new string(end < 0 ? characters : characters[..end]);
            name = name.Length > ProcessLimits.MaxName ? name[..ProcessLimits.MaxName] : name;
            _names[pid] = name;
            into.Add(Measure(pid, *(int*)(entry + ParentAt), *(int*)(entry + ThreadsAt), (uint)name.GetHashCode(StringComparison.Ordinal)));
        }

        _ = Close(snapshot);
    }

    /// <inheritdoc/>
    public ProcessFacts? Facts(in ProcessReading reading) =>
        _names.TryGetValue(reading.Pid, out var name) ? FactsOf(reading, name, ProcessLimits.MaxListedArguments) : null;

    /// <inheritdoc/>
    public (ProcessDetails Details, IReadOnlyList<ProcessFile>? Files)? Look(ProcessIdentity process)
    {
        var all = new List<ProcessReading>();
        using var fresh = new WindowsProcessTable();
        fresh.Read(all);
        var reading = all.Find(r => r.Identity == process);
        if (reading == default || !fresh._names.TryGetValue(process.Pid, out var name))
        {
            return null;
        }

        var facts = FactsOf(reading, name, ProcessLimits.MaxArguments);
        return (new ProcessDetails
        {
            Process = new ProcessInfo
            {
                Pid = process.Pid,
                Start = process.Start,
                Parent = reading.Parent,
                Name = name,
                Arguments = facts.Arguments,
                IsCut = facts.IsCut,
                User = facts.User,
                StartedAt = facts.StartedAt,
                Figures = new ProcessFigures(process.Pid, null, reading.Memory < 0 ? null : reading.Memory, reading.Threads, reading.State),
            },
            Executable = ImageOf(process.Pid),
            CpuSeconds = reading.Cpu < 0 ? null : Math.Round(reading.Cpu / 1e7, 2),
            Missing = ["Working directory, proportional memory, what it has read and written, and open files: the agent does not ask Windows for them."],
        }, null);
    }

    /// <inheritdoc/>
    /// <remarks>Windows can end a process, and cannot ask one: TERM is KILL there.</remarks>
    public ProcessProblem? Signal(ProcessIdentity process, string signal)
    {
        if (signal is not (ProcessSignals.Term or ProcessSignals.Kill or "9" or "15"))
        {
            return new ProcessProblem(ProcessProblems.Refused, $"Windows has no signal '{signal}': a process can be ended (KILL), and that is all.");
        }

        var handle = Open(QueryLimited | Terminate, false, process.Pid);
        if (handle == 0)
        {
            return Marshal.GetLastPInvokeError() == AccessDenied
                ? new ProcessProblem(ProcessProblems.Denied, $"The agent runs as {Environment.UserName}, who may not end process {process.Pid}.")
                : new ProcessProblem(ProcessProblems.Gone, $"Process {process.Pid} has ended.");
        }

        try
        {
            // as long as the handle is open the number is nobody else's
            return !Times(handle, out var created, out _, out _, out _) || ToStart(created) != process.Start
                ? new ProcessProblem(ProcessProblems.Gone, $"Process {process.Pid} has ended.")
                : End(handle, 1) ? null : new ProcessProblem(ProcessProblems.Failed, $"Process {process.Pid}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
        finally
        {
            _ = Close(handle);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _names.Clear();

    private static ProcessReading Measure(int pid, int parent, int threads, uint name)
    {
        var handle = Open(QueryLimited, false, pid);
        if (handle == 0)
        {
            return new ProcessReading(pid, 0, parent, name, -1, -1, threads, ProcessState.Unknown, pid is 0 or 4);
        }

        // PROCESS_MEMORY_COUNTERS: its length and faults in four bytes each, then peak and present working set in eight each, and more
        var memory = stackalloc ulong[9];
        new Span<ulong>(memory, 9).Clear();
        *(uint*)memory = 72;
        var hasMemory = MemoryOf(handle, memory, 72);
        var hasTimes = Times(handle, out var created, out _, out var kernel, out var user);
        _ = Close(handle);
        return new ProcessReading(
            pid, hasTimes ? ToStart(created) : 0, parent, name, hasTimes ? kernel + user : -1, hasMemory ? (long)memory[2] : -1, threads, ProcessState.Unknown, pid is 0 or 4);
    }

    private static ProcessFacts FactsOf(in ProcessReading reading, string name, int most)
    {
        string? text = null;
        string? user = null;
        var handle = Open(QueryLimited, false, reading.Pid);
        if (handle != 0)
        {
            text = CommandLineOf(handle);
            user = UserOf(handle);
            _ = Close(handle);
        }

        var isCut = text?.Length > most;
        return new ProcessFacts(
            name, text is null ? null : [isCut ? text[..most] : text], isCut, user,
            reading.Start > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(reading.Start / 1000) : null);
    }

    /// <summary>UNICODE_STRING: its length in bytes and its room in two bytes each, then (aligned) where it is.</summary>
    private static string? CommandLineOf(nint handle)
    {
        var buffer = new byte[128 * 1024];
        fixed (byte* into = buffer)
        {
            return Query(handle, CommandLineInformation, into, (uint)buffer.Length, out _) == 0
                ? new string(*(char**)(into + 8), 0, *(ushort*)into / sizeof(char)) : null;
        }
    }

    private static string? UserOf(nint handle)
    {
        if (!OpenToken(handle, TokenQuery | TokenDuplicate, out var token))
        {
            return null;
        }

        try
        {
            using var identity = new WindowsIdentity(token);
            return identity.Name;
        }
        catch (Exception problem) when (problem is ArgumentException or System.Security.SecurityException or UnauthorizedAccessException or IdentityNotMappedException)
        {
            return null;
        }
        finally
        {
            _ = Close(token);
        }
    }

    private static string? ImageOf(int pid)
    {
        var handle = Open(QueryLimited, false, pid);
        if (handle == 0)
        {
            return null;
        }

        var path = stackalloc char[ProcessLimits.MaxText];
        var length = (uint)ProcessLimits.MaxText;
        var found = ImageName(handle, 0, path, &length);
        _ = Close(handle);
        return found ? new string(path, 0, (int)length) : null;
    }

    /// <summary>A FILETIME (100 ns since 1601) as microseconds since 1970, which a number in JSON can carry.</summary>
    private static long ToStart(long created) => (created - 116_444_736_000_000_000) / 10;

    [LibraryImport("kernel32", EntryPoint = "CreateToolhelp32Snapshot", SetLastError = true)]
    private static partial nint Snapshot(uint what, uint pid);

    [LibraryImport("kernel32", EntryPoint = "Process32FirstW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool First(nint snapshot, byte* entry);

    [LibraryImport("kernel32", EntryPoint = "Process32NextW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool Next(nint snapshot, byte* entry);

    [LibraryImport("kernel32", EntryPoint = "OpenProcess", SetLastError = true)]
    private static partial nint Open(uint access, [MarshalAs(UnmanagedType.Bool)] bool inherit, int pid);

    [LibraryImport("kernel32", EntryPoint = "CloseHandle")]
    private static partial int Close(nint handle);

    [LibraryImport("kernel32", EntryPoint = "GetProcessTimes")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool Times(nint process, out long created, out long exited, out long kernel, out long user);

    [LibraryImport("kernel32", EntryPoint = "K32GetProcessMemoryInfo")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MemoryOf(nint process, ulong* counters, uint bytes);

    [LibraryImport("kernel32", EntryPoint = "QueryFullProcessImageNameW")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ImageName(nint process, uint flags, char* path, uint* length);

    [LibraryImport("kernel32", EntryPoint = "TerminateProcess", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool End(nint process, uint exitCode);

    [LibraryImport("ntdll", EntryPoint = "NtQueryInformationProcess")]
    private static partial int Query(nint process, int what, byte* buffer, uint length, out uint needed);

    [LibraryImport("advapi32", EntryPoint = "OpenProcessToken", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool OpenToken(nint process, uint access, out nint token);
}
