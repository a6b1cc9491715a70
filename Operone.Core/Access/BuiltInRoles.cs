namespace Operone.Core.Access;

/// <summary>A role that every installation has, and nobody changes.</summary>
/// <param name="Id">The same everywhere.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Permissions">What it gives.</param>
public sealed record BuiltInRole(Guid Id, string Name, string Description, PermissionSet Permissions);

/// <summary>The roles that every installation has.</summary>
public static class BuiltInRoles
{
    /// <summary>Everything, other owners too.</summary>
    public static BuiltInRole Owner { get; } = new(
        new("00000000-0000-7000-8000-000000000001"), "Owner", "Everything, and the other owners.", PermissionSet.All);

    /// <summary>Everything but owners.</summary>
    public static BuiltInRole Administrator { get; } = new(
        new("00000000-0000-7000-8000-000000000002"), "Administrator", "Everything but the owners.",
        PermissionSet.All.Except(PermissionSet.Of([Access.Permissions.OwnersManage])));

    /// <summary>Works with devices, and does not decide who may.</summary>
    public static BuiltInRole Operator { get; } = new(
        new("00000000-0000-7000-8000-000000000003"), "Operator", "Works with devices: commands, processes, terminals, files, jobs, alerts, tunnels.",
        PermissionSet.Of(
        [
            Access.Permissions.DevicesRead, Access.Permissions.ProcessesRead, Access.Permissions.ProcessesSignal,
            Access.Permissions.RunsRead, Access.Permissions.RunsCreate, Access.Permissions.TerminalsOpen,
            Access.Permissions.TerminalsJoin, Access.Permissions.RecordingsRead, Access.Permissions.EnvironmentsUse,
            Access.Permissions.FilesRead, Access.Permissions.FilesWrite, Access.Permissions.JobsRead, Access.Permissions.JobsRun,
            Access.Permissions.AlertsRead, Access.Permissions.AlertsManage,
            Access.Permissions.TunnelsOpen, Access.Permissions.EventsRead, Access.Permissions.DriversUse, Access.Permissions.AssistantUse,
            Access.Permissions.TokensCreate,
        ]));

    /// <summary>Looks, and changes nothing.</summary>
    public static BuiltInRole Viewer { get; } = new(
        new("00000000-0000-7000-8000-000000000004"), "Viewer", "Looks, and changes nothing.",
        PermissionSet.Of([Access.Permissions.DevicesRead, Access.Permissions.RunsRead, Access.Permissions.JobsRead, Access.Permissions.AlertsRead, Access.Permissions.EventsRead]));

    /// <summary>All of them, the mightiest first.</summary>
    public static IReadOnlyList<BuiltInRole> All { get; } = [Owner, Administrator, Operator, Viewer];
}
