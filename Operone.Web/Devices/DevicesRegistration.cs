namespace Operone.Web.Devices;

/// <summary>Wires the room Devices.</summary>
internal static class DevicesRegistration
{
    public static void AddDevices(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<DeviceDirectory>();
    }

    public static void MapDevices(this WebApplication app)
    {
    }

    public static Task PrepareDevicesAsync(this WebApplication app, CancellationToken cancellationToken) => Task.CompletedTask;
}
