using Microsoft.AspNetCore.SignalR;
using Operone.Core.Connection;
using Operone.Web.Devices;

namespace Operone.Web.Agents;

/// <summary>
/// Sends to a device: straight to its connection where that is on this node, else by its id through the backplane. See
/// docs/decisions/0003.
/// </summary>
internal sealed class AgentSender(IHubContext<AgentHub, IAgentClient> hub, DeviceDirectory directory, AgentConnections connections)
    : IAgentSender, IDeviceLink
{
    public IAgentClient To(Guid deviceId) =>
        directory.ConnectionOf(deviceId) is { } connection ? hub.Clients.Client(connection) : hub.Clients.User(deviceId.ToString("D"));

    public void Disconnect(Guid deviceId) => connections.EndSoon(deviceId);

    public void EndHere(Guid deviceId) => connections.EndSoon(deviceId);

    public async Task DismissAsync(Guid deviceId, string reason)
    {
        // The directory has forgotten the device by now, so that this goes by its id, to whichever node it is on.
        await To(deviceId).Leave(reason);
        Disconnect(deviceId);
    }
}
