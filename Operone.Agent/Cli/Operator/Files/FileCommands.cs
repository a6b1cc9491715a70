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
        root.Add(MoveCommand.Create(cli));
        root.Add(RemoveCommand.Create(cli));
        root.Add(MakeFolderCommand.Create(cli));
        root.Add(FindCommand.Create(cli));
        root.Add(SearchCommand.Create(cli));
        root.Add(SyncCommand.Create(cli));
        root.Add(TransfersCommand.Create(cli));
        root.Add(UnpackCommand.Create(cli));
        root.Add(MountsCommand.Create(cli));
    }
}
