using System.CommandLine;

namespace Operone.Agent.Cli;

/// <summary><c>operone agent ...</c>: what is done on the device itself.</summary>
internal static class AgentCommands
{
    /// <summary>Builds the command with all that is under it.</summary>
    public static Command Create() => new("agent", "Make this machine a device: enrol it, run its agent, see how it is, take it out.");
}
