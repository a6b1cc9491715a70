using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>Wires the room Devices.</summary>
internal static class DevicesRegistration
{
    public static void AddDevices(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<DevicesOptions>().BindConfiguration(DevicesOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DevicesOptions>, DevicesOptionsValidation>();
        services.AddOptions<SetupEnrollmentOptions>().BindConfiguration(SetupEnrollmentOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SetupEnrollmentOptions>, SetupEnrollmentOptionsValidation>();
        services.AddSingleton<SetupEnrollment>();
        services.AddSingleton<DeviceDirectory>();
        services.AddSingleton<Operone.Web.Access.IDeviceLabels, DeviceLabels>();
        services.AddSingleton<DeviceSight>();
        services.AddSingleton<DeviceKeys>();
        services.AddSingleton<DeviceService>();
        services.AddSingleton<EnrollmentTokenService>();
        services.AddSingleton<EnrollmentService>();
        services.AddSingleton<ServedCertificate>();
        services.AddSingleton<AgentDownloads>();
        services.AddSingleton<Presence>();
        services.AddSingleton<NodePresence>();
        services.AddHostedService(provider => provider.GetRequiredService<NodePresence>());
        services.AddSingleton<DeviceNotes>();
        services.AddHostedService(provider => provider.GetRequiredService<DeviceNotes>());
        services.AddHostedService<PresenceUpkeep>();
        services.AddSingleton<TelemetryWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<TelemetryWriter>());
        services.AddSingleton<TelemetryService>();
        services.AddSingleton<DeviceLoads>();
        services.AddSingleton<IDeviceObserver>(provider => provider.GetRequiredService<DeviceLoads>());
        services.AddSingleton<CordonService>();
        services.AddSingleton<IRecurringJob, TelemetryUpkeep>();
        services.AddHostedService<DeviceMetrics>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.OnAuthenticate = (_, tls) =>
        {
            var certificate = tls.ServerCertificateContext?.TargetCertificate ?? tls.ServerCertificate;
            if (certificate is System.Security.Cryptography.X509Certificates.X509Certificate2 served)
            {
                kestrel.ApplicationServices.GetRequiredService<ServedCertificate>().Note(served);
            }
        }));
    }

    public static void MapDevices(this WebApplication app)
    {
        DeviceEndpoints.Map(app);
        EnrollmentEndpoints.Map(app);
        InstallEndpoints.Map(app);
    }

    /// <summary>Fills the directory. All devices come up as offline: who is connected will say so.</summary>
    public static async Task PrepareDevicesAsync(this WebApplication app, CancellationToken cancellationToken)
    {
        await app.Services.GetRequiredService<DeviceKeys>().PrepareAsync(cancellationToken);
        await app.Services.GetRequiredService<SetupEnrollment>().PrepareAsync(cancellationToken);
        var directory = app.Services.GetRequiredService<DeviceDirectory>();
        await using var db = await app.Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContextAsync(cancellationToken);
        var devices = db.Set<Device>().Select(Device.AsEntry).AsAsyncEnumerable();
        await foreach (var device in devices.WithCancellation(cancellationToken))
        {
            directory.Put(device);
        }
    }
}
