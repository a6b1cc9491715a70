using System.CommandLine;

namespace Operone.Agent.Cli.Operator;

/// <summary>The operators' commands: what a person or a script does from anywhere, through the REST API.</summary>
internal static class OperatorCommands
{
    /// <summary>Adds them to the root.</summary>
    public static void Add(RootCommand root) => ArgumentNullException.ThrowIfNull(root);
}
