using System.Text.Json.Serialization;

namespace Operone.Core.Kernel;

/// <summary>
/// What a node asks of a device's processes. One channel of the purpose <c>processes</c> carries one call after another, each a text
/// message; the device answers with text messages (<see cref="ProcessReply"/>) of at most
/// <see cref="Channels.ChannelLimits.MaxControlBytes"/>. A call is over with the reply that has <see cref="ProcessReply.IsLast"/>.
/// A watch has no last reply: it goes on until the channel is closed, or nobody has renewed it for <see cref="ProcessLimits.LeaseSeconds"/>.
/// </summary>
public sealed record ProcessCall
{
    /// <summary>One of <see cref="ProcessOps"/>.</summary>
    public required string Op { get; init; }

    /// <summary>How often a watch samples, in milliseconds.</summary>
    public int? IntervalMilliseconds { get; init; }

    /// <summary>The process.</summary>
    public ProcessIdentity? Process { get; init; }

    /// <summary>The signal, as <see cref="ProcessSignals.Parse"/> gives it.</summary>
    public string? Signal { get; init; }

    /// <summary>Whether all that descends from the process is meant too.</summary>
    public bool Tree { get; init; }
}

/// <summary>What a device can be asked of its processes.</summary>
public static class ProcessOps
{
    /// <summary>All processes as they are now, once.</summary>
    public const string List = "list";
    /// <summary>All processes, and from then on what changes.</summary>
    public const string Watch = "watch";
    /// <summary>To a watch: somebody still looks. There is no answer.</summary>
    public const string Renew = "renew";
    /// <summary>One process, closely: its arguments, its open files.</summary>
    public const string Look = "look";
    /// <summary>Sends a process, or a tree of them, a signal.</summary>
    public const string Signal = "signal";
}

/// <summary>
/// Which process. A number is used again when its process has ended; with its start it is this process, or none.
/// </summary>
/// <param name="Pid">Its number.</param>
/// <param name="Start">When it started, as the system counts: the same for as long as it lives, in no unit that is the same everywhere.</param>
public readonly record struct ProcessIdentity(int Pid, long Start);

/// <summary>How a process stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProcessState>))]
public enum ProcessState
{
    /// <summary>The system does not say.</summary>
    [JsonStringEnumMemberName("unknown")] Unknown,
    /// <summary>It runs, or could.</summary>
    [JsonStringEnumMemberName("running")] Running,
    /// <summary>It waits for something to happen.</summary>
    [JsonStringEnumMemberName("sleeping")] Sleeping,
    /// <summary>It waits for a disk, and takes no signal meanwhile.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting,
    /// <summary>It was stopped, or is being traced.</summary>
    [JsonStringEnumMemberName("stopped")] Stopped,
    /// <summary>It has ended, and its parent has not asked how.</summary>
    [JsonStringEnumMemberName("ended")] Ended,
    /// <summary>A thread of the kernel that has nothing to do.</summary>
    [JsonStringEnumMemberName("idle")] Idle,
}

/// <summary>What a process is to Operone.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProcessPart>))]
public enum ProcessPart
{
    /// <summary>The agent.</summary>
    [JsonStringEnumMemberName("agent")] Agent,
    /// <summary>A host: it owns an execution, or waits for one.</summary>
    [JsonStringEnumMemberName("host")] Host,
    /// <summary>What an execution has started.</summary>
    [JsonStringEnumMemberName("command")] Command,
}

/// <summary>What of a process changes all the time.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Cpu">The processor's time since the sample before, in per cent of one core; null where there is none before, or it cannot be had.</param>
/// <param name="Memory">Memory that is its own or shared and present (resident), in bytes; null where it cannot be had.</param>
/// <param name="Threads">How many threads; null where it cannot be had.</param>
/// <param name="State">How it stands.</param>
public sealed record ProcessFigures(int Pid, double? Cpu, long? Memory, int? Threads, ProcessState State);

