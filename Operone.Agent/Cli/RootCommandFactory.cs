using System.CommandLine;
using Operone.Agent.Cli.Device;
using Operone.Agent.Cli.Operator;
using Operone.Agent.Shell.Host;

namespace Operone.Agent.Cli;

/// <summary>The whole command line of <c>operone</c>: the device's commands and the operators' ones.</summary>
internal static class RootCommandFactory
{
    /// <summary>Builds it.</summary>
    public static RootCommand Create(CliContext cli)
    {
        var root = new RootCommand("Operone: many machines as one. The agent of a device, and the command line of its operators.")
        {
            AgentCommands.Create(),
            HostCommand.Create(),
        };
        OperatorCommands.Add(root, cli);
        return root;
    }
}
