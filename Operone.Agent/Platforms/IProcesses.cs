using Operone.Core.Kernel;

namespace Operone.Agent.Platforms;

/// <summary>The machine's processes. Used by one thread at a time, but for <see cref="Look"/> and <see cref="Signal"/>.</summary>
internal interface IProcesses : IDisposable
{
    /// <summary>What cannot be had on this machine, and why, in words.</summary>
    IReadOnlyList<string> Missing { get; }

    /// <summary>The machine's memory, in bytes; 0 where it is not known.</summary>
    long MemoryTotal { get; }

    /// <summary>Whether a process can be stopped, so that it starts nothing while its tree is ended.</summary>
    bool CanStop { get; }

    /// <summary>Reads what changes all the time of every process. What ends meanwhile is left out.</summary>
    void Read(List<ProcessReading> into);

    /// <summary>Reads the rest of one; null where it is there no more.</summary>
    ProcessFacts? Facts(in ProcessReading reading);

    /// <summary>Looks at one closely; null where it is there no more. The process in it has no owner and no processor's time.</summary>
    (ProcessDetails Details, IReadOnlyList<ProcessFile>? Files)? Look(ProcessIdentity process);

    /// <summary>Sends a signal to a process that is still the one that is meant. Gives why it has not got it, or null.</summary>
    /// <param name="process">Which.</param>
    /// <param name="signal">As <see cref="ProcessSignals.Parse"/> gives it.</param>
    ProcessProblem? Signal(ProcessIdentity process, string signal);
}

/// <summary>What changes of a process all the time, as it is read.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Start">See <see cref="ProcessIdentity.Start"/>.</param>
/// <param name="Parent">The number of its parent.</param>
/// <param name="Name">Something that is another when its name is.</param>
/// <param name="Cpu">The processor's time since it started, in ticks of 100 ns; below 0 where it cannot be had.</param>
/// <param name="Memory">Resident, in bytes; below 0 where it cannot be had.</param>
/// <param name="Threads">How many; below 0 where it cannot be had.</param>
/// <param name="State">How it stands.</param>
/// <param name="IsKernel">Whether it is a thread of the kernel.</param>
internal readonly record struct ProcessReading(
    int Pid, long Start, int Parent, UInt128 Name, long Cpu, long Memory, int Threads, ProcessState State, bool IsKernel)
{
    /// <summary>Which process.</summary>
    public ProcessIdentity Identity => new(Pid, Start);
}

/// <summary>What seldom changes of a process. What is null cannot be had.</summary>
internal sealed record ProcessFacts(string Name, IReadOnlyList<string>? Arguments, bool IsCut, string? User, DateTimeOffset? StartedAt);