/// <summary>A process.</summary>
public sealed record ProcessInfo
{
    /// <summary>Its number.</summary>
    public required int Pid { get; init; }
    /// <summary>See <see cref="ProcessIdentity.Start"/>.</summary>
    public required long Start { get; init; }
    /// <summary>The number of its parent; 0 where it has none.</summary>
    public int Parent { get; init; }
    /// <summary>Its short name.</summary>
    public required string Name { get; init; }
    /// <summary>Its arguments, the first is what it was called by; null where they cannot be had. A thread of the kernel has none.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }
    /// <summary>Whether the arguments are longer than what is given.</summary>
    public bool IsCut { get; init; }
    /// <summary>Whether the arguments are withheld: it belongs to a run that holds secrets, which may have got into them.</summary>
    public bool IsWithheld { get; init; }
    /// <summary>As whom it runs: a name, or a number where that has none; null where it cannot be had.</summary>
    public string? User { get; init; }
    /// <summary>When it started (UTC); null where it cannot be had.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    /// <summary>Whether it is a thread of the kernel.</summary>
    public bool IsKernel { get; init; }
    /// <summary>What it is to Operone; null for nothing.</summary>
    public ProcessPart? Part { get; init; }
    /// <summary>The execution that it belongs to.</summary>
    public Guid? Execution { get; init; }
    /// <summary>What changes all the time.</summary>
    public required ProcessFigures Figures { get; init; }

    /// <summary>Which it is.</summary>
    [JsonIgnore]
    public ProcessIdentity Identity => new(Pid, Start);
}

/// <summary>What holds of a whole sample.</summary>
/// <param name="At">When it was taken (UTC).</param>
/// <param name="Cores">How many cores the device has.</param>
/// <param name="MemoryTotal">Its memory, in bytes; 0 where it is not known.</param>
/// <param name="Milliseconds">How long the device took to take it.</param>
/// <param name="Missing">What cannot be had on this device, and why, in words.</param>
public sealed record ProcessSample(DateTimeOffset At, int Cores, long MemoryTotal, double Milliseconds, IReadOnlyList<string>? Missing);

/// <summary>One process, closely. What is null cannot be had, and <see cref="Missing"/> says why.</summary>
public sealed record ProcessDetails
{
    /// <summary>The process.</summary>
    public required ProcessInfo Process { get; init; }
    /// <summary>The program's file.</summary>
    public string? Executable { get; init; }
    /// <summary>Its working directory.</summary>
    public string? Directory { get; init; }
    /// <summary>Memory with what is shared counted by its share (proportional), in bytes.</summary>
    public long? Proportional { get; init; }
    /// <summary>What of it was put out to swap, in bytes.</summary>
    public long? Swap { get; init; }
    /// <summary>Its addresses, in bytes.</summary>
    public long? Virtual { get; init; }
    /// <summary>The processor's time since it started, in seconds.</summary>
    public double? CpuSeconds { get; init; }
    /// <summary>What it has had read from disks, in bytes.</summary>
    public long? ReadBytes { get; init; }
    /// <summary>What it has had written to disks, in bytes.</summary>
    public long? WrittenBytes { get; init; }
    /// <summary>How many files it has open, sockets and pipes among them.</summary>
    public int? FileCount { get; init; }
    /// <summary>Some of them, at most <see cref="ProcessLimits.MaxFiles"/>.</summary>
    public IReadOnlyList<ProcessFile>? Files { get; init; }
    /// <summary>Its control group (cgroups(7)).</summary>
    public string? Group { get; init; }
    /// <summary>What cannot be had, and why, in words.</summary>
    public IReadOnlyList<string>? Missing { get; init; }
}

/// <summary>Something that a process has open.</summary>
/// <param name="Number">Its descriptor.</param>
/// <param name="What">A path, or what the system calls it.</param>
public sealed record ProcessFile(int Number, string What);

/// <summary>What became of a signal.</summary>
/// <param name="Signalled">The processes that got it.</param>
/// <param name="Failed">Those that did not, and why.</param>
public sealed record ProcessSignalled(IReadOnlyList<SignalledProcess> Signalled, IReadOnlyList<UnsignalledProcess>? Failed);

