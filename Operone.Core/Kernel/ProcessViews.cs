using System.Text.Json.Serialization;

namespace Operone.Core.Kernel;

/// <summary>A run or terminal that a process belongs to.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Its id; null where it is not for whoever asks to see.</param>
public sealed record ProcessOwner(ProcessOwnerKind Kind, Guid? Id);

/// <summary>What of Operone's a process belongs to.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProcessOwnerKind>))]
public enum ProcessOwnerKind
{
    /// <summary>Operone itself: the agent, a host that waits.</summary>
    [JsonStringEnumMemberName("operone")] Operone,
    /// <summary>A run.</summary>
    [JsonStringEnumMemberName("run")] Run,
    /// <summary>A terminal.</summary>
    [JsonStringEnumMemberName("terminal")] Terminal,
}

/// <summary>A process as the API shows it. What is null cannot be had on its device.</summary>
public sealed record ProcessView
{
    /// <summary>Its number.</summary>
    public required int Pid { get; init; }
    /// <summary>With the number, which process it is: to be given back where it is signalled. The same for as long as it lives.</summary>
    public required long Start { get; init; }
    /// <summary>The number of its parent; 0 where it has none.</summary>
    public required int Parent { get; init; }
    /// <summary>Its short name.</summary>
    public required string Name { get; init; }
    /// <summary>Its command line on one line, with escapes for what is not seen.</summary>
    public required string Command { get; init; }
    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }
    /// <summary>Whether the arguments are longer than what is given.</summary>
    public bool Cut { get; init; }
    /// <summary>Whether the arguments are withheld, for its run holds secrets.</summary>
    public bool Withheld { get; init; }
    /// <summary>As whom it runs.</summary>
    public string? User { get; init; }
    /// <summary>When it started (UTC).</summary>
    public DateTimeOffset? StartedAt { get; init; }
    /// <summary>Whether it is a thread of the kernel.</summary>
    public bool Kernel { get; init; }
    /// <summary>The processor's time since the sample before, in per cent of one core.</summary>
    public double? Cpu { get; init; }
    /// <summary>Resident memory, in bytes.</summary>
    public long? Memory { get; init; }
    /// <summary>How many threads.</summary>
    public int? Threads { get; init; }
    /// <summary>How it stands.</summary>
    public required ProcessState State { get; init; }
    /// <summary>What it is to Operone; nothing where it is not Operone's.</summary>
    public ProcessPart? Part { get; init; }
    /// <summary>The run or terminal that it belongs to.</summary>
    public ProcessOwner? Owner { get; init; }
    /// <summary>In a tree: how many ancestors it has in the list.</summary>
    public int? Depth { get; init; }
    /// <summary>In a tree: how many processes descend from it.</summary>
    public int? Descendants { get; init; }
}

/// <summary>A device's processes at one moment.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Device">Its name.</param>
/// <param name="At">When (UTC).</param>
/// <param name="Cores">How many cores it has.</param>
/// <param name="MemoryTotal">Its memory, in bytes; 0 where it is not known.</param>
/// <param name="Total">How many processes there are; those that are left out by a filter or the limit among them.</param>
/// <param name="Processes">The processes.</param>
/// <param name="Missing">What cannot be had on this device, and why.</param>
/// <param name="Milliseconds">How long the device took to look at all of them.</param>
public sealed record ProcessListView(
    Guid DeviceId, string Device, DateTimeOffset At, int Cores, long MemoryTotal, int Total, IReadOnlyList<ProcessView> Processes, IReadOnlyList<string>? Missing, double Milliseconds);

/// <summary>What has changed since the list or change before, as the stream sends it.</summary>
/// <param name="At">When the sample was taken (UTC).</param>
/// <param name="Whole">Whether these are all processes, and what was sent before counts no more.</param>
/// <param name="Processes">Processes that are new or have changed; all of each.</param>
/// <param name="Figures">Of others: figures that have changed.</param>
/// <param name="Gone">Numbers of processes that are there no more.</param>
public sealed record ProcessChanges(
    DateTimeOffset At, bool Whole, IReadOnlyList<ProcessView> Processes, IReadOnlyList<ProcessFigures>? Figures, IReadOnlyList<ProcessIdentity>? Gone);

/// <summary>One process, closely. What is null cannot be had, and <c>missing</c> says why.</summary>
public sealed record ProcessDetailsView
{
    /// <summary>The process.</summary>
    public required ProcessView Process { get; init; }
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
    /// <summary>Some of them.</summary>
    public IReadOnlyList<ProcessFile>? Files { get; init; }
    /// <summary>Its control group (cgroups(7)).</summary>
    public string? Group { get; init; }
    /// <summary>What cannot be had, and why.</summary>
    public IReadOnlyList<string>? Missing { get; init; }
}

/// <summary>A signal to send.</summary>
/// <param name="Start">The process's start, as a list gave it: a process that has its number since then gets nothing.</param>
/// <param name="Signal">By name or number: <c>TERM</c> where none is given.</param>
/// <param name="Tree">Whether all that descends from it gets it too.</param>
public sealed record SignalProcess(long? Start = null, string? Signal = null, bool Tree = false);

/// <summary>A process among those of many devices.</summary>
/// <param name="DeviceId">Its device.</param>
/// <param name="Device">Its device's name.</param>
/// <param name="Process">The process.</param>
/// <param name="MemoryShare">Its part of its device's memory, in per cent; null where that is not known.</param>
public sealed record TopProcess(Guid DeviceId, string Device, ProcessView Process, double? MemoryShare);

/// <summary>A device that was asked and has not answered.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Device">Its name.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record SilentDevice(Guid DeviceId, string Device, string Reason);

/// <summary>Who uses most, over many devices.</summary>
/// <param name="At">When it was asked (UTC).</param>
/// <param name="Devices">How many devices were asked.</param>
/// <param name="Answered">How many have answered.</param>
/// <param name="Total">How many processes those have.</param>
/// <param name="Processes">Those that use most, the most first.</param>
/// <param name="Silent">Devices that have not answered, at most a hundred of them.</param>
public sealed record TopView(
    DateTimeOffset At, int Devices, int Answered, int Total, IReadOnlyList<TopProcess> Processes, IReadOnlyList<SilentDevice> Silent);
