namespace Operone.Web.Devices;

/// <summary>For rooms below Devices that must act when a device goes: they may call Devices, but not the other way round.</summary>
internal interface IDeviceObserver
{
    /// <summary>The device was removed. Called after the change is stored and before its connection is ended.</summary>
    Task RemovedAsync(Guid deviceId, CancellationToken cancellationToken);
}
