using Operone.Core.Channels;
using Operone.Core.Errors;

namespace Operone.Web.Channels;

/// <summary>What can go wrong with channels, as expected.</summary>
internal static class ChannelErrors
{
    public static Error DeviceOffline(string device) => new(ErrorKind.Conflict, "device-offline", "The device is offline.",
        $"The agent of '{device}' is not connected. Try again when the device is back.");

    public static Error NotJoined(string device) => new(ErrorKind.Unavailable, "channel-not-joined", "The device does not answer.",
        $"The agent of '{device}' was asked for a channel and has not dialled it within {ChannelLimits.JoinSeconds} seconds. Is its connection well? Try again.");

    /// <summary>The code of <see cref="Ended"/>: what the channel is for is over.</summary>
    public const string EndedCode = "channel-refused";

    public static Error Ended(string device, string reason) => new(ErrorKind.Conflict, EndedCode, "The device refused the channel.",
        $"{device}: {reason}");

    public static Error DeviceFull(string device, int most) => new(ErrorKind.Conflict, "channels-device-full", "The device has too many open channels.",
        $"'{device}' has {most} channels open (terminals, streams), which is the most that Operone:Channels:MaxPerDevice allows. Close some.");

    public static Error PersonFull(string person, int most) => new(ErrorKind.Conflict, "channels-person-full", "Too many open channels.",
        $"{person} has {most} channels open (terminals, streams), which is the most that Operone:Channels:MaxPerPerson allows. Close some.");

    public static Error Unknown { get; } = new(ErrorKind.NotFound, "channel-unknown", "There is no such channel.",
        "It was joined already, nobody waits for it any more, or it was made for another device.");

    public static Error NodeGone { get; } = new(ErrorKind.Unavailable, "channel-node-gone", "The node that waits for this channel is not there.",
        "It has stopped, or the nodes cannot talk to each other. Whoever asked for the channel asks again.");

    public static Error WebSocketNeeded { get; } = new(ErrorKind.Invalid, "websocket-needed", "This is a WebSocket.",
        "Ask for it with a WebSocket handshake (RFC 6455).");
}
