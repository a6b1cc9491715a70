using System.Text;
using System.Text.Json;
using Operone.Agent.Channels;
using Operone.Agent.Platforms;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>What a client asks of its terminal.</summary>
internal interface ITerminal
{
    /// <summary>Its width.</summary>
    int Columns { get; }

    /// <summary>Its height.</summary>
    int Rows { get; }

    /// <summary>A client has said what it is, and is given what there is from here on.</summary>
    void Attached(TerminalClient client, TerminalControl hello);

    /// <summary>A client that may has typed.</summary>
    void Typed(ReadOnlySpan<byte> bytes);

    /// <summary>A client that may wants another size.</summary>
    void SizeWanted(int columns, int rows);

    /// <summary>How the screen came about has been forgotten: the program is to draw it again.</summary>
    void Redraw();
}

/// <summary>
/// Somebody's end of a channel at a terminal. What it is sent comes straight out of the <see cref="Scrollback"/>: it has a
/// place in there, and no queue that could grow. One that falls out at the back is told so, and begins afresh.
/// </summary>
internal sealed class TerminalClient(ILocalEnd end, ITerminal terminal, TimeProvider time) : IDisposable
{
    private const int MaxFrameBytes = 64 * 1024;

    /// <summary>Control messages that wait to be sent. Whoever lets more pile up is not there any more.</summary>
    private const int MaxWaiting = 256;

    private static readonly byte[] _read = GC.AllocateUninitializedArray<byte>(128 * 1024);

    private readonly Queue<byte[]> _waiting = new();
    private readonly byte[] _head = new byte[ChannelFrames.HeadBytes];
    private byte[] _unsent = [];
    private byte[]? _control;
    private int _headLength;
    private int _frameLeft;
    private long _acknowledged;
    private int _window;
    private bool _owesSize;
    private TerminalControl? _end;
    private long _progressAt = time.GetTimestamp();

    /// <summary>Its descriptor, for poll(2).</summary>
    public int Descriptor => end.Descriptor;

    /// <summary>Whether it has said what it is.</summary>
    public bool IsAttached { get; private set; }

    /// <summary>Whether it is gone.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Whether what it types counts.</summary>
    public bool MayType { get; private set; }

    /// <summary>The offset of what it is sent next.</summary>
    public long Offset { get; set; }

    /// <summary>Whether the socket takes no more for now.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>For how long nothing has gone to it and nothing was acknowledged.</summary>
    public TimeSpan Still => time.GetElapsedTime(_progressAt);

    /// <summary>Whether all that was to be sent is.</summary>
    public bool IsDone(Scrollback scrollback) => IsGone || (end.IsSent && _unsent.Length == 0 && _waiting.Count == 0 && !_owesSize && _end is null && (!IsAttached || Offset >= scrollback.End));

    /// <summary>Queues a control message.</summary>
    public void Tell(TerminalControl message) => Queue(ChannelFrames.Control, JsonSerializer.SerializeToUtf8Bytes(message, OperoneJson.Default.TerminalControl));

    /// <summary>Tells the terminal's size, as it is when there is room for it: sizes that come quickly do not pile up.</summary>
    public void TellSize() => _owesSize = true;

    /// <summary>Tells that it is over and why, and ends this direction: behind the last of the output.</summary>
    public void TellEnd(TerminalControl last) => _end = last;

    /// <summary>Tells that now, whatever of the output is still to be sent.</summary>
    public void TellEndNow()
    {
        if (_end is { } last)
        {
            _end = null;
            if (IsAttached)
            {
                Tell(last);
            }

            Queue(ChannelFrames.Close, Encoding.UTF8.GetBytes(last.Text ?? ""));
        }
    }

    /// <summary>Reads what has come, and carries it out.</summary>
    public void Read()
    {
        var count = end.Read(_read);
        if (count > 0)
        {
            Take(_read.AsSpan(0, count));
        }

        IsGone |= count == 0;
    }

    /// <summary>Sends what there is and what the socket takes.</summary>
    public void Send(Scrollback scrollback)
    {
        IsBlocked = false;
        while (!IsGone && !IsBlocked)
        {
            if (_unsent.Length > 0)
            {
                _unsent = Write(_unsent, []);
                continue;
            }

            if (_owesSize)
            {
                _owesSize = false;
                Tell(new TerminalControl { Type = TerminalControls.Size, Columns = terminal.Columns, Rows = terminal.Rows });
            }

            if (_waiting.TryDequeue(out var message))
            {
                _unsent = Write(message, []);
            }
            else if (!SendOutput(scrollback))
            {
                if (_end is null || (IsAttached && Offset < scrollback.End))
                {
                    return;
                }

                TellEndNow();
            }
        }
    }

