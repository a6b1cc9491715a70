using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>What the log needs to know of devices and runs to tell whom an event is for. The rooms below, which know them, say it.</summary>
internal interface IEventSight
{
    /// <summary>The devices whose events an actor may read; null for every event there is.</summary>
    Guid[]? DevicesOf(Actor actor);

    /// <summary>The runs that were on some of these devices.</summary>
    IQueryable<Guid> RunsOn(OperoneDb db, Guid[] deviceIds);

    /// <summary>A device's labels; null for one that is not there any more.</summary>
    IReadOnlyDictionary<string, string>? LabelsOf(Guid deviceId);
}
