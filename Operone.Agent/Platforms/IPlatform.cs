using Operone.Agent.Platforms.Linux;
using Operone.Agent.Platforms.Mac;
using Operone.Agent.Platforms.Windows;
using Operone.Core.Errors;
using Operone.Disk;

namespace Operone.Agent.Platforms;

/// <summary>What an agent needs of the system it runs on.</summary>
internal interface IPlatform
{
    /// <summary>The system's service manager.</summary>
    IServiceManager Services { get; }

    /// <summary>Sets this process up to be an agent.</summary>
    void PrepareAgent();

    /// <summary>Lets the system have what this process holds and can get again.</summary>
    void TrimMemory();

    /// <summary>Starts hosts.</summary>
    /// <param name="errorFile">Where what they complain about goes.</param>
    IHostStarter HostStarter(string errorFile);

    /// <summary>The machine.</summary>
    IMachine Machine(TimeProvider time);

    /// <summary>The machine's processes.</summary>
    IProcesses Processes();

    /// <summary>The machine's files.</summary>
    /// <param name="stateDirectory">The agent's own folder, which nobody sees.</param>
    IDisk Disk(string stateDirectory);

    /// <summary>Runs an agent under a service manager that wants to be answered (Windows).</summary>
    Task<Result<Unit>> RunAsServiceAsync(Func<CancellationToken, Task<Result<Unit>>> agent, CancellationToken cancel);
}

/// <summary>Chooses the platform.</summary>
internal static class Platform
{
    /// <summary>The platform of this machine.</summary>
    public static IPlatform Current =>
        OperatingSystem.IsLinux() ? new LinuxPlatform()
        : OperatingSystem.IsMacOS() ? new MacPlatform()
        : OperatingSystem.IsWindows() ? new WindowsPlatform()
        : throw new PlatformNotSupportedException("An agent runs on Linux, macOS and Windows.");
}
