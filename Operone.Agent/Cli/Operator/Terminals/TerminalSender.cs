using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>
/// Sends what is typed over one connection, at once and on the thread that read it where the network takes it. While it does
/// not, a bounded amount waits, and then whoever types.
/// </summary>
internal sealed class TerminalSender(WebSocket socket)
{
    /// <summary>How much may wait, in bytes.</summary>
    public const int MaxWaiting = 256 * 1024;

    private readonly object _lock = new();
    private byte[] _waiting = new byte[4096];
    private byte[] _sending = new byte[4096];
    private int _count;
    private (int Columns, int Rows)? _size;
    private string? _closing;
    private bool _busy, _broken;

    /// <summary>Sends keys. Waits where too much waits already.</summary>
    public void Type(ReadOnlySpan<byte> keys)
    {
        while (keys.Length > 0)
        {
            lock (_lock)
            {
                while (_count == MaxWaiting && !_broken)
                {
                    Monitor.Wait(_lock);
                }

                if (_broken)
                {
                    return;
                }

                var now = Math.Min(keys.Length, MaxWaiting - _count);
                if (_count + now > _waiting.Length)
                {
                    Array.Resize(ref _waiting, Math.Min(MaxWaiting, Math.Max(2 * _waiting.Length, _count + now)));
                }

                keys[..now].CopyTo(_waiting.AsSpan(_count));
                _count += now;
                keys = keys[now..];
            }

            Start();
        }
    }

    /// <summary>Says which size the screen has.</summary>
    public void Resize((int Columns, int Rows) size)
    {
        lock (_lock)
        {
            _size = size;
        }

        Start();
    }

    /// <summary>Closes this direction when all has been sent.</summary>
    public void Close(string reason)
    {
        lock (_lock)
        {
            _closing = reason;
        }

        Start();
    }

    /// <summary>The connection has gone: whoever waits, waits no longer.</summary>
    public void Break()
    {
        lock (_lock)
        {
            _broken = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Start()
    {
        lock (_lock)
        {
            if (_busy || _broken)
            {
                return;
            }

            _busy = true;
        }

        _ = SendAsync();
    }

    private async Task SendAsync()
    {
        try
        {
            while (Next(out var bytes) is { } type)
            {
                if (type == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, _closing, CancellationToken.None);
                    return;
                }

                await socket.SendAsync(bytes, type, endOfMessage: true, CancellationToken.None);
            }
        }
        catch (Exception problem) when (problem is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // whoever reads from the connection learns it too, and does something about it
            Break();
            socket.Abort();
        }
    }

    /// <summary>The next message; null where there is none.</summary>
    private WebSocketMessageType? Next(out ReadOnlyMemory<byte> bytes)
    {
        lock (_lock)
        {
            bytes = default;
            if (_broken)
            {
                return null;
            }

            if (_size is { } size)
            {
                _size = null;
                var control = new TerminalControl { Type = TerminalControls.Size, Columns = size.Columns, Rows = size.Rows };
                bytes = JsonSerializer.SerializeToUtf8Bytes(control, OperoneJson.Default.TerminalControl);
                return WebSocketMessageType.Text;
            }

            if (_count > 0)
            {
                (_sending, _waiting) = (_waiting, _sending);
                bytes = _sending.AsMemory(0, _count);
                _count = 0;
                Monitor.PulseAll(_lock);
                return WebSocketMessageType.Binary;
            }

            _busy = false;
            if (_closing is null)
            {
                return null;
            }

            _broken = true;
            Monitor.PulseAll(_lock);
            return WebSocketMessageType.Close;
        }
    }
}
