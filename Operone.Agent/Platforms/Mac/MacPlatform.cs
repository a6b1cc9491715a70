using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Errors;
using Operone.Disk;
using Operone.Disk.Portable;

namespace Operone.Agent.Platforms.Mac;

/// <summary>macOS. Not run by our tests.</summary>
[SupportedOSPlatform("macos")]
internal sealed class MacPlatform : IPlatform
{
    /// <inheritdoc/>
    public IServiceManager Services { get; } = new LaunchdService();

    /// <inheritdoc/>
    public void PrepareAgent() => Libc.Ignore(Libc.SigChild);

    /// <inheritdoc/>
    public void TrimMemory()
    {
        // the system does it by itself where memory is short
    }

    /// <inheritdoc/>
    public IHostStarter HostStarter(string errorFile) => new UnixHostStarter(OwnProgram.Command(), errorFile);

    /// <inheritdoc/>
    public IDisk Disk(string stateDirectory) => new PortableDisk(stateDirectory);

    /// <inheritdoc/>
    public IProcesses Processes() => new MacProcessTable();

    /// <inheritdoc/>
    public IMachine Machine(TimeProvider time) => new MacMachine(time);

    /// <inheritdoc/>
    public Task<Result<Unit>> RunAsServiceAsync(Func<CancellationToken, Task<Result<Unit>>> agent, CancellationToken cancel) => agent(cancel);
}

/// <summary>launchd. Not run by our tests.</summary>
[SupportedOSPlatform("macos")]
internal sealed class LaunchdService : IServiceManager
{
    /// <inheritdoc/>
    public async Task<Result<string>> InstallAsync(ServiceSpec spec, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return ServiceTool.NeedsRoot;
        }

        var file = FileOf(spec.Name);
        await File.WriteAllTextAsync(file, ServiceUnits.Launchd(spec), cancel);
        var done = await ServiceTool.RunAsync("launchctl", ["bootstrap", "system", file], cancel);
        return done.Error is not null ? done.Error : $"The service {spec.Name} is installed ({file}) and runs.";
    }

    /// <inheritdoc/>
    public async Task<Result<string>> UninstallAsync(string name, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return ServiceTool.NeedsRoot;
        }

        var done = await ServiceTool.RunAsync("launchctl", ["bootout", $"system/{ServiceUnits.LaunchdLabel(name)}"], cancel);
        File.Delete(FileOf(name));
        return done.Error is not null ? done.Error : $"The service {name} is gone. Commands that ran go on.";
    }

    private static string FileOf(string name) => $"/Library/LaunchDaemons/{ServiceUnits.LaunchdLabel(name)}.plist";
}