/// <summary>A process that got a signal.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Name">Its short name.</param>
public sealed record SignalledProcess(int Pid, string Name);

/// <summary>A process that got no signal.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Name">Its short name.</param>
/// <param name="Why">Why, in words.</param>
public sealed record UnsignalledProcess(int Pid, string Name, string Why);

/// <summary>
/// An answer. A sample is one or several of them: all have a part of it, and <see cref="Sample"/> is in the last. A sample that begins
/// with <see cref="IsWhole"/> has every process; one that does not has what has changed since the one before.
/// </summary>
public sealed record ProcessReply
{
    /// <summary>Whether the call is over.</summary>
    public bool IsLast { get; init; }
    /// <summary>Whether what was said before counts no more: every process follows.</summary>
    public bool IsWhole { get; init; }
    /// <summary>Processes that are new, or whose name, arguments, user, parent or owner has changed.</summary>
    public IReadOnlyList<ProcessInfo>? Processes { get; init; }
    /// <summary>Of those that are known: figures that have changed.</summary>
    public IReadOnlyList<ProcessFigures>? Figures { get; init; }
    /// <summary>Processes that are there no more.</summary>
    public IReadOnlyList<ProcessIdentity>? Gone { get; init; }
    /// <summary>The end of a sample, and what holds of all of it.</summary>
    public ProcessSample? Sample { get; init; }
    /// <summary>Of a look.</summary>
    public ProcessDetails? Details { get; init; }
    /// <summary>Of a look: files that are open, in as many replies as it takes.</summary>
    public IReadOnlyList<ProcessFile>? Files { get; init; }
    /// <summary>Of a signal, in as many replies as it takes.</summary>
    public ProcessSignalled? Signalled { get; init; }
    /// <summary>Why it was not done.</summary>
    public ProcessProblem? Problem { get; init; }
}

/// <summary>Why something was not done.</summary>
/// <param name="Code">One of <see cref="ProcessProblems"/>.</param>
/// <param name="Detail">In words.</param>
public sealed record ProcessProblem(string Code, string Detail);

/// <summary>Why something was not done.</summary>
public static class ProcessProblems
{
    /// <summary>There is no such process, or its number is another's now.</summary>
    public const string Gone = "gone";
    /// <summary>The system does not let the agent.</summary>
    public const string Denied = "denied";
    /// <summary>The device does not do this: ending the agent, a signal that its system does not have.</summary>
    public const string Refused = "refused";
    /// <summary>The call makes no sense, or it failed in a way that is said.</summary>
    public const string Failed = "failed";
}

/// <summary>The limits of processes.</summary>
public static class ProcessLimits
{
    /// <summary>For how long a watch goes on that nobody renews, in seconds.</summary>
    public const int LeaseSeconds = 30;
    /// <summary>How often a node renews one, in seconds.</summary>
    public const int RenewSeconds = 10;
    /// <summary>The shortest time between two samples, in milliseconds.</summary>
    public const int MinInterval = 500;
    /// <summary>The time between two samples where nobody says, in milliseconds.</summary>
    public const int DefaultInterval = 2000;
    /// <summary>The longest time between two samples, in milliseconds.</summary>
    public const int MaxInterval = 30_000;
    /// <summary>The most processes that a device tells of. There is no end of them only where something is wrong.</summary>
    public const int MaxProcesses = 20_000;
    /// <summary>The most characters of arguments in a list.</summary>
    public const int MaxListedArguments = 2048;
    /// <summary>The most characters of arguments where one process is looked at.</summary>
    public const int MaxArguments = 6 * 1024;
    /// <summary>The most files that are named where one process is looked at.</summary>
    public const int MaxFiles = 200;
    /// <summary>The most characters of a path or another text; it is cut.</summary>
    public const int MaxText = 512;
    /// <summary>The most characters of a name.</summary>
    public const int MaxName = 128;
}
