namespace Operone.Agent.Shell;

/// <summary>
/// What the agent and a host say to each other over a stream: the host's standard input (a socket on Unix), or the
/// socket <c>s</c> in the execution's folder. All that matters is in the folder's files; this only wakes the other side.
/// <list type="bullet">
/// <item>Agent to host, on standard input alone and first: the folder's path in UTF-8 and a line feed. End of file instead: exit.</item>
/// <item>Agent to host, then, or on the socket at any time: <see cref="Cancel"/> and the grace as 4 bytes, milliseconds, little endian.</item>
/// <item>Host to agent, one byte each: <see cref="More"/>, <see cref="Ended"/>, <see cref="Ready"/>. A byte that does not fit is dropped: then others are waiting.</item>
/// </list>
/// </summary>
internal static class HostProtocol
{
    /// <summary>End the process tree; 4 bytes of grace follow.</summary>
    public const byte Cancel = (byte)'c';

    /// <summary>There is more: the command has started, or has written output.</summary>
    public const byte More = (byte)'m';

    /// <summary>The end is written.</summary>
    public const byte Ended = (byte)'e';

    /// <summary>The host has nothing left of its execution, and takes another folder on the same stream.</summary>
    public const byte Ready = (byte)'r';

    /// <summary>The length of a <see cref="Cancel"/> message, in bytes.</summary>
    public const int CancelBytes = 5;

    /// <summary>The longest path of a Unix socket, in bytes, with the end (sun_path in unix(7) has 108, in macOS 104).</summary>
    public static int MaxSocketPathBytes => OperatingSystem.IsMacOS() ? 104 : 108;
}
