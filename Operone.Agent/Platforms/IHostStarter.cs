using System.Net.Sockets;

namespace Operone.Agent.Platforms;

/// <summary>Starts host processes so that they outlive this one.</summary>
internal interface IHostStarter
{
    /// <summary>
    /// Starts a host that waits for its folder on the socket whose other end is given back; null where the system has no such
    /// thing, and <see cref="StartFor"/> is the way.
    /// </summary>
    /// <exception cref="IOException">The system does not start a process; the message says why.</exception>
    Socket? StartWaiting();

    /// <summary>Starts a host for a folder. It is reached by the socket in there.</summary>
    /// <exception cref="IOException">The system does not start a process; the message says why.</exception>
    void StartFor(string folder);
}
