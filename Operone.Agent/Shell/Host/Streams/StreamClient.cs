using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Operone.Agent.Channels;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Streams;

/// <summary>What came from a client.</summary>
internal enum StreamPiece
{
    /// <summary>Nothing whole.</summary>
    None,
    /// <summary>A control message.</summary>
    Control,
    /// <summary>Bytes of the stream, maybe a part of what the client sent at once.</summary>
    Data,
    /// <summary>The client sends no more.</summary>
    Close,
    /// <summary>Something that makes no sense.</summary>
    Nonsense,
}

/// <summary>
/// The local end of a channel to a command's standard input or output. It holds one buffer a direction and no queue: what the
/// pipe or the socket does not take now stays where it is, and the other end waits.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class StreamClient(int fd) : IDisposable
{
    /// <summary>The most bytes in a frame that is sent.</summary>
    public const int MaxDataBytes = 128 * 1024;

    private readonly byte[] _in = GC.AllocateUninitializedArray<byte>(ChannelFrames.HeadBytes + MaxDataBytes);
    private byte[] _out = GC.AllocateUninitializedArray<byte>(ChannelFrames.HeadBytes + MaxDataBytes + 1024);
    private int _inFrom;
    private int _inTo;
    private int _dataLeft;
    private int _outFrom;
    private int _outTo;

    /// <summary>The socket.</summary>
    public int Descriptor => fd;

    /// <summary>Whether nothing more can be read from it or sent to it.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Whether something waits to be sent.</summary>
    public bool HasUnsent => _outFrom < _outTo;

    /// <summary>Reads what has come. To be called where <see cref="Next"/> has given nothing.</summary>
    public void Read()
    {
        if (_inFrom > 0)
        {
            _in.AsSpan(_inFrom, _inTo - _inFrom).CopyTo(_in);
            (_inFrom, _inTo) = (0, _inTo - _inFrom);
        }

        fixed (byte* buffer = _in)
        {
            var count = (int)Libc.Read(fd, buffer + _inTo, (nuint)(_in.Length - _inTo));
            if (count > 0)
            {
                _inTo += count;
            }
            else if (count == 0 || (Libc.LastError != Libc.Again && Libc.LastError != Libc.Interrupted))
            {
                IsGone = true;
            }
        }
    }

    /// <summary>What comes next. Of data, <see cref="Take"/> says how much of it was used; everything else is used at once.</summary>
    public StreamPiece Next(out ReadOnlySpan<byte> data)
    {
        data = [];
        var have = _inTo - _inFrom;
        if (_dataLeft > 0)
        {
            data = _in.AsSpan(_inFrom, Math.Min(have, _dataLeft));
            return have == 0 ? StreamPiece.None : StreamPiece.Data;
        }

        if (have < ChannelFrames.HeadBytes)
        {
            return StreamPiece.None;
        }

        var (kind, length) = ChannelFrames.ReadHead(_in.AsSpan(_inFrom));
        if (kind == ChannelFrames.Data && length > 0)
        {
            _inFrom += ChannelFrames.HeadBytes;
            _dataLeft = length;
            return Next(out data);
        }

        if (kind is not (ChannelFrames.Control or ChannelFrames.Close) || length is < 0 or > ChannelLimits.MaxControlBytes)
        {
            return StreamPiece.Nonsense;
        }

        if (have < ChannelFrames.HeadBytes + length)
        {
            return StreamPiece.None;
        }

        data = _in.AsSpan(_inFrom + ChannelFrames.HeadBytes, length);
        _inFrom += ChannelFrames.HeadBytes + length;
        return kind == ChannelFrames.Control ? StreamPiece.Control : StreamPiece.Close;
    }

    /// <summary>So many bytes of the data are used.</summary>
    public void Take(int count)
    {
        _inFrom += count;
        _dataLeft -= count;
    }

    /// <summary>Room for a frame's data, while nothing waits to be sent.</summary>
    public Span<byte> Room(int bytes)
    {
        (_outFrom, _outTo) = (0, 0);
        Reserve(ChannelFrames.HeadBytes + bytes);
        return _out.AsSpan(ChannelFrames.HeadBytes, bytes);
    }

    /// <summary>So many bytes were put into the room.</summary>
    public void Put(int count)
    {
        if (count > 0)
        {
            ChannelFrames.WriteHead(_out, ChannelFrames.Data, count);
            _outTo = ChannelFrames.HeadBytes + count;
            Send();
        }
    }

    /// <summary>Sends a control message.</summary>
    public void Tell(StreamControl message) => Queue(ChannelFrames.Control, JsonSerializer.SerializeToUtf8Bytes(message, OperoneJson.Default.StreamControl));

    /// <summary>Ends this direction, and says why.</summary>
    public void TellClose(string reason) => Queue(ChannelFrames.Close, Encoding.UTF8.GetBytes(reason));

    /// <summary>Sends what the socket takes.</summary>
    public void Send()
    {
        fixed (byte* data = _out)
        {
            while (HasUnsent && !IsGone)
            {
                var count = (int)Libc.Write(fd, data + _outFrom, (nuint)(_outTo - _outFrom));
                if (count >= 0)
                {
                    _outFrom += count;
                }
                else if (Libc.LastError == Libc.Again)
                {
                    return;
                }
                else if (Libc.LastError != Libc.Interrupted)
                {
                    IsGone = true;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Libc.Close(fd);

    private void Queue(byte kind, byte[] message)
    {
        Reserve(ChannelFrames.HeadBytes + message.Length);
        ChannelFrames.WriteHead(_out.AsSpan(_outTo), kind, message.Length);
        message.CopyTo(_out, _outTo + ChannelFrames.HeadBytes);
        _outTo += ChannelFrames.HeadBytes + message.Length;
        Send();
    }

    private void Reserve(int more)
    {
        if (_outFrom == _outTo)
        {
            (_outFrom, _outTo) = (0, 0);
        }

        if (_outTo + more > _out.Length)
        {
            Array.Resize(ref _out, _outTo + more);
        }
    }
}
