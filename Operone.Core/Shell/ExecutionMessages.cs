using System.Text.Json.Serialization;

namespace Operone.Core.Shell;

/// <summary>Which of a command's output streams.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutputStream>))]
public enum OutputStream
{
    /// <summary>Standard output.</summary>
    [JsonStringEnumMemberName("stdout")] Stdout = 1,
    /// <summary>Standard error.</summary>
    [JsonStringEnumMemberName("stderr")] Stderr = 2,
}

/// <summary>Server to agent: start this once. A start that arrives again is answered with what is known.</summary>
public sealed record StartExecution
{
    /// <summary>The idempotency key.</summary>
    public Guid ExecutionId { get; init; }
    /// <summary>The run it belongs to.</summary>
    public Guid RunId { get; init; }
    /// <summary>The device's name, for the command's environment.</summary>
    public string DeviceName { get; init; } = "";
    /// <inheritdoc cref="CreateRun.Command"/>
    public string? Command { get; init; }
    /// <inheritdoc cref="CreateRun.Argv"/>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <inheritdoc cref="CreateRun.Script"/>
    public string? Script { get; init; }
    /// <inheritdoc cref="CreateRun.Interpreter"/>
    public string? Interpreter { get; init; }
    /// <inheritdoc cref="CreateRun.WorkingDirectory"/>
    public string? WorkingDirectory { get; init; }
    /// <inheritdoc cref="CreateRun.Environment"/>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
    /// <summary>Standard input; none is an empty one.</summary>
    public byte[]? Stdin { get; init; }
    /// <summary>How long the command may take, in seconds; null without end.</summary>
    public double? TimeoutSeconds { get; init; }
    /// <summary>How many bytes of output are kept, both streams together.</summary>
    public long OutputLimitBytes { get; init; } = RunLimits.DefaultOutputLimitBytes;
    /// <summary>
    /// Of a supervised command: the newest output is kept and the oldest let go of, instead of the other way round. What is sent has no
    /// limit then; the device keeps about as much as the limit of what was not acknowledged.
    /// </summary>
    public bool KeepsNewest { get; init; }
    /// <summary>Makes it a terminal: standard input, output and error are a pseudo-terminal, and output is the recording.</summary>
    public StartTerminal? Terminal { get; init; }
    /// <summary>What holds the command; null for nothing.</summary>
    public SandboxSpec? Sandbox { get; init; }
    /// <summary>Secrets: wherever one of these stands in what the command prints, <c>***</c> is kept instead.</summary>
    public IReadOnlyList<string>? Masks { get; init; }
    /// <summary>Whether standard input comes over a channel, instead of <see cref="Stdin"/>.</summary>
    public bool StreamStdin { get; init; }
    /// <summary>Whether standard output goes over a channel, and is not kept.</summary>
    public bool StreamStdout { get; init; }
    /// <summary>How the host cares for a command that is to run on and on; null for one that ends.</summary>
    public Supervision? Supervision { get; init; }
}

/// <summary>Server to agent: end this execution's whole process tree. Unknown ones are ended as cancelled.</summary>
/// <param name="ExecutionId">Which.</param>
/// <param name="GraceSeconds">How long after the request to terminate it is killed.</param>
public sealed record CancelExecution(Guid ExecutionId, double GraceSeconds = 5);

/// <summary>A piece of output.</summary>
/// <param name="Stream">Which stream.</param>
/// <param name="Offset">The offset of its first byte in that stream.</param>
/// <param name="Data">The bytes.</param>
public sealed record OutputChunk(OutputStream Stream, long Offset, byte[] Data);

/// <summary>A place in both of a command's output streams.</summary>
/// <param name="Stdout">The offset in standard output.</param>
/// <param name="Stderr">The offset in standard error.</param>
public sealed record OutputPlace(long Stdout, long Stderr);

/// <summary>How an execution ended.</summary>
/// <param name="Status">An end.</param>
/// <param name="ExitCode">The exit code, where there is one.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">When (UTC, by the device's clock).</param>
/// <param name="StdoutBytes">All bytes of standard output that were kept; where the newest are kept, all that were printed.</param>
/// <param name="StderrBytes">The same of standard error.</param>
/// <param name="DiscardedBytes">Bytes past the output limit, not kept; 0 where the newest are kept.</param>
public sealed record ExecutionEnd(
    ExecutionStatus Status, int? ExitCode, string Reason, DateTimeOffset At, long StdoutBytes, long StderrBytes, long DiscardedBytes = 0);

/// <summary>
/// Agent to server: news of an execution, in order. The end comes with or after the last of the output. What was not
/// acknowledged is sent again after a reconnect.
/// </summary>
/// <param name="ExecutionId">Which.</param>
/// <param name="StartedAt">When the command started (UTC, by the device's clock), once it has.</param>
/// <param name="Output">Pieces in the order of arrival, or null.</param>
/// <param name="End">The end, once there is one.</param>
/// <param name="Supervision">How a supervised command does, where that has changed, and after each reconnect.</param>
/// <param name="From">
/// Where the newest output is kept: the device has let go of what was before this place, so that what the server lacks of it will not come.
/// The pieces in the same report begin here. Null where nothing is missing.
/// </param>
public sealed record ExecutionReport(
    Guid ExecutionId, DateTimeOffset? StartedAt, IReadOnlyList<OutputChunk>? Output, ExecutionEnd? End, SupervisionState? Supervision = null,
    OutputPlace? From = null);

/// <summary>Server to agent: this much is stored for good.</summary>
/// <param name="ExecutionId">Which.</param>
/// <param name="StdoutOffset">Bytes of standard output stored. The agent goes on from here after a reconnect, or when told to rewind.</param>
/// <param name="StderrOffset">Bytes of standard error stored.</param>
/// <param name="Ended">The end is stored: the agent may delete the folder.</param>
/// <param name="Rewind">What the agent sent did not fit; it must go on from these offsets.</param>
/// <param name="Problem">Why the server wants no more of this execution at all (it is not this device's, or is unknown), or null.</param>
public sealed record ExecutionAcknowledgement(
    Guid ExecutionId, long StdoutOffset, long StderrOffset, bool Ended, bool Rewind = false, string? Problem = null);

/// <summary>Agent to server, on connect: every execution that it has a folder for.</summary>
/// <param name="ExecutionIds">Which.</param>
public sealed record ExecutionInventory(IReadOnlyList<Guid> ExecutionIds);

/// <summary>Server's answer to an <see cref="ExecutionInventory"/>: how far each of them is stored.</summary>
/// <param name="Executions">One for each that was named; an unknown one has a problem.</param>
/// <param name="Unaccounted">
/// Executions that the server takes to be running here and that were not named. For each that the agent has neither a
/// folder of nor a tombstone (by now: one may have started meanwhile), it reports an end as <c>lost</c>.
/// </param>
public sealed record ExecutionReconciliation(
    IReadOnlyList<ExecutionAcknowledgement> Executions, IReadOnlyList<Guid>? Unaccounted = null);
