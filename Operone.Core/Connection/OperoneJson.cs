using System.Text.Json;
using System.Text.Json.Serialization;
using Operone.Core.Access;
using Operone.Core.Channels;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;

namespace Operone.Core.Connection;

/// <summary>
/// Source-generated JSON for all that goes over the wire: the hub's messages, the files of an execution, and the
/// REST API as a client sees it. camelCase; enums as words.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(HelloReply))]
[JsonSerializable(typeof(AgentSettings))]
[JsonSerializable(typeof(DeviceFacts))]
[JsonSerializable(typeof(TelemetrySample))]
[JsonSerializable(typeof(StartExecution))]
[JsonSerializable(typeof(CancelExecution))]
[JsonSerializable(typeof(ExecutionReport))]
[JsonSerializable(typeof(ExecutionEnd))]
[JsonSerializable(typeof(ExecutionAcknowledgement))]
[JsonSerializable(typeof(ExecutionInventory))]
[JsonSerializable(typeof(ExecutionReconciliation))]
[JsonSerializable(typeof(EnrollRequest))]
[JsonSerializable(typeof(EnrollReply))]
[JsonSerializable(typeof(CreateRun))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(Page<RunView>))]
[JsonSerializable(typeof(SandboxProfileView))]
[JsonSerializable(typeof(Page<SandboxProfileView>))]
[JsonSerializable(typeof(WriteSandboxProfile))]
[JsonSerializable(typeof(DeviceView))]
[JsonSerializable(typeof(Page<DeviceView>))]
[JsonSerializable(typeof(CordonDevice))]
[JsonSerializable(typeof(DeviceResourcesView))]
[JsonSerializable(typeof(Page<DeviceResourcesView>))]
[JsonSerializable(typeof(ReservationView))]
[JsonSerializable(typeof(Page<ReservationView>))]
[JsonSerializable(typeof(UpdateDevice))]
[JsonSerializable(typeof(ProblemView))]
[JsonSerializable(typeof(RunStreamOutput))]
[JsonSerializable(typeof(RunStreamGap))]
[JsonSerializable(typeof(RunStreamStatus))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(WebhookView))]
[JsonSerializable(typeof(Page<WebhookView>))]
[JsonSerializable(typeof(WriteWebhook))]
[JsonSerializable(typeof(WebhookSecretView))]
[JsonSerializable(typeof(WebhookAttemptView))]
[JsonSerializable(typeof(Page<WebhookDeliveryView>))]
[JsonSerializable(typeof(WebhookDeliveryDetails))]
[JsonSerializable(typeof(WebhookResent))]
[JsonSerializable(typeof(AuditEntryView))]
[JsonSerializable(typeof(AuditVerification))]
[JsonSerializable(typeof(FileCall))]
[JsonSerializable(typeof(FileReply))]
[JsonSerializable(typeof(FileData))]
[JsonSerializable(typeof(FileView))]
[JsonSerializable(typeof(FolderView))]
[JsonSerializable(typeof(UpdateFile))]
[JsonSerializable(typeof(BringFile))]
[JsonSerializable(typeof(FolderChange))]
[JsonSerializable(typeof(CreateTransfer))]
[JsonSerializable(typeof(ResumeTransfer))]
[JsonSerializable(typeof(TransferView))]
[JsonSerializable(typeof(Page<TransferView>))]
[JsonSerializable(typeof(Page<TransferItemView>))]
[JsonSerializable(typeof(RemovedFiles))]
[JsonSerializable(typeof(FileQuery))]
[JsonSerializable(typeof(UnpackLine))]
[JsonSerializable(typeof(SearchFiles))]
[JsonSerializable(typeof(FileSearchLine))]
[JsonSerializable(typeof(FilePolicyView))]
[JsonSerializable(typeof(Page<FilePolicyView>))]
[JsonSerializable(typeof(WriteFilePolicy))]
[JsonSerializable(typeof(ScheduleView))]
[JsonSerializable(typeof(SaveMaintenanceWindow))]
[JsonSerializable(typeof(MaintenanceWindowView))]
[JsonSerializable(typeof(Page<MaintenanceWindowView>))]
[JsonSerializable(typeof(Page<ScheduleView>))]
[JsonSerializable(typeof(SaveSchedule))]
[JsonSerializable(typeof(SavedSchedule))]
[JsonSerializable(typeof(ScheduleWhen))]
[JsonSerializable(typeof(SchedulePreview))]
[JsonSerializable(typeof(AppliedWindows))]
[JsonSerializable(typeof(SaveAlertRule))]
[JsonSerializable(typeof(AppliedAlertRules))]
[JsonSerializable(typeof(AlertRuleView))]
[JsonSerializable(typeof(Page<AlertRuleView>))]
[JsonSerializable(typeof(AlertView))]
[JsonSerializable(typeof(Page<AlertView>))]
[JsonSerializable(typeof(AlertPreview))]
[JsonSerializable(typeof(AlertCount))]
[JsonSerializable(typeof(SaveSilence))]
[JsonSerializable(typeof(SilenceView))]
[JsonSerializable(typeof(Page<SilenceView>))]
[JsonSerializable(typeof(FiringView))]
[JsonSerializable(typeof(Page<FiringView>))]
[JsonSerializable(typeof(MountView))]
[JsonSerializable(typeof(Page<MountView>))]
[JsonSerializable(typeof(WriteMount))]
[JsonSerializable(typeof(MountTest))]
[JsonSerializable(typeof(CreateApiToken))]
[JsonSerializable(typeof(DeviceAuthorization))]
[JsonSerializable(typeof(OAuthToken))]
[JsonSerializable(typeof(OAuthError))]
[JsonSerializable(typeof(MeView))]
[JsonSerializable(typeof(ApiTokenView))]
[JsonSerializable(typeof(Page<ApiTokenView>))]
[JsonSerializable(typeof(OpenChannel))]
[JsonSerializable(typeof(TerminalControl))]
[JsonSerializable(typeof(StreamControl))]
[JsonSerializable(typeof(StdinView))]
[JsonSerializable(typeof(CreatePipeline))]
[JsonSerializable(typeof(CreateTerminal))]
[JsonSerializable(typeof(UpdateTerminal))]
[JsonSerializable(typeof(TerminalView))]
[JsonSerializable(typeof(Page<TerminalView>))]
[JsonSerializable(typeof(WriteEnvironment))]
[JsonSerializable(typeof(EnvironmentView))]
[JsonSerializable(typeof(Page<EnvironmentView>))]
[JsonSerializable(typeof(RecordingView))]
[JsonSerializable(typeof(RecordingMatch))]
[JsonSerializable(typeof(JobDefinition))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(Page<JobView>))]
[JsonSerializable(typeof(AppliedJob))]
[JsonSerializable(typeof(Page<JobVersionView>))]
[JsonSerializable(typeof(JobDifference))]
[JsonSerializable(typeof(CheckedJob))]
[JsonSerializable(typeof(RunJob))]
[JsonSerializable(typeof(JobRunView))]
[JsonSerializable(typeof(Page<JobRunView>))]
[JsonSerializable(typeof(Page<JobRunDeviceView>))]
[JsonSerializable(typeof(ApprovalView))]
[JsonSerializable(typeof(Page<ApprovalView>))]
[JsonSerializable(typeof(DecideApproval))]
[JsonSerializable(typeof(WorkloadDefinition))]
[JsonSerializable(typeof(WorkloadView))]
[JsonSerializable(typeof(Page<WorkloadView>))]
[JsonSerializable(typeof(AppliedWorkload))]
[JsonSerializable(typeof(CheckedWorkload))]
[JsonSerializable(typeof(Page<WorkloadVersionView>))]
[JsonSerializable(typeof(ScaleWorkload))]
[JsonSerializable(typeof(RollbackWorkload))]
[JsonSerializable(typeof(MoveInstance))]
[JsonSerializable(typeof(ProcessCall))]
[JsonSerializable(typeof(ProcessReply))]
[JsonSerializable(typeof(ProcessListView))]
[JsonSerializable(typeof(ProcessChanges))]
[JsonSerializable(typeof(ProcessDetailsView))]
[JsonSerializable(typeof(SignalProcess))]
[JsonSerializable(typeof(ProcessSignalled))]
[JsonSerializable(typeof(TopView))]
[JsonSerializable(typeof(string))]
public sealed partial class OperoneJson : JsonSerializerContext
{
}

/// <summary>A problem as RFC 9457 has it, as a client reads it.</summary>
public sealed record ProblemView
{
    /// <summary>What sort of problem, as a URI; its last part is the error's code.</summary>
    public string? Type { get; init; }
    /// <summary>A short sentence.</summary>
    public string? Title { get; init; }
    /// <summary>The HTTP status.</summary>
    public int Status { get; init; }
    /// <summary>What happened this time.</summary>
    public string? Detail { get; init; }
    /// <summary>What is wrong with each field.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
    /// <summary>The request's id, to look it up in the server's log.</summary>
    public string? RequestId { get; init; }
}
