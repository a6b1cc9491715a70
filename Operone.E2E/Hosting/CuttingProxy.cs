using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Operone.E2E.Hosting;

/// <summary>A TCP proxy on a loopback port that can be cut: silently, as a firewall that drops, or with refusals, as a machine that is down.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly int _target;
    private readonly int _port;
    private readonly Lock _lock = new();
    private TcpListener? _listener;
    private volatile bool _silent;
    private long _bytes;

    public CuttingProxy(int target)
    {
        _target = target;
        _port = Published.FreePort();
        Listen();
    }

    public string Url => $"http://127.0.0.1:{_port}";

    /// <summary>How many bytes have come to it, from both ends.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>From now on nothing passes.</summary>
    public void Cut(bool silent)
    {
        if (silent)
        {
            // Connections stay open, and new ones are taken; no byte passes.
            _silent = true;
            return;
        }

        lock (_lock)
        {
            _listener?.Stop();
            _listener = null;
        }

        DropAll();
    }

    /// <summary>All passes again, on new connections: what was swallowed is gone.</summary>
    public void Mend()
    {
        DropAll();
        _silent = false;
        lock (_lock)
        {
            if (_listener is null)
            {
                Listen();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        lock (_lock)
        {
            _listener?.Stop();
        }

        DropAll();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
    }

    private void Listen()
    {
        _listener = new(IPAddress.Loopback, _port);
        _listener.Start();
        _tasks.Add(AcceptAsync(_listener));
    }

    private void DropAll()
    {
        foreach (var socket in _sockets.Keys)
        {
            _sockets.TryRemove(socket, out _);
            socket.Dispose();
        }
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                _tasks.Add(RelayAsync(await listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets[near] = true;
        _sockets[far] = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other end is not there: this one ends too.
        }
        finally
        {
            _sockets.TryRemove(near, out _);
            _sockets.TryRemove(far, out _);
            near.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var read)
            {
                Interlocked.Add(ref _bytes, read);

                // What comes while it is cut is lost, as the connection is.
                if (!_silent)
                {
                    await to.SendAsync(buffer.AsMemory(0, read), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
