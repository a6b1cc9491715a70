using System.Collections.Frozen;

namespace Operone.Core.Access;

/// <summary>The closed list of permissions. A door names one; the service of the room checks it.</summary>
public static class Permissions
{
    /// <summary>See devices, their facts and telemetry.</summary>
    public const string DevicesRead = "devices.read";

    /// <summary>Enrol, rename, label and remove devices; make and revoke enrolment tokens.</summary>
    public const string DevicesManage = "devices.manage";

    /// <summary>See runs and their output.</summary>
    public const string RunsRead = "runs.read";

    /// <summary>Create and cancel runs.</summary>
    public const string RunsCreate = "runs.create";

    /// <summary>See the event log and subscribe to it.</summary>
    public const string EventsRead = "events.read";

    /// <summary>See the audit trail.</summary>
    public const string AuditRead = "audit.read";

    /// <summary>Make and revoke API tokens.</summary>
    public const string TokensManage = "tokens.manage";

    /// <summary>Every permission there is, in the order in which people are shown them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [DevicesRead, DevicesManage, RunsRead, RunsCreate, EventsRead, AuditRead, TokensManage];

    private static readonly FrozenSet<string> Known = All.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether the list has this permission.</summary>
    public static bool IsKnown(string permission) => Known.Contains(permission);
}
