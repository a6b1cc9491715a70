using System.Net.Sockets;

namespace Operone.Agent.Platforms;

/// <summary>Starts host processes so that they outlive this one.</summary>
internal interface IHostStarter
{
    /// <summary>Starts a host that reads its folder from the socket whose other end is given back.</summary>
    /// <exception cref="IOException">The system does not start a process; the message says why.</exception>
    Socket Start();
}
