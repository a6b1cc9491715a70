namespace Operone.Core.Channels;

/// <summary>
/// Server to agent: dial channel <paramref name="ChannelId"/> and join it to something on the device. The agent opens a WebSocket
/// (RFC 6455) to <c>/channels/{id}</c> with its own token; binary messages are bytes of the stream, text messages are small
/// control messages in JSON, in one order with the bytes. The closing handshake ends one direction at a time: who has sent
/// its close sends no more and still receives. The close's reason says why.
/// </summary>
/// <param name="ChannelId">Random, and told to this device alone.</param>
/// <param name="Purpose">What sort of thing is joined, see <see cref="ChannelPurposes"/>.</param>
/// <param name="Target">Which one: for a terminal and for standard streams the execution's id.</param>
/// <param name="Hello">The first control message to it, in JSON: what the purpose's room says it is.</param>
/// <param name="Node">The node that waits for the channel, where there are several: the agent names it when it dials.</param>
public sealed record OpenChannel(Guid ChannelId, string Purpose, Guid Target, string Hello, Guid? Node = null);

/// <summary>What channels are for.</summary>
public static class ChannelPurposes
{
    /// <summary>Somebody at a terminal.</summary>
    public const string Terminal = "terminal";
    /// <summary>The standard input of an execution.</summary>
    public const string Stdin = "stdin";
    /// <summary>The standard output of an execution, as it comes.</summary>
    public const string Stdout = "stdout";

    /// <summary>The device's files: calls, one after another, see <see cref="Files.FileCall"/>.</summary>
    public const string Files = "files";

    /// <summary>The device's processes: calls, one after another, as the room Kernel has them.</summary>
    public const string Processes = "processes";

    /// <summary>
    /// Whether an end that answers no ping is dead. One that is held back answers none either, for a ping waits behind what it
    /// does not read: so only where both ends always read.
    /// </summary>
    public static bool AlwaysReads(string purpose) => purpose == Terminal;
}

/// <summary>What holds for every channel.</summary>
public static class ChannelLimits
{
    /// <summary>The path at which an agent dials; the channel's id follows.</summary>
    public const string Path = "/channels";
    /// <summary>How long after it was asked for an agent may join a channel, in seconds.</summary>
    public const int JoinSeconds = 10;
    /// <summary>The largest control message, in bytes of UTF-8.</summary>
    public const int MaxControlBytes = 64 * 1024;
    /// <summary>The most bytes that one end reads at a time.</summary>
    public const int BufferBytes = 128 * 1024;
    /// <summary>The longest reason of a close, in bytes of UTF-8 (RFC 6455, section 5.5).</summary>
    public const int MaxReasonBytes = 123;
}
