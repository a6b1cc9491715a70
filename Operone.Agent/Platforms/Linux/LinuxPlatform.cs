using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Errors;
using Operone.Disk;
using Operone.Disk.Linux;

namespace Operone.Agent.Platforms.Linux;

/// <summary>Linux.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxPlatform : IPlatform
{
    /// <inheritdoc/>
    public IServiceManager Services { get; } = new SystemdService();

    /// <inheritdoc/>
    /// <remarks>The kernel buries hosts that end (signal(7), SIGCHLD ignored): nobody has to wait for them.</remarks>
    public void PrepareAgent()
    {
        Libc.Ignore(Libc.SigChild);
        CgroupTree.Prepare();
    }

    /// <inheritdoc/>
    public void TrimMemory() => LinuxMemory.ReleaseCode();

    /// <inheritdoc/>
    public IHostStarter HostStarter(string errorFile) => new UnixHostStarter(OwnProgram.Command(), errorFile);

    /// <inheritdoc/>
    public IProcesses Processes() => new LinuxProcessTable();

    /// <inheritdoc/>
    public IMachine Machine(TimeProvider time) => new LinuxMachine(time);

    /// <inheritdoc/>
    public IDisk Disk(string stateDirectory) => new LinuxDisk(new LinuxResolver(new OwnState(stateDirectory)));

    /// <inheritdoc/>
    public Task<Result<Unit>> RunAsServiceAsync(Func<CancellationToken, Task<Result<Unit>>> agent, CancellationToken cancel) => agent(cancel);
}
