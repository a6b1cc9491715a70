using Operone.Web.Access;

namespace Operone.Web.Devices;

/// <summary>Tells the room Access the labels of a device.</summary>
internal sealed class DeviceLabels(DeviceSight sight) : IDeviceLabels
{
    public (string Name, IReadOnlyDictionary<string, string> Labels)? Find(Actor actor, string idOrName) =>
        sight.Find(actor, idOrName) is { } device ? (device.Name, device.Labels) : null;
}
