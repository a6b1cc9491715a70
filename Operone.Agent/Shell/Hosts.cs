using System.Net.Sockets;
using Operone.Agent.Platforms;

namespace Operone.Agent.Shell;

/// <summary>
/// Gives hosts to executions. One host is kept warm: started, and waiting for a folder. A host that has nothing left of its
/// execution comes back, so that a row of short commands starts no host at all.
/// </summary>
internal sealed class Hosts(IHostStarter starter) : IDisposable
{
    private readonly Lock _lock = new();
    private HostLink? _warm;
    private bool _isDisposed;

    /// <summary>Gives the folder to a host. The result is null where the host has to be reached by its socket.</summary>
    /// <exception cref="IOException">No process can be started.</exception>
    public HostLink? Start(ExecutionFolder folder)
    {
        HostLink? warm;
        lock (_lock)
        {
            (warm, _warm) = (_warm, null);
        }

        if (warm is not null)
        {
            if (warm.TrySendFolder(folder.Path))
            {
                return warm;
            }

            warm.Dispose(); // it died while it waited
        }

        if (starter.StartWaiting() is not { } socket)
        {
            starter.StartFor(folder.Path);
            return null;
        }

        var link = new HostLink(new NetworkStream(socket, ownsSocket: true));
        if (link.TrySendFolder(folder.Path))
        {
            return link;
        }

        link.Dispose();
        throw new IOException("The device has started a host, which ended at once; its host.log may say why.");
    }

    /// <summary>Sees to it that there is a warm one.</summary>
    public void KeepWarm()
    {
        lock (_lock)
        {
            if (_warm is null && !_isDisposed)
            {
                try
                {
                    _warm = starter.StartWaiting() is { } socket ? new HostLink(new NetworkStream(socket, ownsSocket: true)) : null;
                }
                catch (IOException)
                {
                    // then the next execution tries for itself, and says why it cannot
                }
            }
        }
    }

    /// <summary>Takes back a host that is ready for another folder.</summary>
    public void Return(HostLink link)
    {
        lock (_lock)
        {
            if (_warm is null && !_isDisposed && !link.WasCancelled)
            {
                _warm = link;
                return;
            }
        }

        link.Dispose();
    }

    /// <summary>Connects to the host of an execution that was started before.</summary>
    /// <exception cref="IOException">There is none, or it does not listen yet.</exception>
    public static HostLink Connect(ExecutionFolder folder) => new(LocalConnection.Connect(folder.Socket));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _warm?.Dispose();
            _warm = null;
        }
    }
}
