using System.CommandLine;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone mv</c>.</summary>
internal static class MoveCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Journey(cli);
        var noClobber = new Option<bool>("--no-clobber") { Description = "Replace nothing that is there." };
        var (dryRun, quiet, verbose, retryFor) = (FileArguments.DryRun(), FileArguments.Quiet(), FileArguments.Verbose(), FileArguments.RetryFor());
        var command = new OperatorCommand("mv", "Move files on a device, and from and to devices.",
            """
            Within one device it is a new name, at once. Between devices, from and to here, and between file systems of a device it is a copy
            as by 'operone cp -r -p'; a source is removed for good when all of it has arrived, and stays otherwise. From device to device
            the server brings them, and removes each file once it has arrived: 'operone transfers'.

            Exit code: 0 all was moved, 1 something was not and the rest was, 2 the command line is wrong.

            Example:
              operone mv web1:/srv/site web1:/srv/site.old
              operone mv 'web1:/var/log/*.gz' archive/
            """,
            usage: "operone mv [options] SOURCE... TARGET") { noClobber, dryRun, verbose, quiet, retryFor, places };
        command.Validators.Add(FileArguments.NotBothHere(places, "mv(1)"));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "mv");
            var options = new CopyOptions(Recursive: true, parsed.GetValue(noClobber), Update: false, Delete: false);
            var settings = new CopySettings(
                Preserve: true, parsed.GetValue(dryRun), parsed.GetValue(quiet), parsed.GetValue(verbose), FileArguments.Window(parsed.GetValue(retryFor)));
            var given = parsed.GetValue(places)!;
            foreach (var (source, item, target) in await CopyCommand.PairAsync(run, given, cancellationToken))
            {
                await MoveAsync(run, source, item, given[^1], target, options, settings, cancellationToken);
            }

            cli.OutputText.Flush();
            return run.ExitCode;
        }));
        return command;
    }

    private static async Task MoveAsync(
        FileRun run, Place source, FileItem item, Place to, TreePath target, CopyOptions options, CopySettings settings, CancellationToken cancellationToken)
    {
        var (from, side) = (run.SideOf(source), run.SideOf(to));
        var name = $"{from.Show(item.Path)} -> {side.Show(target)}";
        if (item.Path.IsTop)
        {
            run.Fail(from.Show(item.Path), new(ErrorKind.Conflict, FileProblems.WrongKind, "The top of a device cannot be moved.", ""));
            return;
        }

        if (from is RemoteFiles remote && ReferenceEquals(from, side))
        {
            if (settings.IsDryRun)
            {
                run.Cli.OutputText.WriteLine(CliContext.Plain($"move  {name}"));
                return;
            }

            var moved = await remote.MoveAsync(item.Path, target, !options.NoClobber, cancellationToken);
            if (moved.Error is not { } error)
            {
                if (settings.IsVerbose)
                {
                    run.Cli.OutputText.WriteLine(CliContext.Plain($"move  {name}"));
                }

                return;
            }

            if (options.NoClobber && error.Code == "file-exists")
            {
                return;
            }

            if (error.Code != "other-file-system")
            {
                run.Fail(name, error);
                return;
            }
        }

        if (from is RemoteFiles far && side is RemoteFiles there && !settings.IsDryRun)
        {
            await new TransferRun(run, settings).RunAsync(
                far.Api, [(far, item, there, target)], TransferKind.Move, options.NoClobber ? ConflictRule.Skip : ConflictRule.Overwrite, cancellationToken);
            return;
        }

        var before = run.Failures;
        var plan = new CopyPlan(from, side, options);
        await plan.AddAsync(item, target, cancellationToken);
        await new CopyRun(run, plan, options, settings).RunAsync(cancellationToken);
        if (run.Failures == before && !settings.IsDryRun && plan.Steps.All(s => s.Kind != StepKind.Kept)
            && (await from.RemoveAsync(item.Path, recursive: true, trash: false, cancellationToken)).Error is { } left)
        {
            run.Fail(from.Show(item.Path), left);
        }
    }
}
