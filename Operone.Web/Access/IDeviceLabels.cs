namespace Operone.Web.Access;

/// <summary>What this room has to know of a device to say who may do what to it. The room Devices knows it.</summary>
internal interface IDeviceLabels
{
    /// <summary>The name and the labels of the device with this id or name; null where there is none for the actor.</summary>
    (string Name, IReadOnlyDictionary<string, string> Labels)? Find(Actor actor, string idOrName);
}
