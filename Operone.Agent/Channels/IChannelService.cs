using System.Net.WebSockets;
using Operone.Core.Channels;

namespace Operone.Agent.Channels;

/// <summary>Something in the agent itself that channels of a purpose are joined to. The rooms below have it.</summary>
internal interface IChannelService
{
    /// <summary>One of <see cref="ChannelPurposes"/>.</summary>
    string Purpose { get; }

    /// <summary>Serves one channel until it is closed. It closes what it has opened, and leaves the WebSocket to who called.</summary>
    Task ServeAsync(OpenChannel channel, WebSocket socket, CancellationToken cancel);
}
