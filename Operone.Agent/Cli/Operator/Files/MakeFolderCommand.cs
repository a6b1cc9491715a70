using System.CommandLine;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone mkdir</c>.</summary>
internal static class MakeFolderCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Places(cli, allowLocal: false, "Folders to make.");
        var parents = new Option<bool>("--parents", "-p") { Description = "Make the folders above too; it may be there already." };
        var command = new OperatorCommand("mkdir", "Make folders on devices.",
            """
            Exit code: 0 all were made, 1 one was not and the rest were, 2 the command line is wrong.

            Example:
              operone mkdir -p web1:/srv/www/site
            """) { places, parents };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "mkdir");
            foreach (var place in parsed.GetValue(places)!)
            {
                if ((await run.SideOf(place).MakeFolderAsync(place.Path, parsed.GetValue(parents), cancellationToken)).Error is { } error)
                {
                    run.Fail(run.Show(place), error);
                }
            }

            return run.ExitCode;
        }));
        return command;
    }
}
