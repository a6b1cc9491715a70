using System.Reflection;

namespace Operone.Agent;

/// <summary>The agent's version.</summary>
internal static class AgentVersion
{
    /// <summary>As text, for example <c>0.1.0</c>.</summary>
    public static string Text { get; } =
        typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
