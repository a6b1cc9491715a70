using Operone.Core.Access;

namespace Operone.Web.Console.Parts;

/// <summary>What permissions and dangerous acts mean, in words, for every page that shows them.</summary>
internal static class PermissionText
{
    /// <summary>The permissions in their groups, in the order in which people are shown them.</summary>
    public static IReadOnlyList<(string Title, IReadOnlyList<string> Permissions)> Groups { get; } =
    [
        ("Devices", [Permissions.DevicesRead, Permissions.DevicesManage, Permissions.ProcessesRead, Permissions.ProcessesSignal]),
        ("Commands", [Permissions.RunsRead, Permissions.RunsCreate, Permissions.EnvironmentsUse, Permissions.EnvironmentsManage, Permissions.SandboxesManage]),
        ("Terminals", [Permissions.TerminalsOpen, Permissions.TerminalsJoin, Permissions.TerminalsManage, Permissions.RecordingsRead, Permissions.RecordingsManage]),
        ("Files and network", [Permissions.FilesRead, Permissions.FilesWrite, Permissions.TunnelsOpen]),
        ("Jobs", [Permissions.JobsRead, Permissions.JobsRun, Permissions.JobsManage]),
        ("What happens", [Permissions.AlertsRead, Permissions.AlertsManage, Permissions.EventsRead, Permissions.AuditRead]),
        ("Drivers and assistant", [Permissions.DriversUse, Permissions.DriversManage, Permissions.AssistantUse]),
        ("People and settings", [Permissions.TokensCreate, Permissions.TokensManage, Permissions.PeopleManage, Permissions.SettingsManage, Permissions.OwnersManage]),
    ];

    /// <summary>What a permission lets somebody do: "see devices".</summary>
    public static string Meaning(string permission) => permission switch
    {
        Permissions.DevicesRead => "see devices",
        Permissions.DevicesManage => "add, change and remove devices",
        Permissions.ProcessesRead => "see processes, with their command lines and open files",
        Permissions.ProcessesSignal => "end and signal processes",
        Permissions.RunsRead => "see runs and their output",
        Permissions.RunsCreate => "run commands, and cancel them",
        Permissions.TerminalsOpen => "open terminals",
        Permissions.TerminalsJoin => "see and join others' terminals",
        Permissions.TerminalsManage => "end others' terminals, and set what terminals are like",
        Permissions.RecordingsRead => "play recordings of terminals",
        Permissions.RecordingsManage => "remove recordings of terminals",
        Permissions.EnvironmentsUse => "run commands with environments and their secrets",
        Permissions.EnvironmentsManage => "make, change and remove environments",
        Permissions.SandboxesManage => "make, change and remove sandbox profiles",
        Permissions.FilesRead => "list and read files",
        Permissions.FilesWrite => "write, move and remove files",
        Permissions.TunnelsOpen => "open tunnels",
        Permissions.JobsRead => "see jobs, schedules and workloads",
        Permissions.JobsRun => "run jobs that exist",
        Permissions.JobsManage => "make, change and remove jobs",
        Permissions.AlertsRead => "see alerts",
        Permissions.AlertsManage => "make alert rules, acknowledge and silence alerts",
        Permissions.EventsRead => "see events",
        Permissions.AuditRead => "see and verify the audit trail",
        Permissions.DriversUse => "use drivers",
        Permissions.DriversManage => "add, change and remove drivers",
        Permissions.AssistantUse => "use the assistant",
        Permissions.TokensCreate => "make API tokens for themselves",
        Permissions.TokensManage => "see and revoke everybody's tokens, make service tokens",
        Permissions.PeopleManage => "manage people, teams, roles, grants and sessions",
        Permissions.SettingsManage => "change the settings",
        Permissions.OwnersManage => "make and unmake owners",
        _ => permission,
    };

    /// <summary>The same at the beginning of a line: "See devices".</summary>
    public static string Title(string permission) => Meaning(permission) is { Length: > 0 } text ? char.ToUpperInvariant(text[0]) + text[1..] : permission;

    /// <summary>What a dangerous act is: "Opening a terminal".</summary>
    public static string Act(string act) => act switch
    {
        DangerousActs.OpenTerminal => "Opening a terminal",
        DangerousActs.RunOnMany => "Running on many devices",
        DangerousActs.ChangeAccess => "Changing people, teams, roles and grants",
        DangerousActs.ShowSecret => "Making something whose secret is shown once",
        _ => act,
    };

    /// <summary>What a set of permissions lets somebody do, in one sentence.</summary>
    public static string Sum(PermissionSet permissions) => permissions == PermissionSet.All
        ? "do everything"
        : permissions == BuiltInRoles.Administrator.Permissions
            ? "do everything but act on owners"
            : permissions.Names.Select(Meaning).ToArray() is [.. var some, var last] ? some.Length == 0 ? last : $"{string.Join("; ", some)}; and {last}" : "do nothing";
}
