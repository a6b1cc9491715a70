using Operone.Core.Access;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Shell.Terminals;

/// <summary>
/// Which terminals there are for somebody: their own on devices where they may still open one, and all on devices where they
/// may join. A person's tokens count as the person.
/// </summary>
internal sealed class TerminalSight(DeviceSight devices)
{
    /// <summary>Whether it is theirs.</summary>
    public static bool Owns(Actor actor, Terminal terminal) => actor.OwnerId == terminal.OwnerId;

    /// <summary>Whether it is theirs, and they may still have one there.</summary>
    public bool MayUse(Actor actor, Terminal terminal) => Owns(actor, terminal) && devices.May(actor, Permissions.TerminalsOpen, terminal.DeviceId);

    /// <summary>Whether they see it.</summary>
    public bool Sees(Actor actor, Terminal terminal) => MayUse(actor, terminal) || devices.May(actor, Permissions.TerminalsJoin, terminal.DeviceId);

    /// <summary>Those that they see.</summary>
    public IQueryable<Terminal> Of(OperoneDb db, Actor actor)
    {
        var all = db.Set<Terminal>().AsQueryable();
        var (joined, opened, owner) = (devices.IdsWith(actor, Permissions.TerminalsJoin), devices.IdsWith(actor, Permissions.TerminalsOpen), actor.OwnerId);
        return joined is null ? all
            : opened is null ? all.Where(t => t.OwnerId == owner || joined.Contains(t.DeviceId))
            : all.Where(t => joined.Contains(t.DeviceId) || (t.OwnerId == owner && opened.Contains(t.DeviceId)));
    }
}
