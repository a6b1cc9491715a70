using System.Text.Json.Serialization;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Workloads;

/// <summary>Where a workload stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkloadStatus>))]
public enum WorkloadStatus
{
    /// <summary>It is not to run, and nothing of it does.</summary>
    [JsonStringEnumMemberName("stopped")] Stopped = 0,
    /// <summary>It is not to run, and some of it still does.</summary>
    [JsonStringEnumMemberName("stopping")] Stopping = 1,
    /// <summary>It is to run, and not all of it is well.</summary>
    [JsonStringEnumMemberName("pending")] Pending = 2,
    /// <summary>All of it runs and is well.</summary>
    [JsonStringEnumMemberName("running")] Running = 3,
    /// <summary>Another version or start takes the place of the one before, in batches.</summary>
    [JsonStringEnumMemberName("updating")] Updating = 4,
    /// <summary>The version before comes back.</summary>
    [JsonStringEnumMemberName("rolling-back")] RollingBack = 5,
    /// <summary>It is stopped in order to be removed.</summary>
    [JsonStringEnumMemberName("removing")] Removing = 6,
}

/// <summary>Where an instance stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstanceStatus>))]
public enum InstanceStatus
{
    /// <summary>It waits for a device, for a pause to be over, or for another one to end.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting = 0,
    /// <summary>It has a device: it starts or runs there.</summary>
    [JsonStringEnumMemberName("running")] Running = 1,
    /// <summary>It is asked to end.</summary>
    [JsonStringEnumMemberName("stopping")] Stopping = 2,
    /// <summary>It came to its end, and its restart policy says that this is all.</summary>
    [JsonStringEnumMemberName("completed")] Completed = 3,
    /// <summary>It is over.</summary>
    [JsonStringEnumMemberName("ended")] Ended = 4,
}

/// <summary>A workload as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Version">The version that is to run.</param>
/// <param name="Newest">The number of its newest version; another one than <see cref="Version"/> after a rollback.</param>
/// <param name="Started">Whether it is to run.</param>
/// <param name="Count">How many instances there are to be; null for one on every device of its target.</param>
/// <param name="Wanted">The same as a number.</param>
/// <param name="Running">How many have a device and run.</param>
/// <param name="Healthy">How many of those are well.</param>
/// <param name="Waiting">How many wait.</param>
/// <param name="Reason">Why it stands so, in words; null where there is nothing to say.</param>
/// <param name="RunsAs">In whose name it runs: who wrote or started it last.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="UpdatedAt">When somebody changed it last (UTC).</param>
/// <param name="UpdatedBy">Who.</param>
/// <param name="Description">What it is for.</param>
public sealed record WorkloadView(
    Guid Id, string Name, WorkloadStatus Status, int Version, int Newest, bool Started, int? Count, int Wanted, int Running, int Healthy, int Waiting, string? Reason,
    string RunsAs, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset UpdatedAt, string UpdatedBy, string? Description = null)
{
    /// <summary>What it is; in a list null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WorkloadDefinition? Definition { get; init; }
    /// <summary>Its instances that there are for whoever asks, and the latest that have ended; in a list null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<InstanceView>? Instances { get; init; }
    /// <summary>How the last one was placed, or why it was not, device by device; in a list null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PlacementView? Placement { get; init; }
}

/// <summary>An instance of a workload.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Version">Its version.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Since">Since when (UTC).</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="DeviceId">Its device; null while it has none.</param>
/// <param name="DeviceName">The device's name then.</param>
/// <param name="RunId">The run that it is: its output is there.</param>
/// <param name="ExecutionId">The execution.</param>
/// <param name="Execution">Where the execution stands.</param>
/// <param name="Supervision">How its host says that it does.</param>
/// <param name="AwaySince">Since when its device is away (UTC).</param>
/// <param name="Leaves">Whether it is to end once another one has taken its place.</param>
public sealed record InstanceView(
    Guid Id, int Version, InstanceStatus Status, DateTimeOffset Since, string? Reason, Guid? DeviceId, string? DeviceName, Guid? RunId, Guid? ExecutionId,
    ExecutionStatus? Execution, SupervisionState? Supervision, DateTimeOffset? AwaySince, bool Leaves);

/// <summary>What came of applying a document.</summary>
/// <param name="Outcome"><c>created</c>, <c>updated</c> or <c>unchanged</c>.</param>
/// <param name="Workload">The workload as it is now.</param>
public sealed record AppliedWorkload(string Outcome, WorkloadView Workload);

/// <summary>A version of a workload.</summary>
/// <param name="Version">Its number, from 1 on.</param>
/// <param name="CreatedAt">When it was written (UTC).</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Problem">Why it was rolled back, where it was.</param>
/// <param name="Definition">What the workload was; in a list null.</param>
public sealed record WorkloadVersionView(int Version, DateTimeOffset CreatedAt, string CreatedBy, string? Problem = null, WorkloadDefinition? Definition = null);

/// <summary>What came of checking a document.</summary>
/// <param name="Problems">What is wrong with it; empty where it is right.</param>
/// <param name="Definition">What it says; null where it is wrong.</param>
public sealed record CheckedWorkload(IReadOnlyList<DocumentProblem> Problems, WorkloadDefinition? Definition = null);

/// <summary>How many instances there are to be.</summary>
/// <param name="Count">The number, 0 to 10,000.</param>
public sealed record ScaleWorkload(int? Count = null);

/// <summary>Which version is to come back.</summary>
/// <param name="Version">Its number; null for the one before the present one.</param>
public sealed record RollbackWorkload(int? Version = null);

/// <summary>Which instance is to go where.</summary>
/// <param name="Instance">The instance's id.</param>
/// <param name="Device">The id or name of a device; null for any other one.</param>
public sealed record MoveInstance(Guid? Instance = null, string? Device = null);

/// <summary>Words for the states.</summary>
public static class WorkloadStates
{
    /// <summary>The state's name on the wire.</summary>
    public static string ToText(this WorkloadStatus status) => status == WorkloadStatus.RollingBack ? "rolling-back" : Lower(status.ToString());

    /// <summary>The state's name on the wire.</summary>
    public static string ToText(this InstanceStatus status) => Lower(status.ToString());

#pragma warning disable CA1308 // the wire's names are in lower case
    private static string Lower(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308
}
