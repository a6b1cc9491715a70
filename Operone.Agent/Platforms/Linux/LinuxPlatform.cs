using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Platforms.Linux;

/// <summary>Linux.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxPlatform : IPlatform
{
    /// <inheritdoc/>
    /// <remarks>The kernel buries hosts that end (signal(7), SIGCHLD ignored): nobody has to wait for them.</remarks>
    public void PrepareAgent() => Libc.Ignore(Libc.SigChild);

    /// <inheritdoc/>
    public IHostStarter HostStarter(string errorFile) => new UnixHostStarter(OwnProgram.Command(), errorFile);

    /// <inheritdoc/>
    public IMachine Machine(TimeProvider time) => new LinuxMachine(time);
}
