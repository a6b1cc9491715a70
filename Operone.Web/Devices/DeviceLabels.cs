using Operone.Web.Access;

namespace Operone.Web.Devices;

/// <summary>Tells the room Access the labels of a device.</summary>
internal sealed class DeviceLabels(DeviceDirectory directory) : IDeviceLabels
{
    public (string Name, IReadOnlyDictionary<string, string> Labels)? Find(string idOrName) =>
        directory.Find(idOrName) is { } device ? (device.Name, device.Labels) : null;
}
