using System.Collections.Frozen;

namespace Operone.Core.Access;

/// <summary>What a permission is held on.</summary>
public enum PermissionScope
{
    /// <summary>On devices: a grant's selector says on which.</summary>
    Devices,
    /// <summary>On the installation as a whole: only a grant on all devices gives it.</summary>
    Installation,
}

/// <summary>The closed list of permissions. A door names one; the service of the room checks it.</summary>
public static class Permissions
{
    /// <summary>See devices, their facts and telemetry.</summary>
    public const string DevicesRead = "devices.read";
    /// <summary>Rename, label and remove devices; on all devices also enrol, and make and revoke enrolment tokens.</summary>
    public const string DevicesManage = "devices.manage";
    /// <summary>See processes, with their command lines and open files: what is secret may stand in them.</summary>
    public const string ProcessesRead = "processes.read";
    /// <summary>Send processes signals: end them, stop them.</summary>
    public const string ProcessesSignal = "processes.signal";
    /// <summary>See runs and their output.</summary>
    public const string RunsRead = "runs.read";
    /// <summary>Create and cancel runs.</summary>
    public const string RunsCreate = "runs.create";
    /// <summary>Open terminals.</summary>
    public const string TerminalsOpen = "terminals.open";
    /// <summary>See others' terminals and join them: to watch, and to type where their owner lets one.</summary>
    public const string TerminalsJoin = "terminals.join";
    /// <summary>End others' terminals; on all devices also the policies of terminals.</summary>
    public const string TerminalsManage = "terminals.manage";
    /// <summary>See and play recordings of terminals.</summary>
    public const string RecordingsRead = "recordings.read";
    /// <summary>Remove recordings of terminals.</summary>
    public const string RecordingsManage = "recordings.manage";
    /// <summary>Attach environments, with their secrets, to runs.</summary>
    public const string EnvironmentsUse = "environments.use";
    /// <summary>Make, change and remove environments.</summary>
    public const string EnvironmentsManage = "environments.manage";
    /// <summary>Make, change and remove sandbox profiles.</summary>
    public const string SandboxesManage = "sandboxes.manage";
    /// <summary>List and read files.</summary>
    public const string FilesRead = "files.read";
    /// <summary>Write, move and remove files.</summary>
    public const string FilesWrite = "files.write";
    /// <summary>Say which files of devices may be had; mount folders and other servers.</summary>
    public const string MountsManage = "mounts.manage";
    /// <summary>See jobs, schedules and workloads.</summary>
    public const string JobsRead = "jobs.read";
    /// <summary>Run jobs that exist.</summary>
    public const string JobsRun = "jobs.run";
    /// <summary>Make, change and remove jobs, schedules and workloads.</summary>
    public const string JobsManage = "jobs.manage";
    /// <summary>See alerts, their rules and silences: those of the devices that it is held on.</summary>
    public const string AlertsRead = "alerts.read";
    /// <summary>Make, change and remove alert rules; acknowledge and silence alerts.</summary>
    public const string AlertsManage = "alerts.manage";
    /// <summary>Open tunnels.</summary>
    public const string TunnelsOpen = "tunnels.open";
    /// <summary>See events and subscribe to them: those of the devices that it is held on; on all devices, every event.</summary>
    public const string EventsRead = "events.read";
    /// <summary>Use drivers; on the devices that it is held on.</summary>
    public const string DriversUse = "drivers.use";
    /// <summary>Add, change and remove drivers.</summary>
    public const string DriversManage = "drivers.manage";
    /// <summary>Use the assistant; it acts on no other devices than those.</summary>
    public const string AssistantUse = "assistant.use";
    /// <summary>Make API tokens for oneself: held on any device it is enough, for a token never exceeds its maker.</summary>
    public const string TokensCreate = "tokens.create";
    /// <summary>See and revoke everybody's API tokens; make service tokens.</summary>
    public const string TokensManage = "tokens.manage";
    /// <summary>See and verify the audit trail.</summary>
    public const string AuditRead = "audit.read";
    /// <summary>Invite, disable and remove people; teams, roles, grants, access requests; everybody's sessions.</summary>
    public const string PeopleManage = "people.manage";
    /// <summary>Change the installation's settings.</summary>
    public const string SettingsManage = "settings.manage";
    /// <summary>Make and unmake owners, and act on an owner's account.</summary>
    public const string OwnersManage = "owners.manage";

    /// <summary>Every permission there is, in the order in which people are shown them. At most 64: a set of them is a number.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        DevicesRead, DevicesManage, ProcessesRead, ProcessesSignal, RunsRead, RunsCreate, TerminalsOpen, TerminalsJoin, TerminalsManage, RecordingsRead,
        RecordingsManage, EnvironmentsUse, EnvironmentsManage, SandboxesManage, FilesRead, FilesWrite, MountsManage, JobsRead, JobsRun, JobsManage, AlertsRead, AlertsManage, TunnelsOpen,
        EventsRead, DriversUse, DriversManage, AssistantUse, TokensCreate, TokensManage, AuditRead, PeopleManage, SettingsManage, OwnersManage,
    ];

    private static readonly FrozenDictionary<string, int> Index =
        All.Select((name, index) => KeyValuePair.Create(name, index)).ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly PermissionSet OnDevices = PermissionSet.Of(
        [DevicesRead, DevicesManage, ProcessesRead, ProcessesSignal, RunsRead, RunsCreate, TerminalsOpen, TerminalsJoin, TerminalsManage, RecordingsRead, RecordingsManage, EnvironmentsUse,
            FilesRead, FilesWrite, JobsRead, JobsRun, JobsManage, AlertsRead, AlertsManage, TunnelsOpen, EventsRead,
            DriversUse, AssistantUse, TokensCreate]);

    /// <summary>Whether the list has this permission.</summary>
    public static bool IsKnown(string permission) => Index.ContainsKey(permission);

    /// <summary>What it is held on.</summary>
    /// <exception cref="ArgumentException">It is no permission.</exception>
    public static PermissionScope ScopeOf(string permission) => OnDevices.Has(permission) ? PermissionScope.Devices : PermissionScope.Installation;

    /// <summary>Its place in <see cref="All"/>.</summary>
    /// <exception cref="ArgumentException">It is no permission.</exception>
    internal static int IndexOf(string permission) =>
        Index.TryGetValue(permission, out var index) ? index : throw new ArgumentException($"'{permission}' is not a permission.", nameof(permission));

    /// <summary>Its place in <see cref="All"/>, or -1 where it is no permission.</summary>
    internal static int FindIndex(string permission) => Index.GetValueOrDefault(permission, -1);
}
