using System.CommandLine;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone sync</c>.</summary>
internal static class SyncCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Journey(cli, isPair: true);
        var delete = new Option<bool>("--delete") { Description = "Remove from the target, for good, what the source does not have." };
        var (dryRun, quiet, verbose, retryFor) = (FileArguments.DryRun(), FileArguments.Quiet(), FileArguments.Verbose(), FileArguments.RetryFor());
        var command = new OperatorCommand("sync", "Make a folder like another one, on devices or here.",
            """
            What is in SOURCE comes into TARGET: files that are missing or differ in size or time, with times and modes. Of a large file of which the
            other end has an older version only what differs is sent. The target is made where it is not there. Where something could not be
            copied nothing is removed.
            Exit code: 0 they are alike, 1 something failed and the rest was done, 2 the command line is wrong.

            Example:
              operone sync --dry-run --delete site web1:/srv/www/site
              operone sync web1:/srv/data ./data
              operone sync web1:/srv/www web2:/srv/www
            """,
            usage: "operone sync [options] SOURCE TARGET") { delete, dryRun, verbose, quiet, retryFor, places };
        command.Validators.Add(FileArguments.NotBothHere(places, "rsync(1)"));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "sync");
            var (source, target) = (parsed.GetValue(places)![0], parsed.GetValue(places)![1]);
            var item = await run.SideOf(source).StatAsync(source.Path, cancellationToken);
            if (item.Error is { } error || !item.Value.IsFolder)
            {
                run.Fail(run.Show(source), item.Error ?? new Error(ErrorKind.Conflict, FileProblems.WrongKind, "It is no folder.", ""));
                return run.ExitCode;
            }

            var options = new CopyOptions(Recursive: true, NoClobber: false, Update: true, parsed.GetValue(delete));
            var plan = new CopyPlan(run.SideOf(source), run.SideOf(target), options);
            await plan.AddAsync(item.Value, target.Path, cancellationToken);
            await new CopyRun(run, plan, options, new CopySettings(
                Preserve: true, parsed.GetValue(dryRun), parsed.GetValue(quiet), parsed.GetValue(verbose), FileArguments.Window(parsed.GetValue(retryFor)))).RunAsync(cancellationToken);
            cli.OutputText.Flush();
            return run.ExitCode;
        }));
        return command;
    }
}
