using Microsoft.AspNetCore.SignalR;
using Operone.Core.Connection;
using Operone.Web.Devices;

namespace Operone.Web.Agents;

/// <inheritdoc cref="IAgentSender"/>
internal sealed class AgentSender(IHubContext<AgentHub, IAgentClient> hub, DeviceDirectory devices) : IAgentSender
{
    // SignalR looks a user up by walking all connections; a connection of this node is found at once.
    public IAgentClient To(Guid deviceId) => devices.ConnectionOf(deviceId) is { } connection
        ? hub.Clients.Client(connection)
        : hub.Clients.User(deviceId.ToString());

    public void Disconnect(Guid deviceId)
    {
    }
}
