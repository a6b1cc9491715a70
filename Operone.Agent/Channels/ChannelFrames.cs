using System.Buffers.Binary;

namespace Operone.Agent.Channels;

/// <summary>
/// How a channel's messages go over a local stream socket, between the agent and whatever on the device a channel is joined
/// to: one byte for the kind, four for the length, little endian, and that many bytes. The agent hands them on between this
/// and the channel's WebSocket, and looks into none of them.
/// </summary>
internal static class ChannelFrames
{
    /// <summary>The length of a frame's head, in bytes.</summary>
    public const int HeadBytes = 5;

    /// <summary>Bytes of the stream.</summary>
    public const byte Data = (byte)'d';

    /// <summary>A control message: JSON in UTF-8, at most <see cref="Core.Channels.ChannelLimits.MaxControlBytes"/>.</summary>
    public const byte Control = (byte)'c';

    /// <summary>No more comes from this side; the data is the reason in UTF-8, or nothing.</summary>
    public const byte Close = (byte)'x';

    /// <summary>Writes a head.</summary>
    public static void WriteHead(Span<byte> to, byte kind, int length)
    {
        to[0] = kind;
        BinaryPrimitives.WriteInt32LittleEndian(to[1..], length);
    }

    /// <summary>Reads a head.</summary>
    public static (byte Kind, int Length) ReadHead(ReadOnlySpan<byte> head) => (head[0], BinaryPrimitives.ReadInt32LittleEndian(head[1..]));
}
