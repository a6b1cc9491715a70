namespace Operone.Core.Events;

/// <summary>The types of events, each <c>noun.verb-in-past</c>.</summary>
public static class EventTypes
{
    /// <summary>A device enrolled.</summary>
    public const string DeviceEnrolled = "device.enrolled";
    /// <summary>A device's agent connected.</summary>
    public const string DeviceConnected = "device.connected";
    /// <summary>A device's agent is no longer connected.</summary>
    public const string DeviceDisconnected = "device.disconnected";
    /// <summary>A device was renamed or labelled.</summary>
    public const string DeviceUpdated = "device.updated";
    /// <summary>A device takes no new work but from who names it.</summary>
    public const string DeviceCordoned = "device.cordoned";
    /// <summary>A device takes no new work at all, and finishes what it has.</summary>
    public const string DeviceDrainStarted = "device.drain-started";
    /// <summary>A device that takes no new work has finished what it had.</summary>
    public const string DeviceDrained = "device.drained";
    /// <summary>A device takes new work again.</summary>
    public const string DeviceUncordoned = "device.uncordoned";
    /// <summary>A device was removed.</summary>
    public const string DeviceRemoved = "device.removed";
    /// <summary>An enrolment token was made.</summary>
    public const string EnrollmentTokenCreated = "enrollment-token.created";
    /// <summary>An enrolment token was revoked.</summary>
    public const string EnrollmentTokenRevoked = "enrollment-token.revoked";
    /// <summary>Somebody has sent a process a signal.</summary>
    public const string ProcessSignalled = "process.signalled";
    /// <summary>A run was accepted.</summary>
    public const string RunCreated = "run.created";
    /// <summary>A run for which Operone chooses the devices has got them.</summary>
    public const string RunPlaced = "run.placed";
    /// <summary>All executions of a run have ended.</summary>
    public const string RunEnded = "run.ended";
    /// <summary>Somebody asked for a run to be cancelled.</summary>
    public const string RunCancelled = "run.cancelled";
    /// <summary>A terminal was opened.</summary>
    public const string TerminalOpened = "terminal.opened";
    /// <summary>Somebody has joined somebody else's terminal.</summary>
    public const string TerminalJoined = "terminal.joined";
    /// <summary>A terminal has ended.</summary>
    public const string TerminalEnded = "terminal.ended";
    /// <summary>A file was written.</summary>
    public const string FileWritten = "file.written";
    /// <summary>A file or folder was made, moved or changed otherwise.</summary>
    public const string FileChanged = "file.changed";
    /// <summary>A file or folder was removed.</summary>
    public const string FileRemoved = "file.removed";
    /// <summary>A copy or move between places was asked for.</summary>
    public const string TransferCreated = "transfer.created";
    /// <summary>A copy or move between places is over.</summary>
    public const string TransferEnded = "transfer.ended";
    /// <summary>A schedule was made.</summary>
    public const string ScheduleCreated = "schedule.created";
    /// <summary>A schedule was changed, or turned on or off.</summary>
    public const string ScheduleUpdated = "schedule.updated";
    /// <summary>A schedule was removed.</summary>
    public const string ScheduleRemoved = "schedule.removed";
    /// <summary>A schedule fired: its job was started.</summary>
    public const string ScheduleFired = "schedule.fired";
    /// <summary>A schedule fired, and its job was not started.</summary>
    public const string ScheduleFailed = "schedule.failed";
    /// <summary>A person signed in.</summary>
    public const string PersonSignedIn = "person.signed-in";
    /// <summary>A person was disabled: they are signed out, and may not sign in.</summary>
    public const string PersonDisabled = "person.disabled";
    /// <summary>A person who was disabled may sign in again.</summary>
    public const string PersonEnabled = "person.enabled";
    /// <summary>A person was renamed.</summary>
    public const string PersonUpdated = "person.updated";
    /// <summary>A person was removed.</summary>
    public const string PersonRemoved = "person.removed";
    /// <summary>A team was made.</summary>
    public const string TeamCreated = "team.created";
    /// <summary>A team was renamed, or somebody joined or left it.</summary>
    public const string TeamUpdated = "team.updated";
    /// <summary>A team was removed.</summary>
    public const string TeamRemoved = "team.removed";
    /// <summary>A role was made.</summary>
    public const string RoleCreated = "role.created";
    /// <summary>A role was changed.</summary>
    public const string RoleUpdated = "role.updated";
    /// <summary>A role was removed.</summary>
    public const string RoleRemoved = "role.removed";
    /// <summary>A sandbox profile was made.</summary>
    public const string SandboxProfileCreated = "sandbox-profile.created";
    /// <summary>A sandbox profile was changed.</summary>
    public const string SandboxProfileUpdated = "sandbox-profile.updated";
    /// <summary>A sandbox profile was removed.</summary>
    public const string SandboxProfileRemoved = "sandbox-profile.removed";
    /// <summary>A grant was made.</summary>
    public const string GrantCreated = "grant.created";
    /// <summary>A grant was removed.</summary>
    public const string GrantRemoved = "grant.removed";
    /// <summary>Somebody asked for access.</summary>
    public const string AccessRequestCreated = "access-request.created";
    /// <summary>A request for access was approved.</summary>
    public const string AccessRequestApproved = "access-request.approved";
    /// <summary>A request for access was refused.</summary>
    public const string AccessRequestRefused = "access-request.refused";
    /// <summary>A request for access was withdrawn.</summary>
    public const string AccessRequestWithdrawn = "access-request.withdrawn";
    /// <summary>The installation's settings were changed.</summary>
    public const string SettingsChanged = "settings.changed";
    /// <summary>A session was ended.</summary>
    public const string SessionEnded = "session.ended";
    /// <summary>Somebody was invited.</summary>
    public const string InvitationCreated = "invitation.created";
    /// <summary>Somebody took an invitation up, and has an account now.</summary>
    public const string InvitationAccepted = "invitation.accepted";
    /// <summary>An invitation was revoked.</summary>
    public const string InvitationRevoked = "invitation.revoked";
    /// <summary>Somebody added a passkey to their account.</summary>
    public const string PasskeyAdded = "passkey.added";
    /// <summary>Somebody renamed a passkey of theirs.</summary>
    public const string PasskeyRenamed = "passkey.renamed";
    /// <summary>Somebody removed a passkey of theirs.</summary>
    public const string PasskeyRemoved = "passkey.removed";
    /// <summary>An API token was made.</summary>
    public const string TokenCreated = "token.created";
    /// <summary>An API token was renamed.</summary>
    public const string TokenUpdated = "token.updated";
    /// <summary>An API token was revoked.</summary>
    public const string TokenRevoked = "token.revoked";
    /// <summary>An environment was made.</summary>
    public const string EnvironmentCreated = "environment.created";
    /// <summary>An environment was changed.</summary>
    public const string EnvironmentUpdated = "environment.updated";
    /// <summary>An environment was removed.</summary>
    public const string EnvironmentRemoved = "environment.removed";
    /// <summary>A policy of terminals was made.</summary>
    public const string TerminalPolicyCreated = "terminal-policy.created";
    /// <summary>A policy of terminals was changed.</summary>
    public const string TerminalPolicyUpdated = "terminal-policy.updated";
    /// <summary>A policy of terminals was removed.</summary>
    public const string TerminalPolicyRemoved = "terminal-policy.removed";
    /// <summary>A policy of files was made.</summary>
    public const string FilePolicyCreated = "file-policy.created";
    /// <summary>A policy of files was changed.</summary>
    public const string FilePolicyUpdated = "file-policy.updated";
    /// <summary>A policy of files was removed.</summary>
    public const string FilePolicyRemoved = "file-policy.removed";
    /// <summary>A mount was made.</summary>
    public const string MountCreated = "mount.created";
    /// <summary>A mount was changed.</summary>
    public const string MountUpdated = "mount.updated";
    /// <summary>A mount was removed.</summary>
    public const string MountRemoved = "mount.removed";
    /// <summary>A webhook was made.</summary>
    public const string WebhookCreated = "webhook.created";
    /// <summary>A webhook was changed.</summary>
    public const string WebhookUpdated = "webhook.updated";
    /// <summary>A webhook was removed.</summary>
    public const string WebhookRemoved = "webhook.removed";
    /// <summary>A webhook turned itself off: its receiver wants no more.</summary>
    public const string WebhookTurnedOff = "webhook.turned-off";
    /// <summary>A recording of a terminal was removed.</summary>
    public const string RecordingRemoved = "recording.removed";
    /// <summary>A job was made.</summary>
    public const string JobCreated = "job.created";
    /// <summary>A job has a new version.</summary>
    public const string JobUpdated = "job.updated";
    /// <summary>A job was removed.</summary>
    public const string JobRemoved = "job.removed";
    /// <summary>A job began to run.</summary>
    public const string JobRunCreated = "job-run.created";
    /// <summary>A run of a job was paused.</summary>
    public const string JobRunPaused = "job-run.paused";
    /// <summary>A run of a job that was paused goes on.</summary>
    public const string JobRunResumed = "job-run.resumed";
    /// <summary>Somebody asked for a run of a job to be cancelled.</summary>
    public const string JobRunCancelled = "job-run.cancelled";
    /// <summary>A run of a job has ended.</summary>
    public const string JobRunEnded = "job-run.ended";
    /// <summary>A maintenance window was made.</summary>
    public const string MaintenanceWindowCreated = "maintenance-window.created";
    /// <summary>A maintenance window was changed.</summary>
    public const string MaintenanceWindowUpdated = "maintenance-window.updated";
    /// <summary>A maintenance window was removed.</summary>
    public const string MaintenanceWindowRemoved = "maintenance-window.removed";
    /// <summary>A run of a job calls a webhook. It is for that webhook alone.</summary>
    public const string JobRunCalled = "job-run.called";
    /// <summary>A run of a job waits for somebody's yes.</summary>
    public const string ApprovalRequested = "approval.requested";
    /// <summary>Somebody said yes to a run of a job.</summary>
    public const string ApprovalApproved = "approval.approved";
    /// <summary>Somebody said no to a run of a job.</summary>
    public const string ApprovalRefused = "approval.refused";
    /// <summary>A workload was made.</summary>
    public const string WorkloadCreated = "workload.created";
    /// <summary>Another version or start of a workload takes the place of the one before.</summary>
    public const string WorkloadUpdating = "workload.updating";
    /// <summary>A workload is changed, and all of it that runs is as it is to be.</summary>
    public const string WorkloadUpdated = "workload.updated";
    /// <summary>The version before of a workload comes back, because the new one is not well or somebody asked for it.</summary>
    public const string WorkloadRolledBack = "workload.rolled-back";
    /// <summary>A workload is to run.</summary>
    public const string WorkloadStarted = "workload.started";
    /// <summary>A workload is not to run any more.</summary>
    public const string WorkloadStopped = "workload.stopped";
    /// <summary>A workload is to have another number of instances.</summary>
    public const string WorkloadScaled = "workload.scaled";
    /// <summary>A workload was stopped and removed.</summary>
    public const string WorkloadRemoved = "workload.removed";
    /// <summary>An instance of a workload was sent to its device.</summary>
    public const string WorkloadInstanceStarted = "workload.instance-started";
    /// <summary>An instance of a workload has ended.</summary>
    public const string WorkloadInstanceEnded = "workload.instance-ended";
    /// <summary>An instance of a workload is moved off its device.</summary>
    public const string WorkloadInstanceMoved = "workload.instance-moved";
    /// <summary>An alert is firing; with the detail <c>repeat</c>, it is still.</summary>
    public const string AlertRaised = "alert.raised";
    /// <summary>An alert that was raised is over.</summary>
    public const string AlertRecovered = "alert.recovered";
    /// <summary>Somebody has seen an alert.</summary>
    public const string AlertAcknowledged = "alert.acknowledged";
    /// <summary>An alert rule was made.</summary>
    public const string AlertRuleCreated = "alert-rule.created";
    /// <summary>An alert rule was changed.</summary>
    public const string AlertRuleUpdated = "alert-rule.updated";
    /// <summary>An alert rule was removed.</summary>
    public const string AlertRuleRemoved = "alert-rule.removed";
    /// <summary>A silence of alerts was made.</summary>
    public const string SilenceCreated = "silence.created";
    /// <summary>A silence of alerts was ended before its time.</summary>
    public const string SilenceEnded = "silence.ended";
    /// <summary>The audit chain was checked, and does not hold.</summary>
    public const string AuditBroken = "audit.broken";
}

