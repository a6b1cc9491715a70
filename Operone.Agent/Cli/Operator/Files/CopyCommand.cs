using System.CommandLine;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone cp</c>.</summary>
internal static class CopyCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Journey(cli);
        var recursive = new Option<bool>("--recursive", "-r", "-R") { Description = "Folders too, with all that is in them. Links in them are copied as links." };
        var preserve = new Option<bool>("--preserve", "-p") { Description = "Keep times and modes." };
        var noClobber = new Option<bool>("--no-clobber") { Description = "Replace nothing that is there." };
        var update = new Option<bool>("--update", "-u") { Description = "Only what is missing or differs in size or time; keeps times and modes. Say it again to go on with what was not done." };
        var (dryRun, quiet, verbose, retryFor) = (FileArguments.DryRun(), FileArguments.Quiet(), FileArguments.Verbose(), FileArguments.RetryFor());
        var command = new OperatorCommand("cp", "Copy files from and to devices, and between them.",
            """
            A place on a device is DEVICE:PATH, from its top; any other is here (write ./a:b for a name with a colon). Where the target is a
            folder, sources go into it under their names. A source's last name may be a pattern on a device: quote it.

            A transfer goes on where it stood when the connection, the server or an agent was lost, and when the same command is given again
            after this program was ended. The SHA-256 is checked at the end, and a file is in its place only when it is whole.
            From device to device the server brings them, with times and modes, and this shows how far it is: 'operone transfers'.
            Who interrupts this ends it.

            Exit code: 0 all was copied, 1 something was not and the rest was, 2 the command line is wrong.

            Example:
              operone cp backup.tar web1:/srv/
              operone cp -r web1:/etc/nginx ./nginx
              operone cp 'web1:/var/log/*.log' logs/
              operone cp -r --update site web1:/srv/www
              operone cp web1:/srv/db.dump db2:/restore/
            """,
            usage: "operone cp [options] SOURCE... TARGET")
        {
            recursive, preserve, noClobber, update, dryRun, verbose, quiet, retryFor, places,
        };
        command.Validators.Add(FileArguments.NotBothHere(places, "cp(1)"));
        command.Validators.Add(Shared.Check(result => result.GetValue(noClobber) && result.GetValue(update) ? "--no-clobber and --update do not go together" : null));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "cp");
            var options = new CopyOptions(parsed.GetValue(recursive), parsed.GetValue(noClobber), parsed.GetValue(update), Delete: false);
            var settings = new CopySettings(
                parsed.GetValue(preserve) || parsed.GetValue(update), parsed.GetValue(dryRun), parsed.GetValue(quiet), parsed.GetValue(verbose), FileArguments.Window(parsed.GetValue(retryFor)));
            var given = parsed.GetValue(places)!;
            var isFar = given[^1].Device is not null && !settings.IsDryRun;
            foreach (var sources in (await PairAsync(run, given, cancellationToken)).GroupBy(p => p.Source.Device))
            {
                // a link that is named here is followed, and what is refused here is refused as ever
                var far = isFar && sources.Key is not null ? sources.Where(p => (p.Item.Kind == FileKind.File || (p.Item.Kind == FileKind.Folder && options.Recursive))
                    && !(sources.Key == given[^1].Device && p.Target.IsIn(p.Item.Path))).ToArray() : [];
                await new TransferRun(run, settings).RunAsync(
                    api, [.. far.Select(p => ((RemoteFiles)run.SideOf(p.Source), p.Item, (RemoteFiles)run.SideOf(given[^1]), p.Target))], TransferKind.Copy,
                    options.NoClobber ? ConflictRule.Skip : ConflictRule.Overwrite, cancellationToken);
                var plan = new CopyPlan(run.SideOf(sources.First().Source), run.SideOf(given[^1]), options);
                foreach (var (_, item, target) in sources.Except(far))
                {
                    await plan.AddAsync(item, target, cancellationToken);
                }

                await new CopyRun(run, plan, options, settings).RunAsync(cancellationToken);
            }

            cli.OutputText.Flush();
            return run.ExitCode;
        }));
        return command;
    }

    /// <summary>Each source with where it goes: into the target where that is a folder, else to the target itself.</summary>
    public static async Task<List<(Place Source, FileItem Item, TreePath Target)>> PairAsync(FileRun run, Place[] places, CancellationToken cancellationToken)
    {
        var target = places[^1];
        var there = await run.SideOf(target).StatAsync(target.Path, cancellationToken);
        if (there.Error is { } error && error.Code != "file-not-found")
        {
            run.Fail(run.Show(target), error);
            return [];
        }

        var isFolder = !there.IsError && there.Value.IsFolder;
        var found = await run.FindAsync(places[..^1], isMissingFine: false, cancellationToken);
        if (!isFolder && (found.Count > 1 || places.Length > 2 || (target.IsFolder && !(there.IsError && found is [{ Item.IsFolder: true }]))))
        {
            run.Fail(run.Show(target), there.IsError
                ? new(ErrorKind.NotFound, "file-not-found", "There is no such folder.", "")
                : new(ErrorKind.Conflict, FileProblems.WrongKind, "It is no folder.", ""));
            return [];
        }

        var pairs = found.ConvertAll(f => (f.Place, f.Item, Target: !isFolder ? target.Path : (f.Item.Path.IsTop ? f.Place.Device?.Split('/')[^1] : f.Item.Name) is { Length: > 0 } name ? target.Path.Child(name) : target.Path));
        var taken = new HashSet<TreePath>();
        return pairs.FindAll(pair =>
        {
            if (taken.Add(pair.Target))
            {
                return true;
            }

            // as mv(1) and cp(1) have it: the second would destroy the first
            run.Fail(run.Show(pair.Place), new(ErrorKind.Conflict, FileProblems.Exists, "It would replace another one of the sources.", $"{pair.Target} is taken by a source before it."));
            return false;
        });
    }
}
