using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// A host's side of <see cref="HostProtocol"/>: the stream that it was started with, the socket in the folder, and who is
/// connected to it. Nothing that happens here may stop the command.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class Bells
{
    /// <summary>An agent that restarts connects again; more than this many at once have no use.</summary>
    private const int MaxClients = 4;

    private readonly List<Client> _clients = [];
    private int _listener = -1;

    /// <summary>The listening socket, or -1.</summary>
    public int Listener => _listener;

    /// <summary>Who is connected.</summary>
    public IReadOnlyList<int> Descriptors => _descriptors;

    private readonly List<int> _descriptors = [];

    /// <summary>Adds the stream that the host was started with.</summary>
    public void Add(int fd)
    {
        Libc.DoNotBlock(fd);
        _clients.Add(new Client(fd));
        _descriptors.Add(fd);
    }

    /// <summary>Listens on a Unix socket. Where that cannot be, the agent still finds the files.</summary>
    public void Listen(string path)
    {
        if (_listener < 0)
        {
            _listener = Libc.ListenOn(path, MaxClients);
        }
    }

    /// <summary>Takes a new connection; the oldest one gives way.</summary>
    public void Accept()
    {
        var fd = Libc.Accept(_listener, null, null);
        if (fd < 0)
        {
            return;
        }

        Libc.DoNotInherit(fd);
        if (_clients.Count == MaxClients)
        {
            Remove(_clients[0]);
        }

        Add(fd);
        // it may have missed everything until now
        Libc.TrySend(fd, HostProtocol.More);
    }

    /// <summary>Reads what an agent says. Gives the grace of a cancel, or null.</summary>
    public TimeSpan? Read(int fd)
    {
        var client = _clients.Find(c => c.Fd == fd);
        if (client is null)
        {
            return null;
        }

        var buffer = stackalloc byte[64];
        var count = (int)Libc.Read(fd, buffer, 64);
        if (count == 0 || (count < 0 && Libc.LastError != Libc.Again && Libc.LastError != Libc.Interrupted))
        {
            Remove(client);
            return null;
        }

        TimeSpan? grace = null;
        for (var i = 0; i < count; i++)
        {
            grace = client.Cancels.Take(buffer[i]) ?? grace;
        }

        return grace;
    }

    /// <summary>Wakes the agent.</summary>
    public void Ring(byte what)
    {
        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            if (!Libc.TrySend(_clients[i].Fd, what))
            {
                Remove(_clients[i]);
            }
        }
    }

    /// <summary>Whether the stream that the host was started with is still there.</summary>
    public bool Has(int fd) => _descriptors.Contains(fd);

    /// <summary>Stops listening, and lets everybody but the first stream go.</summary>
    public void Close()
    {
        if (_listener >= 0)
        {
            Libc.Close(_listener);
            _listener = -1;
        }

        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            if (_clients[i].Fd != 0)
            {
                Remove(_clients[i]);
            }
        }
    }

    private void Remove(Client client)
    {
        _clients.Remove(client);
        _descriptors.Remove(client.Fd);
        if (client.Fd == 0)
        {
            UnixHost.CloseStandardInput();
        }
        else
        {
            Libc.Close(client.Fd);
        }
    }

    /// <summary>One connection, and the part of a message that has come so far.</summary>
    private sealed class Client(int fd)
    {
        public int Fd => fd;

        public CancelReader Cancels { get; } = new();
    }
}
