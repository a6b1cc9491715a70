using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Operone.Core.Errors;
using Operone.Disk;
using Operone.Disk.Portable;

namespace Operone.Agent.Platforms.Windows;

/// <summary>Windows. Not run by our tests.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsPlatform : IPlatform
{
    /// <inheritdoc/>
    public IServiceManager Services { get; } = new WindowsServices();

    /// <inheritdoc/>
    public void PrepareAgent()
    {
        // nothing is needed here
    }

    /// <inheritdoc/>
    public void TrimMemory()
    {
        // the system does it by itself where memory is short
    }

    /// <inheritdoc/>
    public IHostStarter HostStarter(string errorFile) => new WindowsHostStarter(OwnProgram.Command());

    /// <inheritdoc/>
    public IDisk Disk(string stateDirectory) => new PortableDisk(stateDirectory);

    /// <inheritdoc/>
    public IProcesses Processes() => new WindowsProcessTable();

    /// <inheritdoc/>
    public IMachine Machine(TimeProvider time) => new WindowsMachine(time);

    /// <inheritdoc/>
    public async Task<Result<Unit>> RunAsServiceAsync(Func<CancellationToken, Task<Result<Unit>>> agent, CancellationToken cancel)
    {
        using var service = new WindowsServiceProcess(agent);
        return await service.RunAsync(cancel);
    }
}

/// <summary>Starts hosts on Windows: a process for each execution, none kept warm.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsHostStarter(IReadOnlyList<string> command) : IHostStarter
{
    /// <inheritdoc/>
    public Socket? StartWaiting() => null;

    /// <inheritdoc/>
    public void StartFor(string folder)
    {
        try
        {
            // a process on Windows does not end with the one that started it
            using var host = Process.Start(new ProcessStartInfo(command[0], [.. command.Skip(1), "host", folder]) { CreateNoWindow = true, UseShellExecute = false });
        }
        catch (Win32Exception problem)
        {
            throw new IOException($"The device could not start a process: {problem.Message}", problem);
        }
    }
}

/// <summary>Windows' services, by sc.exe.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsServices : IServiceManager
{
    /// <inheritdoc/>
    public async Task<Result<string>> InstallAsync(ServiceSpec spec, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return ServiceTool.NeedsRoot;
        }

        var done = await ServiceTool.RunAllAsync("sc.exe", [ServiceUnits.WindowsCreate(spec), ServiceUnits.WindowsFailure(spec), ["start", spec.Name]], cancel);
        return done.Error is not null ? done.Error : $"The service {spec.Name} is installed and runs.";
    }

    /// <inheritdoc/>
    public async Task<Result<string>> UninstallAsync(string name, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return ServiceTool.NeedsRoot;
        }

        var stopped = await ServiceTool.RunAsync("sc.exe", ["stop", name], cancel);
        var done = await ServiceTool.RunAsync("sc.exe", ["delete", name], cancel);
        return done.Error is not null ? done.Error : $"The service {name} is gone{(stopped.IsError ? " (it did not run)" : "")}. Commands that ran go on.";
    }
}
