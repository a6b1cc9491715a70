using System.Text.Json.Serialization;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Jobs;

/// <summary>A job as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">The number of its newest version, from 1 on.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="UpdatedAt">When its newest version was written (UTC).</param>
/// <param name="UpdatedBy">By whom.</param>
/// <param name="Definition">What it is; in a list of jobs null.</param>
/// <param name="Description">What it is for.</param>
/// <param name="LastRun">Its last run that there is for whoever asks; null where it has none.</param>
public sealed record JobView(
    Guid Id, string Name, int Version, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset UpdatedAt, string UpdatedBy, JobDefinition? Definition,
    string? Description = null, JobRunView? LastRun = null);

/// <summary>What came of applying a document.</summary>
/// <param name="Outcome"><c>created</c>, <c>updated</c> or <c>unchanged</c>.</param>
/// <param name="Job">The job as it is now.</param>
public sealed record AppliedJob(string Outcome, JobView Job);

/// <summary>A version of a job.</summary>
/// <param name="Version">Its number, from 1 on.</param>
/// <param name="CreatedAt">When it was written (UTC).</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Definition">What the job was; in a list null.</param>
public sealed record JobVersionView(int Version, DateTimeOffset CreatedAt, string CreatedBy, JobDefinition? Definition = null);

/// <summary>What is different between two versions of a job.</summary>
/// <param name="From">The number of the one before.</param>
/// <param name="To">The number of the one after.</param>
/// <param name="Lines">The lines of both as YAML; each begins with '+', '-' or a space.</param>
public sealed record JobDifference(int From, int To, IReadOnlyList<string> Lines);

/// <summary>A problem of a document, where it is.</summary>
/// <param name="Place">The place, such as <c>steps[1].command</c>; empty for the whole.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Line">Its line, from 1 on; null where that is not known.</param>
/// <param name="Column">Its column, from 1 on.</param>
public sealed record DocumentProblem(string Place, string Message, int? Line = null, int? Column = null);

/// <summary>What came of checking a document.</summary>
/// <param name="Problems">What is wrong with it; empty where it is right.</param>
/// <param name="Definition">What it says; null where it is wrong.</param>
public sealed record CheckedJob(IReadOnlyList<DocumentProblem> Problems, JobDefinition? Definition = null);

/// <summary>What running a job takes.</summary>
public sealed record RunJob
{
    /// <summary>The values of its parameters by name.</summary>
    [JsonConverter(typeof(ScalarTextMap))]
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    /// <summary>On which devices, where the job does not say so itself.</summary>
    public RunTarget? Target { get; init; }
}

/// <summary>Where a run of a job stands. All from <see cref="Succeeded"/> on are ends.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobRunStatus>))]
public enum JobRunStatus
{
    /// <summary>It waits for the run that it replaces, or for room.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting = 0,
    /// <summary>It waits for somebody's yes.</summary>
    [JsonStringEnumMemberName("approval")] Approval = 1,
    /// <summary>It goes on.</summary>
    [JsonStringEnumMemberName("running")] Running = 2,
    /// <summary>Every device did every step.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 10,
    /// <summary>A device failed, or it was stopped by failures.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 11,
    /// <summary>It took longer than its timeout, or found no room in time.</summary>
    [JsonStringEnumMemberName("timed-out")] TimedOut = 12,
    /// <summary>Somebody cancelled it.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 13,
    /// <summary>Somebody said no, or the yes fell because content or devices changed, or none came in time.</summary>
    [JsonStringEnumMemberName("refused")] Refused = 16,
}

/// <summary>Where a device of a job's run stands. All from <see cref="Succeeded"/> on are ends.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobDeviceStatus>))]
public enum JobDeviceStatus
{
    /// <summary>Its turn has not come, or its next step has not.</summary>
    [JsonStringEnumMemberName("pending")] Pending = 0,
    /// <summary>A step was sent to it.</summary>
    [JsonStringEnumMemberName("running")] Running = 1,
    /// <summary>A step failed, and is tried again after a pause.</summary>
    [JsonStringEnumMemberName("retrying")] Retrying = 2,
    /// <summary>It did every step.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 10,
    /// <summary>A step failed.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 11,
    /// <summary>It was cancelled in the middle.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 13,
    /// <summary>It never began: the run ended before its turn.</summary>
    [JsonStringEnumMemberName("not-started")] NotStarted = 17,
}

