using System.Runtime.Versioning;
using Operone.Core.Errors;

namespace Operone.Agent.Platforms.Linux;

/// <summary>systemd.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SystemdService : IServiceManager
{
    /// <inheritdoc/>
    public async Task<Result<string>> InstallAsync(ServiceSpec spec, CancellationToken cancel)
    {
        if (Check() is { } problem)
        {
            return problem;
        }

        var file = FileOf(spec.Name);
        await File.WriteAllTextAsync(file, ServiceUnits.Systemd(spec), cancel);
        var done = await ServiceTool.RunAllAsync("systemctl", [["daemon-reload"], ["enable", spec.Name], ["restart", spec.Name]], cancel);
        return done.Error is not null ? done.Error : $"The service {spec.Name} is installed ({file}) and runs. See 'systemctl status {spec.Name}'.";
    }

    /// <inheritdoc/>
    public async Task<Result<string>> UninstallAsync(string name, CancellationToken cancel)
    {
        if (Check() is { } problem)
        {
            return problem;
        }

        var file = FileOf(name);
        if (!File.Exists(file))
        {
            return new Error(ErrorKind.NotFound, "no-service", "There is no such service.", $"'{file}' does not exist.");
        }

        var stopped = await ServiceTool.RunAllAsync("systemctl", [["disable", "--now", name]], cancel);
        File.Delete(file);
        var done = stopped.Error is not null ? stopped : await ServiceTool.RunAllAsync("systemctl", [["daemon-reload"]], cancel);
        return done.Error is not null ? done.Error : $"The service {name} is gone. Commands that ran go on.";
    }

    private static string FileOf(string name) => $"/etc/systemd/system/{name}.service";

    /// <summary>sd_booted(3): whether systemd runs this machine.</summary>
    private static Error? Check() =>
        !Environment.IsPrivilegedProcess ? ServiceTool.NeedsRoot
        : Directory.Exists("/run/systemd/system") ? null
        : new Error(
            ErrorKind.Unprocessable, "no-systemd", "This machine is not run by systemd.",
            "Have whatever starts services here run 'operone agent run', and have it end that process alone when it stops the service.");
}
