namespace Operone.Web.Access;

/// <summary>What this room has to know of a device to say who may do what to it. The room Devices knows it.</summary>
internal interface IDeviceLabels
{
    /// <summary>The name and the labels of the device with this id or name, or null.</summary>
    (string Name, IReadOnlyDictionary<string, string> Labels)? Find(string idOrName);
}
