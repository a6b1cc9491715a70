using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Operone.Tests.Hosting;

/// <summary>A way to another port of this machine that a test can shut: open connections break, and new ones are refused.</summary>
internal sealed class TcpGate : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private CancellationTokenSource _open = new();
    private TcpListener _listener = new(IPAddress.Loopback, PostgresServer.FreePort());
    private Task _accepting;

    public TcpGate(int target)
    {
        Target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener, _open.Token);
    }

    /// <summary>The port that it leads to; another one counts for connections to come.</summary>
    public int Target { get; set; }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Breaks what is open, and takes nothing more.</summary>
    public async Task ShutAsync()
    {
        await _open.CancelAsync();
        _listener.Stop();
        foreach (var socket in _sockets.Keys)
        {
            socket.Dispose();
        }

        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Takes connections again.</summary>
    public void Open()
    {
        _open.Dispose();
        _open = new();
        _listener = new(IPAddress.Loopback, Port);
        _listener.Start();
        _accepting = AcceptAsync(_listener, _open.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await ShutAsync();
        _open.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        var carrying = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var near = await listener.AcceptSocketAsync(cancellationToken);
            carrying.RemoveAll(t => t.IsCompleted);
            carrying.Add(CarryAsync(near, cancellationToken));
        }
    }

    private async Task CarryAsync(Socket near, CancellationToken cancellationToken)
    {
        using var mine = near;
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets[near] = _sockets[far] = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, Target, cancellationToken);
            await using var nearStream = new NetworkStream(near, ownsSocket: true);
            await using var farStream = new NetworkStream(far);
            await Task.WhenAny(nearStream.CopyToAsync(farStream, cancellationToken), farStream.CopyToAsync(nearStream, cancellationToken));
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Either end has gone: so has the way between them.
        }
        finally
        {
            _sockets.TryRemove(near, out _);
            _sockets.TryRemove(far, out _);
        }
    }
}
