using Operone.Agent.Platforms.Linux;

namespace Operone.Agent.Platforms;

/// <summary>What an agent needs of the system it runs on.</summary>
internal interface IPlatform
{
    /// <summary>Sets this process up to be an agent.</summary>
    void PrepareAgent();

    /// <summary>Starts hosts.</summary>
    /// <param name="errorFile">Where what they complain about goes.</param>
    IHostStarter HostStarter(string errorFile);

    /// <summary>The machine.</summary>
    IMachine Machine(TimeProvider time);
}

/// <summary>Chooses the platform.</summary>
internal static class Platform
{
    /// <summary>The platform of this machine.</summary>
    public static IPlatform Current =>
        OperatingSystem.IsLinux() ? new LinuxPlatform()
        : throw new PlatformNotSupportedException();
}
