using System.Buffers;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>What somebody sees of a terminal.</summary>
internal interface ITerminalFace
{
    /// <summary>Columns and rows of the screen; null where there is none.</summary>
    (int Columns, int Rows)? Size { get; }

    /// <summary>Whether the screen must be built again after a connection was lost, because more than what the terminal prints was written to it.</summary>
    bool IsSpoilt { get; }

    /// <summary>A connection stands. With text the screen begins anew with it.</summary>
    void Attached(string? text);

    /// <summary>Bytes that the terminal printed.</summary>
    void Print(ReadOnlySpan<byte> bytes);

    /// <summary>Something else that the server tells.</summary>
    void Tell(TerminalControl control);

    /// <summary>The connection is lost; it is tried again.</summary>
    void Away();
}

/// <summary>How a terminal ended.</summary>
/// <param name="ExitCode">The exit code; null where there is none.</param>
/// <param name="Text">Why, in words.</param>
internal sealed record TerminalEnd(int? ExitCode, string? Text);

/// <summary>What became of following a terminal: its end, or why it cannot be followed; neither where it was left.</summary>
internal readonly record struct TerminalFate(TerminalEnd? End, Error? Error = null);

/// <summary>
/// Attaches to a terminal and follows it to its end, through broken connections and restarts of the server: each time it goes
/// on at the byte where it was.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="id">The terminal.</param>
/// <param name="face">Where it is shown.</param>
/// <param name="time">The clock.</param>
/// <param name="keepsKeys">What is typed while there is no connection waits for one; else it is dropped.</param>
internal sealed class TerminalClient(OperoneApi api, Guid id, ITerminalFace face, TimeProvider time, bool keepsKeys)
{
    private const int MaxControlBytes = 8 * 1024 * 1024;
    private const int MaxFirstAttempts = 4;

    private readonly object _lock = new();
    private readonly byte[] _buffer = new byte[128 * 1024];
    private TerminalSender? _sender;
    private long? _offset;
    private bool _wasAttached, _isOver;
    private volatile bool _isLeaving, _isReattaching;
    private WebSocket? _socket;

    /// <summary>Whether there is no connection now.</summary>
    public bool IsAway
    {
        get
        {
            lock (_lock)
            {
                return _sender is null;
            }
        }
    }

