using System.Text.Json.Serialization;
using Operone.Core.Devices;

namespace Operone.Core.Shell;

/// <summary>Where an execution stands. All from <see cref="Succeeded"/> on are ends.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ExecutionStatus>))]
public enum ExecutionStatus
{
    /// <summary>The device is offline, or it was not told yet.</summary>
    [JsonStringEnumMemberName("queued")] Queued = 0,
    /// <summary>The device was told.</summary>
    [JsonStringEnumMemberName("starting")] Starting = 1,
    /// <summary>The command runs.</summary>
    [JsonStringEnumMemberName("running")] Running = 2,
    /// <summary>It ended with exit code 0.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 10,
    /// <summary>It ended with another exit code or a signal, or could not be started.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 11,
    /// <summary>It took longer than its timeout and was ended.</summary>
    [JsonStringEnumMemberName("timed-out")] TimedOut = 12,
    /// <summary>Somebody cancelled it.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 13,
    /// <summary>It was not started before its expiry.</summary>
    [JsonStringEnumMemberName("expired")] Expired = 14,
    /// <summary>Its host died (a reboot), or its device was removed: nobody can say how it ended.</summary>
    [JsonStringEnumMemberName("lost")] Lost = 15,
    /// <summary>The device did not accept it.</summary>
    [JsonStringEnumMemberName("refused")] Refused = 16,
}

/// <summary>Where a run stands, made from its executions.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunStatus>))]
public enum RunStatus
{
    /// <summary>Not all executions have ended.</summary>
    [JsonStringEnumMemberName("running")] Running = 0,
    /// <summary>Every execution succeeded.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 10,
    /// <summary>All have ended, and at least one neither succeeded nor was cancelled.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 11,
    /// <summary>All have ended, at least one was cancelled, and the others succeeded or were cancelled.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 13,
}

/// <summary>Rules about the states.</summary>
public static class RunRules
{
    /// <summary>Whether a state is an end.</summary>
    public static bool IsEnd(this ExecutionStatus status) => status >= ExecutionStatus.Succeeded;

    /// <summary>Whether a state is an end.</summary>
    public static bool IsEnd(this RunStatus status) => status >= RunStatus.Succeeded;

    /// <summary>The state's name on the wire, for example <c>timed-out</c>.</summary>
    public static string ToText(this ExecutionStatus status) => status == ExecutionStatus.TimedOut ? "timed-out" : Lower(status.ToString());

    /// <summary>The state's name on the wire.</summary>
    public static string ToText(this RunStatus status) => Lower(status.ToString());

    /// <summary>The state of a run whose executions stand so.</summary>
    public static RunStatus Combine(IReadOnlyDictionary<ExecutionStatus, int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var (open, bad, cancelled) = (0, 0, 0);
        foreach (var (status, count) in counts)
        {
            switch (status)
            {
                case ExecutionStatus.Succeeded:
                    break;
                case ExecutionStatus.Cancelled:
                    cancelled += count;
                    break;
                default:
                    if (status.IsEnd())
                    {
                        bad += count;
                    }
                    else
                    {
                        open += count;
                    }

                    break;
            }
        }

        return open > 0 ? RunStatus.Running
            : bad > 0 ? RunStatus.Failed
            : cancelled > 0 ? RunStatus.Cancelled
            : RunStatus.Succeeded;
    }

#pragma warning disable CA1308 // the wire's names are in lower case
    private static string Lower(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308
}

/// <summary>A run as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Command">The command as one line for people: the command line, the argument vector joined, or the script's first line.</param>
/// <param name="CreatedBy">Who asked for it, as in the audit trail.</param>
/// <param name="CreatedAt">When it was accepted (UTC).</param>
/// <param name="EndedAt">When the last execution ended (UTC), or null.</param>
/// <param name="Counts">How many executions stand where, by state; states without any are left out.</param>
/// <param name="Request">What was asked for, without standard input. In a list of runs it is null.</param>
/// <param name="Executions">The executions, by device name; of a pipeline by stage. In a list of runs it is null.</param>
public sealed record RunView(
    Guid Id, RunStatus Status, string Command, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt,
    IReadOnlyDictionary<string, int> Counts, CreateRun? Request, IReadOnlyList<ExecutionView>? Executions)
{
    /// <summary>What holds its commands, as the profile said when the run was made; its name is in the request. Null for nothing, and in a list of runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SandboxSpec? Sandbox { get; init; }

    /// <summary>In the answer to a cancel: the devices on which the run goes on, because the caller may not run commands there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? NotCancelled { get; init; }

    /// <summary>In the answer to a request that asked for the permitted devices alone: those that were left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? LeftOut { get; init; }

    /// <summary>In the answer to a request: the devices that its selector meant and that take no new work.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SkippedDevice>? Skipped { get; init; }

    /// <summary>Since when it waits for room (UTC); null where it does not. While it waits it has no executions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>How its devices were chosen, or why it waits; null where it named them. In a list of those that wait it is without devices, in another null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PlacementView? Placement { get; init; }

    /// <summary>The environment that its environments made, secrets masked; null where it has none, and in a list of runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AppliedEnvironment? AppliedEnvironment { get; init; }
}

/// <summary>An execution as the API shows it.</summary>
/// <param name="Id">Its id, made by the server before it was sent: the idempotency key on the device.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">The device's name when the run was made.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="ExitCode">The exit code; 128 and the signal's number where a signal ended it; null while it has none.</param>
/// <param name="Reason">Why it ended so, in words; null while it runs.</param>
/// <param name="StartedAt">When the command started (UTC).</param>
/// <param name="EndedAt">When it ended (UTC).</param>
/// <param name="StdoutBytes">Bytes of standard output stored; of an instance of a workload all that have come, whether they are still kept or not.</param>
/// <param name="StderrBytes">The same of standard error.</param>
/// <param name="DiscardedBytes">Bytes that the command wrote and that are not kept: those past its output limit, or of an instance of a workload the oldest.</param>
public sealed record ExecutionView(
    Guid Id, Guid DeviceId, string DeviceName, ExecutionStatus Status, int? ExitCode, string? Reason,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, long StdoutBytes, long StderrBytes, long DiscardedBytes)
{
    /// <summary>In a pipeline: which stage, from 0 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Stage { get; init; }

    /// <summary>Of an instance of a workload: how its host says that it does; null before it has.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SupervisionState? Supervision { get; init; }

    /// <summary>Of an instance of a workload: about how many bytes of its newest output are kept; null where the first are kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? NewestBytes { get; init; }

    /// <summary>Of an instance of a workload: the offset in standard output of the first byte that is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StdoutFrom { get; init; }

    /// <summary>Of an instance of a workload: the offset in standard error of the first byte that is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StderrFrom { get; init; }
}
