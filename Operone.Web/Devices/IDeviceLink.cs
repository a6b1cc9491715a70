namespace Operone.Web.Devices;

/// <summary>The connection to a device, as far as this room needs it. The agents' hub is behind it.</summary>
internal interface IDeviceLink
{
    /// <summary>Tells a device that was removed to forget who it was, and ends its connection.</summary>
    Task DismissAsync(Guid deviceId, string reason);

    /// <summary>Ends the connection to this node, if there is one: the device has come back elsewhere, or was removed there.</summary>
    void EndHere(Guid deviceId);
}