/// <summary>A fact that happened. Doors show it as a CloudEvent 1.0 (<see cref="EventView"/>).</summary>
/// <param name="Type">One of <see cref="EventTypes"/>.</param>
/// <param name="Subject">What it happened to, in words: a device's name, a run's id.</param>
/// <param name="DeviceId">The device it concerns, where there is one.</param>
/// <param name="RunId">The run it concerns, where there is one.</param>
/// <param name="Actor">Who caused it, as in the audit trail.</param>
/// <param name="Data">More about it, as text values by name.</param>
public sealed record OperoneEvent(
    string Type, string? Subject = null, Guid? DeviceId = null, Guid? RunId = null, string? Actor = null,
    IReadOnlyDictionary<string, string?>? Data = null);

/// <summary>Where every room tells what happened. The only thing about events that a room needs to know.</summary>
public interface IEvents
{
    /// <summary>
    /// Notes the event for the log and for live subscribers. It returns once the event is queued; the queue is
    /// bounded, and a full queue makes the caller wait.
    /// </summary>
    ValueTask PublishAsync(OperoneEvent happened, CancellationToken cancellationToken = default);
}

/// <summary>An event as the API shows it: a CloudEvent in its JSON form (CloudEvents 1.0, section 2).</summary>
/// <param name="Specversion">Always <c>1.0</c>.</param>
/// <param name="Id">Its id, a UUIDv7: later events have larger ones.</param>
/// <param name="Source">The server, as a URI reference.</param>
/// <param name="Type">One of <see cref="EventTypes"/>.</param>
/// <param name="Subject">What it happened to.</param>
/// <param name="Time">When (UTC).</param>
/// <param name="Datacontenttype">Always <c>application/json</c>.</param>
/// <param name="Data">More about it.</param>
public sealed record EventView(
    string Specversion, Guid Id, string Source, string Type, string? Subject, DateTimeOffset Time,
    string Datacontenttype, EventData Data);

/// <summary>The payload of an <see cref="EventView"/>.</summary>
/// <param name="DeviceId">The device it concerns.</param>
/// <param name="RunId">The run it concerns.</param>
/// <param name="Actor">Who caused it.</param>
/// <param name="Details">More, by name.</param>
public sealed record EventData(Guid? DeviceId, Guid? RunId, string? Actor, IReadOnlyDictionary<string, string?>? Details);
