using System.Runtime.Versioning;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Windows;

namespace Operone.Agent.Shell.Host;

/// <summary>A host's side of <see cref="HostProtocol"/> on Windows. Nothing that happens here may stop the command.</summary>
[SupportedOSPlatform("windows")]
internal sealed class PipeBells : IDisposable
{
    /// <summary>An agent that restarts connects again; more than this many at once have no use.</summary>
    private const int MaxClients = 4;

    private readonly Lock _lock = new();
    private readonly List<(ILocalEnd End, CancelReader Cancels)> _clients = [];
    private readonly Action<TimeSpan> _cancel;
    private readonly PipeDoor _door;
    private bool _isTurning;
    private bool _hasNews;
    private bool _isClosed;

    /// <summary>Listens in the place of a socket.</summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="cancel">Called with the grace when the agent asks for the end, on whatever thread.</param>
    /// <exception cref="IOException">There is such a pipe already.</exception>
    public PipeBells(string path, Action<TimeSpan> cancel)
    {
        _cancel = cancel;
        lock (_lock)
        {
            _door = new PipeDoor(path, Turn);
        }
    }

    /// <summary>Wakes the agent.</summary>
    public void Ring(byte what)
    {
        lock (_lock)
        {
            _clients.ForEach(c => c.End.Write([what], []));
        }
    }

    /// <summary>Says a last word, and gives whoever listens a moment to take it.</summary>
    public void RingLast(byte what, TimeSpan patience)
    {
        Ring(what);
        SpinWait.SpinUntil(() => { lock (_lock) { return _clients.TrueForAll(c => c.End.IsSent); } }, patience);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _door.Dispose();
            _clients.ForEach(c => c.End.Dispose());
            _clients.Clear();
        }
    }

    /// <summary>Takes whoever has come, and what they say. What comes meanwhile, on this thread too, has its turn afterwards.</summary>
    private void Turn()
    {
        lock (_lock)
        {
            _hasNews = true;
            if (_isTurning)
            {
                return;
            }

            _isTurning = true;
            while (_hasNews && !_isClosed)
            {
                _hasNews = false;
                TakeAll();
            }

            _isTurning = false;
        }
    }

    private void TakeAll()
    {
        while (_door.Accept() is { } end)
        {
            if (_clients.Count == MaxClients)
            {
                Remove(_clients[0]);
            }

            _clients.Add((end, new CancelReader()));
            end.Write([HostProtocol.More], []); // it may have missed everything until now
        }

        Span<byte> buffer = stackalloc byte[64];
        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            int count;
            while ((count = _clients[i].End.Read(buffer)) > 0)
            {
                foreach (var value in buffer[..count])
                {
                    if (_clients[i].Cancels.Take(value) is { } grace)
                    {
                        _cancel(grace);
                    }
                }
            }

            if (count == 0)
            {
                Remove(_clients[i]);
            }
        }
    }

    private void Remove((ILocalEnd End, CancelReader Cancels) client)
    {
        _clients.Remove(client);
        client.End.Dispose();
    }
}
