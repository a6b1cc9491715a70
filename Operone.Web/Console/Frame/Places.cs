using Operone.Core.Access;
using Operone.Web.Access;
using Operone.Web.Console.Parts;

namespace Operone.Web.Console.Frame;

/// <summary>A page that the navigation and the palette lead to.</summary>
/// <param name="Href">Its address, without the slash in front.</param>
/// <param name="Title">Its name.</param>
/// <param name="Icon">One of <see cref="Glyphs"/>.</param>
/// <param name="Key">The letter after <c>g</c> that jumps to it; a capital one is typed with Shift.</param>
/// <param name="Permission">What is needed to see it; null where everybody who is signed in may.</param>
/// <param name="Or">Another one that is enough too.</param>
internal sealed record Place(string Href, string Title, string Icon, string Key, string? Permission, string? Or = null)
{
    /// <summary>Whether somebody may see it.</summary>
    public bool IsFor(Actor actor) => Permission is null || actor.Lacks(Permission) is null || (Or is not null && actor.Lacks(Or) is null);
}

/// <summary>Every page that the navigation leads to, in its groups.</summary>
internal static class Places
{
    public static IReadOnlyList<IReadOnlyList<Place>> Groups { get; } =
    [
        [new("", "Overview", Glyphs.Overview, "o", null)],
        [
            new("devices", "Devices", Glyphs.Devices, "d", Permissions.DevicesRead),
            new("runs", "Runs", Glyphs.Runs, "r", Permissions.RunsRead),
            new("resources", "Resources", Glyphs.Gauge, "k", Permissions.DevicesRead),
            new("terminals", "Terminals", Glyphs.Terminal, "h", Permissions.TerminalsOpen, Permissions.TerminalsJoin),
            new("files", "Files", Glyphs.Folder, "f", Permissions.FilesRead),
            new("recordings", "Recordings", Glyphs.Recordings, "w", Permissions.RecordingsRead),
            new("processes", "Processes", Glyphs.Processes, "x", Permissions.ProcessesRead),
            new("environments", "Environments", Glyphs.Environment, "v", Permissions.EnvironmentsUse, Or: Permissions.EnvironmentsManage),
            new("jobs", "Jobs", Glyphs.List, "j", Permissions.JobsRead),
            new("workloads", "Workloads", Glyphs.Gauge, "L", Permissions.JobsRead),
            new("schedules", "Schedules", Glyphs.Queued, "S", Permissions.JobsRead),
            new("alerts", "Alerts", Glyphs.Bell, "A", Permissions.AlertsRead),
            new("events", "Events", Glyphs.Events, "e", Permissions.EventsRead),
        ],
        [
            new("access/people", "People", Glyphs.Person, "p", Permissions.PeopleManage),
            new("access/teams", "Teams", Glyphs.Team, "m", Permissions.PeopleManage),
            new("access/roles", "Roles", Glyphs.Role, "l", Permissions.PeopleManage),
            new("access/grants", "Grants", Glyphs.Grant, "g", Permissions.PeopleManage),
        ],
        [
            new("devices/enrollment", "Enrolment tokens", Glyphs.Enrollment, "n", Permissions.DevicesManage),
            new("access/requests", "Access requests", Glyphs.Request, "q", null),
            new("access/tokens", "API tokens", Glyphs.Tokens, "t", Permissions.TokensCreate),
            new("access/sessions", "Sessions", Glyphs.Online, "s", Permissions.PeopleManage),
            new("access/invitations", "Invitations", Glyphs.Enrollment, "i", Permissions.PeopleManage),
            new("access/audit", "Audit", Glyphs.Audit, "a", Permissions.AuditRead),
            new("settings/sandboxes", "Sandboxes", Glyphs.Grid, "b", Permissions.SandboxesManage),
            new("settings/mounts", "Mounts", Glyphs.FolderInput, "u", Permissions.MountsManage),
            new("settings/file-policies", "File policies", Glyphs.Folder, "z", Permissions.MountsManage),
            new("settings/terminal-policies", "Terminal policies", Glyphs.Terminal, "y", Permissions.TerminalsManage),
            new("settings/webhooks", "Webhooks", Glyphs.Broadcast, "W", Permissions.SettingsManage),
            new("settings/sign-in", "Settings", Glyphs.Settings, "c", Permissions.SettingsManage),
        ],
    ];

    public static IEnumerable<Place> All => Groups.SelectMany(g => g);

    /// <summary>The place that an address belongs to: the longest that begins it.</summary>
    public static Place? Of(string path) => All
        .Where(p => p.Href.Length == 0 ? path.Length == 0 : path == p.Href || path.StartsWith(p.Href + "/", StringComparison.Ordinal))
        .MaxBy(p => p.Href.Length);
}
