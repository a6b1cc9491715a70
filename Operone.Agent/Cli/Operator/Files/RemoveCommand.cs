using System.CommandLine;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone rm</c>.</summary>
internal static class RemoveCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Places(cli, allowLocal: false, "What to remove. The last name may be a pattern: quote it.");
        var recursive = new Option<bool>("--recursive", "-r", "-R") { Description = "Folders too, with all that is in them." };
        var force = new Option<bool>("--force", "-f") { Description = "What is not there is no error." };
        var noTrash = new Option<bool>("--no-trash") { Description = "Remove for good, instead of moving to the device's trash." };
        var (dryRun, verbose) = (FileArguments.DryRun(), FileArguments.Verbose());
        var command = new OperatorCommand("rm", "Remove files on devices.",
            """
            What is removed goes to the device's trash (freedesktop.org's on Linux); where there is none, that is said and nothing is
            removed: say --no-trash.

            Exit code: 0 all was removed, 1 something was not and the rest was, 2 the command line is wrong.

            Example:
              operone rm web1:/srv/old.tar
              operone rm -r --no-trash 'web1:/tmp/build-*'
            """) { places, recursive, force, noTrash, dryRun, verbose };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "rm");
            var (isRecursive, isDry) = (parsed.GetValue(recursive), parsed.GetValue(dryRun));
            foreach (var (place, item) in await run.FindAsync(parsed.GetValue(places)!, parsed.GetValue(force), cancellationToken))
            {
                var side = run.SideOf(place);
                if (item.Kind == FileKind.Folder && !isRecursive)
                {
                    run.Fail(run.Show(place), new(ErrorKind.Conflict, FileProblems.WrongKind, "It is a folder: say -r to remove it with all that is in it.", ""));
                    continue;
                }

                if (!isDry && (await side.RemoveAsync(item.Path, isRecursive, !parsed.GetValue(noTrash), cancellationToken)).Error is { } error)
                {
                    if (!(parsed.GetValue(force) && error.Code == "file-not-found"))
                    {
                        run.Fail(run.Show(place), error);
                    }

                    continue;
                }

                if (isDry || parsed.GetValue(verbose))
                {
                    cli.OutputText.WriteLine(CliContext.Plain($"remove  {run.Show(place)}"));
                }
            }

            cli.OutputText.Flush();
            return run.ExitCode;
        }));
        return command;
    }
}