/// <summary>A run of a job.</summary>
/// <param name="Id">Its id.</param>
/// <param name="JobId">The job.</param>
/// <param name="Job">The job's name then.</param>
/// <param name="Version">The job's version.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Cause">What made it run: <c>asked for</c>, <c>retry of ...</c>, or what a schedule or trigger says.</param>
/// <param name="CreatedBy">In whose name.</param>
/// <param name="CreatedAt">When it was asked for (UTC).</param>
/// <param name="EndedAt">When it ended (UTC); null while it has not.</param>
/// <param name="Reason">Why it stands as it does, in words; null where there is nothing to say.</param>
/// <param name="Devices">How many devices it has; while it waits for room, how many it asks for, 0 for all.</param>
/// <param name="Counts">How many of them stand where, by state; states without any are left out.</param>
/// <param name="Batch">Which batch is at work, from 1 on.</param>
/// <param name="Batches">How many there are.</param>
public sealed record JobRunView(
    Guid Id, Guid JobId, string Job, int Version, JobRunStatus Status, string Cause, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, string? Reason,
    int Devices, IReadOnlyDictionary<string, int> Counts, int Batch, int Batches)
{
    /// <summary>Since when nothing new begins because somebody paused it (UTC); null where it is not paused.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? PausedAt { get; init; }
    /// <summary>The run that called it; null where none did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? ParentId { get; init; }
    /// <summary>The run of which it does the devices that failed or did not begin.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? RetryOf { get; init; }
    /// <summary>The values of its parameters; a secret's is <c>***</c>. Null in a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    /// <summary>Its steps, with the runs that were made for them. Null in a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JobRunStepView>? Steps { get; init; }
    /// <summary>Until when it waits for room (UTC); null where it does not, and in a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? WaitsUntil { get; init; }
    /// <summary>How its devices were chosen, or why it waits for room; null where Operone did not choose, and in a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PlacementView? Placement { get; init; }
    /// <summary>What somebody was asked to agree to. Null in a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ApprovalView>? Approvals { get; init; }
}

/// <summary>A step of a job's run.</summary>
/// <param name="Step">Which, from 0 on.</param>
/// <param name="Name">What people call it, else what it does as one line.</param>
/// <param name="Runs">The runs that were made for it, in order; each has its executions and output.</param>
/// <param name="Call">Where what it calls stands; null where it calls nothing, or has not begun.</param>
public sealed record JobRunStepView(int Step, string Name, IReadOnlyList<Guid> Runs, JobRunCallView? Call = null);

/// <summary>Where what a step calls stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobCallStatus>))]
public enum JobCallStatus
{
    /// <summary>It goes on.</summary>
    [JsonStringEnumMemberName("running")] Running = 0,
    /// <summary>It has succeeded; a webhook's receiver has taken it.</summary>
    [JsonStringEnumMemberName("succeeded")] Succeeded = 10,
    /// <summary>It failed.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 11,
    /// <summary>The run ended before it had.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled = 13,
}

/// <summary>What a step calls, once for the whole run.</summary>
/// <param name="Kind"><c>job</c>, <c>pipeline</c> or <c>webhook</c>.</param>
/// <param name="Id">The run of the job, the run of the pipeline, or the event that the webhook gets.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="At">When it began, or is to be tried again (UTC).</param>
/// <param name="EndedAt">When it ended (UTC); null while it has not.</param>
/// <param name="Reason">Why it failed, in words; of one that is tried again, why the time before failed.</param>
/// <param name="Attempt">The how-manieth time it is, from 1 on. The id is that of the last.</param>
public sealed record JobRunCallView(string Kind, Guid Id, JobCallStatus Status, DateTimeOffset At, DateTimeOffset? EndedAt, string? Reason, int Attempt);

