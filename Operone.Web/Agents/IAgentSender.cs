using Operone.Core.Connection;

namespace Operone.Web.Agents;

/// <summary>Sends to a device, wherever it is connected. A send to one that is not connected goes nowhere.</summary>
internal interface IAgentSender
{
    IAgentClient To(Guid deviceId);

    /// <summary>Ends the device's connection, if there is one: it was removed.</summary>
    void Disconnect(Guid deviceId);
}
