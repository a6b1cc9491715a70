namespace Operone.Web.Agents;

/// <summary>Wires the agents' hub.</summary>
internal static class AgentsRegistration
{
    public static void AddAgents(this WebApplicationBuilder builder)
    {
        builder.Services.AddSignalR();
        builder.Services.AddSingleton<IAgentSender, AgentSender>();
        builder.Services.AddSingleton<AgentSends>();
    }

    public static void MapAgents(this WebApplication app)
    {
    }
}