/// <summary>A device of a job's run.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceName">Its name then.</param>
/// <param name="Batch">Its batch, from 1 on.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Step">At which step it is or ended, from 0 on.</param>
/// <param name="Attempt">How often that step was tried.</param>
/// <param name="RunId">The run of its last step that was sent; null where none was.</param>
/// <param name="ExecutionId">The execution of it.</param>
/// <param name="Reason">Why it stands so, in words.</param>
public sealed record JobRunDeviceView(
    Guid DeviceId, string DeviceName, int Batch, JobDeviceStatus Status, int Step, int Attempt, Guid? RunId, Guid? ExecutionId, string? Reason);

/// <summary>Where an approval stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ApprovalStatus>))]
public enum ApprovalStatus
{
    /// <summary>Nobody has said anything.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting = 0,
    /// <summary>Somebody said yes.</summary>
    [JsonStringEnumMemberName("approved")] Approved = 10,
    /// <summary>Somebody said no.</summary>
    [JsonStringEnumMemberName("refused")] Refused = 11,
    /// <summary>Content or devices changed, or the run ended.</summary>
    [JsonStringEnumMemberName("fallen")] Fallen = 12,
    /// <summary>Nobody said anything in time.</summary>
    [JsonStringEnumMemberName("expired")] Expired = 13,
}

/// <summary>What somebody is asked to agree to: exactly this content on exactly these devices.</summary>
/// <param name="Id">Its id.</param>
/// <param name="JobRunId">The run that waits for it.</param>
/// <param name="Job">The job.</param>
/// <param name="Step">Before which steps; null for the whole job.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Message">What to look at.</param>
/// <param name="Hash">The SHA-256 of content, parameters and devices: what the yes is bound to.</param>
/// <param name="Devices">How many devices.</param>
/// <param name="AskedBy">Who wants to run it.</param>
/// <param name="AskedAt">Since when it waits (UTC).</param>
/// <param name="Until">Until when (UTC).</param>
/// <param name="DecidedBy">Who said yes or no.</param>
/// <param name="DecidedAt">When (UTC).</param>
/// <param name="Comment">What they said besides.</param>
public sealed record ApprovalView(
    Guid Id, Guid JobRunId, string Job, int? Step, ApprovalStatus Status, string? Message, string Hash, int Devices, string AskedBy, DateTimeOffset AskedAt, DateTimeOffset Until,
    string? DecidedBy, DateTimeOffset? DecidedAt, string? Comment);

/// <summary>A yes or no.</summary>
/// <param name="Approve">Whether it is a yes.</param>
/// <param name="Hash">The hash that was looked at: where it is not that of the approval any more, nothing is done.</param>
/// <param name="Comment">What to say besides; up to 500 characters.</param>
public sealed record DecideApproval(bool? Approve = null, string? Hash = null, string? Comment = null);

/// <summary>Rules about the states.</summary>
public static class JobStates
{
    /// <summary>Whether a state is an end.</summary>
    public static bool IsEnd(this JobRunStatus status) => status >= JobRunStatus.Succeeded;

    /// <summary>Whether a state is an end.</summary>
    public static bool IsEnd(this JobDeviceStatus status) => status >= JobDeviceStatus.Succeeded;

    /// <summary>The state's name on the wire.</summary>
    public static string ToText(this JobRunStatus status) => status == JobRunStatus.TimedOut ? "timed-out" : Lower(status.ToString());

    /// <summary>The state's name on the wire.</summary>
    public static string ToText(this JobCallStatus status) => Lower(status.ToString());

    /// <summary>The state's name on the wire.</summary>
    public static string ToText(this JobDeviceStatus status) => status == JobDeviceStatus.NotStarted ? "not-started" : Lower(status.ToString());

#pragma warning disable CA1308 // the wire's names are in lower case
    private static string Lower(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308
}
