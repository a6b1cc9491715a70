using Microsoft.AspNetCore.SignalR;
using Operone.Core.Connection;

namespace Operone.Web.Agents;

/// <summary>The hub of the agents.</summary>
internal sealed class AgentHub : Hub<IAgentClient>
{
}