    /// <summary>Follows to the end.</summary>
    /// <param name="offset">Everything before it is on the screen; null where the screen is to be built from nothing.</param>
    /// <param name="cancellationToken">Leaves at once.</param>
    public async Task<TerminalFate> FollowAsync(long? offset, CancellationToken cancellationToken)
    {
        _offset = offset;
        var patience = new Patience(time);
        try
        {
            while (true)
            {
                var opened = await api.ConnectAsync(Address(), cancellationToken);
                if (opened.Error is { } error)
                {
                    if (await JudgeAsync(error, patience.Attempts, cancellationToken) is { } last)
                    {
                        return last;
                    }
                }
                else
                {
                    using var socket = opened.Value;
                    _socket = socket;
                    var end = await ReadAsync(socket, () => patience = new Patience(time), cancellationToken);
                    _socket = null;
                    if (end is not null || _isLeaving)
                    {
                        return new TerminalFate(end);
                    }

                    if (_isReattaching)
                    {
                        _isReattaching = false;
                        continue;
                    }
                }

                face.Away();
                await patience.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Detach(isOver: true);
        }
    }

    /// <summary>Sends what was typed.</summary>
    public void Type(ReadOnlySpan<byte> keys)
    {
        TerminalSender? sender;
        lock (_lock)
        {
            while (_sender is null && keepsKeys && !_isOver)
            {
                Monitor.Wait(_lock);
            }

            sender = _sender;
        }

        sender?.Type(keys);
    }

    /// <summary>Says which size the screen has now.</summary>
    public void Resize()
    {
        TerminalSender? sender;
        lock (_lock)
        {
            sender = _sender;
        }

        if (face.Size is { } size)
        {
            sender?.Resize(Limit(size));
        }
    }

    /// <summary>Attaches anew, where a connection stands, so that the screen is built again.</summary>
    public void Reattach()
    {
        if (_socket is { } socket)
        {
            _isReattaching = true;
            socket.Abort();
        }
    }

    /// <summary>Leaves in order: what was typed is sent, and what the terminal prints is not shown any more. False where there is no connection to close.</summary>
    public bool Leave()
    {
        _isLeaving = true;
        lock (_lock)
        {
            _sender?.Close("left");
            return _sender is not null;
        }
    }

    /// <summary>A size that the server takes.</summary>
    public static (int Columns, int Rows) Limit((int Columns, int Rows) size) =>
        (Math.Clamp(size.Columns, 1, TerminalLimits.MaxSide), Math.Clamp(size.Rows, 1, TerminalLimits.MaxSide));

    private string Address()
    {
        var size = face.Size is { } actual ? Limit(actual) : ((int Columns, int Rows)?)null;
        var offset = _wasAttached && face.IsSpoilt ? null : _offset;
        return $"terminals/{id}/attach" + Shared.Query(("columns", Text(size?.Columns)), ("rows", Text(size?.Rows)), ("offset", Text(offset)));
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    /// <summary>What comes of a connection that could not be made: null where it is tried again.</summary>
    private async Task<TerminalFate?> JudgeAsync(Error error, int attempts, CancellationToken cancellationToken)
    {
        if (error.Kind is ErrorKind.Unauthenticated or ErrorKind.Forbidden or ErrorKind.Invalid)
        {
            return new TerminalFate(null, error);
        }

        if (error.Code != OperoneApi.Unreachable)
        {
            // it may have ended while nobody looked
            var view = await api.GetAsync($"terminals/{id}", OperoneJson.Default.TerminalView, cancellationToken);
            if (!view.IsError && view.Value.Status.IsEnd())
            {
                return new TerminalFate(new TerminalEnd(view.Value.ExitCode, view.Value.Reason));
            }

            if (error.Kind == ErrorKind.NotFound)
            {
                return new TerminalFate(null, error);
            }
        }

        // whoever has never seen the terminal does not wait for long
        return _wasAttached || attempts < MaxFirstAttempts ? null : new TerminalFate(null, error);
    }

    /// <summary>Reads one connection to its end. Null where it broke, or was left.</summary>
    private async Task<TerminalEnd?> ReadAsync(WebSocket socket, Action onAttached, CancellationToken cancellationToken)
    {
        var sender = new TerminalSender(socket);
        var control = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                var received = await ReceiveAsync(socket, cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }

                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    if (!_isLeaving)
                    {
                        face.Print(_buffer.AsSpan(0, received.Count));
                    }

                    _offset += received.Count;
                    continue;
                }

                control.Write(_buffer.AsSpan(0, received.Count));
                if (control.WrittenCount > MaxControlBytes)
                {
                    return null;
                }

                if (received.EndOfMessage)
                {
                    var end = Take(control.WrittenSpan, sender, onAttached);
                    control.ResetWrittenCount();
                    if (end is not null)
                    {
                        return end;
                    }
                }
            }
        }
        finally
        {
            sender.Break();
            Detach(isOver: false);
        }
    }

    private async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(_buffer.AsMemory(), cancellationToken);
        }
        catch (Exception problem) when (!cancellationToken.IsCancellationRequested
            && problem is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // broken off: the same as a close that came too early
            return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, endOfMessage: true);
        }
    }

    private TerminalEnd? Take(ReadOnlySpan<byte> json, TerminalSender sender, Action onAttached)
    {
        TerminalControl? control;
        try
        {
            control = JsonSerializer.Deserialize(json, OperoneJson.Default.TerminalControl);
        }
        catch (JsonException)
        {
            return null;
        }

        switch (control?.Type)
        {
            case TerminalControls.Attached or TerminalControls.Resync:
                _offset = control.Offset ?? _offset;
                _wasAttached = true;
                onAttached();

                // first, because what is typed from now on is for this connection
                Attach(sender);
                face.Attached(control.Text);
                return null;
            case TerminalControls.Ended:
                return new TerminalEnd(control.ExitCode, control.Text);
            case null:
                return null;
            default:
                face.Tell(control);
                return null;
        }
    }

    private void Attach(TerminalSender sender)
    {
        lock (_lock)
        {
            _sender = sender;
            Monitor.PulseAll(_lock);
        }
    }

    private void Detach(bool isOver)
    {
        lock (_lock)
        {
            _sender = null;
            _isOver |= isOver;
            Monitor.PulseAll(_lock);
        }
    }
}
