using System.CommandLine;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>The commands for files on devices.</summary>
internal static class FileCommands
{
    /// <summary>Adds them to the root.</summary>
    public static void Add(RootCommand root, CliContext cli)
    {
        root.Add(ListCommand.Create(cli));
        root.Add(CatCommand.Create(cli));
        root.Add(CopyCommand.Create(cli));
    }
}
