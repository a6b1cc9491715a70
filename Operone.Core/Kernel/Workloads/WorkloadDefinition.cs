using Operone.Core.Devices;
using Operone.Core.Kernel.Placement;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Workloads;

/// <summary>A workload: a command that runs on and on, on as many devices as it is to. Written in the console, as JSON, or as YAML.</summary>
public sealed record WorkloadDefinition
{
    /// <summary>Its name, unique without regard to case: 1 to 63 letters, digits, '.', '_' and '-', beginning with a letter or digit.</summary>
    public string? Name { get; init; }
    /// <summary>What it is for; up to 2,000 characters.</summary>
    public string? Description { get; init; }
    /// <summary>A command line for the device's shell. Exactly one of it and argv.</summary>
    public string? Command { get; init; }
    /// <summary>A program and its arguments, started without a shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>An absolute path; by default the home of the agent's user.</summary>
    public string? WorkingDirectory { get; init; }
    /// <summary>Variables of its own besides its environments; these win.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
    /// <summary>The names of environments whose variables it gets, as runs have them.</summary>
    public IReadOnlyList<string>? Environments { get; init; }
    /// <summary>The name of the sandbox profile that holds it.</summary>
    public string? Sandbox { get; init; }
    /// <summary>The user on the devices.</summary>
    public string? RunAs { get; init; }
    /// <summary>How much output each instance keeps, as a size such as <c>64MiB</c>; by default 16 MiB.</summary>
    public string? Output { get; init; }
    /// <summary>On which devices it may run.</summary>
    public RunTarget? Target { get; init; }
    /// <summary>How many instances, 0 to 10,000; left out: one on every device that the target means.</summary>
    public int? Count { get; init; }
    /// <summary>With a count: how many instances a device may have, 1 to 100; by default one.</summary>
    public int? PerDevice { get; init; }
    /// <summary>What each instance needs, and gets no more of.</summary>
    public PlacementNeeds? Needs { get; init; }
    /// <summary>Selectors of labels: a device goes before those that match fewer of them.</summary>
    public IReadOnlyList<string>? Prefer { get; init; }
    /// <summary>The key of a label: instances are spread evenly over its values. Devices without it are not chosen.</summary>
    public string? SpreadOver { get; init; }
    /// <summary>Which of the devices that have room are taken first; by default the least loaded.</summary>
    public PlacementStrategy? Strategy { get; init; }
    /// <summary>When its device starts it again.</summary>
    public WorkloadRestart? Restart { get; init; }
    /// <summary>How its device asks whether it is well; without it, it is well once it has run for a moment.</summary>
    public WorkloadHealth? Health { get; init; }
    /// <summary>How a new version takes the place of the old one.</summary>
    public WorkloadUpdate? Update { get; init; }
    /// <summary>How long a device may be away before its instances are moved, as a duration from 10 seconds to a day; left out: they never are.</summary>
    public string? Away { get; init; }
    /// <summary>How long after the request to end an instance it is killed, as a duration of at most 5 minutes; by default 10 seconds.</summary>
    public string? StopGrace { get; init; }
}

/// <summary>When an instance is started again on its device. Each pause is twice the one before.</summary>
public sealed record WorkloadRestart
{
    /// <summary>When; by default always.</summary>
    public RestartMode? Mode { get; init; }
    /// <summary>The first pause, as a duration; by default 1s.</summary>
    public string? Pause { get; init; }
    /// <summary>The longest pause; by default 5m.</summary>
    public string? MaxPause { get; init; }
    /// <summary>One that ran this long begins with the first pause again; by default 1m.</summary>
    public string? Stable { get; init; }
    /// <summary>How often without having been stable in between, before it is tried on another device; by default 10.</summary>
    public int? Max { get; init; }
}

/// <summary>How it is asked whether an instance is well: exactly one of argv, tcp and http.</summary>
public sealed record WorkloadHealth
{
    /// <summary>A program and its arguments; exit code 0 is well.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>A port of the device's loopback that takes a connection.</summary>
    public int? Tcp { get; init; }
    /// <summary>A URL on the device's loopback that answers 200 to 399.</summary>
    public string? Http { get; init; }
    /// <summary>How often, as a duration; by default 10s.</summary>
    public string? Interval { get; init; }
    /// <summary>How long an answer may take; by default 5s.</summary>
    public string? Timeout { get; init; }
    /// <summary>After how many failures in a row it is unhealthy and started again; by default 3.</summary>
    public int? Failures { get; init; }
    /// <summary>For how long after a start failures do not count; by default 30s.</summary>
    public string? Start { get; init; }
}

/// <summary>How a new version takes the place of the old one.</summary>
public sealed record WorkloadUpdate
{
    /// <summary>How many instances at a time; by default one.</summary>
    public int? Batch { get; init; }
    /// <summary>How long an instance must be healthy before the next ones, as a duration; by default 10s.</summary>
    public string? Healthy { get; init; }
    /// <summary>How long an instance may take until then; by default 5m.</summary>
    public string? Deadline { get; init; }
    /// <summary>Whether the version before comes back where an instance is unhealthy, fails, or is late; by default yes.</summary>
    public bool? Rollback { get; init; }
}