    /// <summary>Begins afresh from where a replay can begin: a reset screen, what brings it to that state, and all bytes from there.</summary>
    public void Replay(Scrollback scrollback, string type)
    {
        var (offset, modes) = scrollback.Replay();
        (Offset, _acknowledged) = (offset, offset);
        Tell(new TerminalControl
        {
            Type = type,
            Columns = terminal.Columns,
            Rows = terminal.Rows,
            Offset = offset,
            Replayed = scrollback.End,
            Text = modes.ToString(),
        });
        if (modes.IsAlternate)
        {
            terminal.Redraw();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => end.Dispose();

    private bool SendOutput(Scrollback scrollback)
    {
        if (!IsAttached)
        {
            return false;
        }

        var room = _window == 0 ? long.MaxValue : _window - (Offset - _acknowledged);
        if (room <= 0)
        {
            return false; // one that acknowledges nothing begins afresh when it does, and not each time that it falls out
        }

        if (Offset < scrollback.Start)
        {
            IsBlocked = !end.CanWrite;
            if (IsBlocked)
            {
                return false; // where it begins afresh is decided when it takes something
            }

            Replay(scrollback, TerminalControls.Resync);
            return true;
        }

        var data = scrollback.From(Offset, (int)Math.Clamp(room, 0, MaxFrameBytes));
        if (data.IsEmpty)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[ChannelFrames.HeadBytes];
        ChannelFrames.WriteHead(head, ChannelFrames.Data, data.Length);
        var before = _unsent;
        _unsent = Write(head, data);
        if (!ReferenceEquals(before, _unsent) && _unsent.Length == head.Length + data.Length)
        {
            _unsent = []; // nothing of it has gone: it stays where it is
            return true;
        }

        Offset += data.Length;
        return true;
    }

    /// <summary>Writes both, and gives what the socket did not take.</summary>
    private byte[] Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var count = end.Write(first, second);
        if (count < 0)
        {
            IsBlocked = true;
            IsGone |= count == ILocalEnd.Gone;
            count = 0;
        }
        else
        {
            _progressAt = time.GetTimestamp();
        }

        if (count == first.Length + second.Length)
        {
            return [];
        }

        IsBlocked = true;
        return count < first.Length ? [.. first[count..], .. second] : second[(count - first.Length)..].ToArray();
    }

    private void Queue(byte kind, byte[] message)
    {
        var frame = new byte[ChannelFrames.HeadBytes + message.Length];
        ChannelFrames.WriteHead(frame, kind, message.Length);
        message.CopyTo(frame, ChannelFrames.HeadBytes);
        _waiting.Enqueue(frame);
        IsGone |= _waiting.Count > MaxWaiting;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !IsGone)
        {
            if (_frameLeft == 0 && _control is null)
            {
                var more = Math.Min(ChannelFrames.HeadBytes - _headLength, bytes.Length);
                bytes[..more].CopyTo(_head.AsSpan(_headLength));
                _headLength += more;
                bytes = bytes[more..];
                if (_headLength == ChannelFrames.HeadBytes)
                {
                    Begin();
                }

                continue;
            }

            var now = bytes[..Math.Min(_frameLeft, bytes.Length)];
            _frameLeft -= now.Length;
            bytes = bytes[now.Length..];
            if (_control is null)
            {
                if (MayType)
                {
                    terminal.Typed(now);
                }
            }
            else
            {
                now.CopyTo(_control.AsSpan(_control.Length - _frameLeft - now.Length));
                EndControl();
            }
        }
    }

    private void Begin()
    {
        var (kind, length) = ChannelFrames.ReadHead(_head);
        _headLength = 0;
        if (kind == ChannelFrames.Data && length > 0 && IsAttached)
        {
            _frameLeft = length;
        }
        else if (kind == ChannelFrames.Control && length is > 0 and <= ChannelLimits.MaxControlBytes)
        {
            (_frameLeft, _control) = (length, new byte[length]);
        }
        else
        {
            IsGone = true; // a close, or nothing that makes sense: either way there is nobody any more
        }
    }

    private void EndControl()
    {
        if (_frameLeft > 0)
        {
            return;
        }

        var text = _control!;
        _control = null;
        TerminalControl? message;
        try
        {
            message = JsonSerializer.Deserialize(text, OperoneJson.Default.TerminalControl);
        }
        catch (JsonException)
        {
            IsGone = true;
            return;
        }

        switch (message?.Type)
        {
            case TerminalControls.Attach when !IsAttached:
                (MayType, _window) = (message.MayType == true, Math.Max(0, message.Window ?? 0));
                terminal.Attached(this, message);
                (IsAttached, _acknowledged) = (true, Offset);
                break;
            case TerminalControls.Ack when message.Offset is { } offset && offset > _acknowledged && offset <= Offset:
                _acknowledged = offset;
                _progressAt = time.GetTimestamp();
                break;
            case TerminalControls.Size when MayType && message is { Columns: { } columns, Rows: { } rows }:
                terminal.SizeWanted(columns, rows);
                break;
            case TerminalControls.Mode when message.MayType is { } mayType:
                MayType = mayType; // from the node: what a client sends as such does not come through it
                break;
        }
    }
}
