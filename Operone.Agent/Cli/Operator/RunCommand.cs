using System.CommandLine;
using System.CommandLine.Parsing;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone run</c>: its options, and the request that they make.</summary>
internal static class RunCommand
{
    public const string Name = "run";

    public static Command Create(CliContext cli)
    {
        var devices = new Option<string[]>("--device", "-d") { Description = "This device, by name or id. Give it again, or names joined by commas, for more.", HelpName = "NAME" };
        devices.CompletionSources.Add(Shared.DeviceNames(cli));
        var selector = Shared.Selector();
        var all = new Option<bool>("--all") { Description = "Every device." };
        var permitted = new Option<bool>("--only-permitted") { Description = "Leave out the devices on which you may not run commands, instead of refusing the run." };
        var timeout = Shared.Parsed("--timeout", "TIME", "End the command when it takes longer than this: 30s, 5m, 2h, 1d.", Quantities.ParseDuration);
        var expires = Shared.Parsed("--expires", "TIME", "How long the run waits for a device that is offline. By default 1h.", Quantities.ParseDuration);
        var directory = new Option<string?>("--cwd") { Description = "The working directory, an absolute path on the device. By default the home of the agent's user.", HelpName = "DIR" };
        var environment = new Option<string[]>("--env") { Description = "A variable in the command's environment. Give it again for more.", HelpName = "K=V" };
        var sandbox = new Option<string?>("--sandbox") { Description = "The sandbox profile that holds the command; 'operone sandboxes' lists them.", HelpName = "NAME" };
        var user = new Option<string?>("--run-as") { Description = "The user on the device. By default what the sandbox profile says, else the agent's.", HelpName = "USER" };
        var environments = new Option<string[]>("--environment") { Description = "An environment whose variables and secrets the command gets; 'operone environments' lists them. Give it again for more: a later one wins, --env over all.", HelpName = "NAME" };
        environments.CompletionSources.Add(context => ServerCompletions.Names(cli, "environments", context));
        var script = new Option<string?>("--script") { Description = "Run this local file's text as a script, instead of COMMAND. '-' is standard input.", HelpName = "FILE" };
        var interpreter = new Option<string?>("--interpreter") { Description = "The program on the device that gets the script. By default its '#!' line, else /bin/sh.", HelpName = "P" };
        var limit = Shared.Parsed("--output-limit", "SIZE", "How much output each device may keep: 64KiB, 16MiB, 1GiB. By default 16MiB.", Quantities.ParseSize);
        var noInput = new Option<bool>("--no-stdin", "-n") { Description = "Do not pass standard input along." };
        var json = Shared.Json("Print the run as one JSON object when it has ended, and no output.");
        var detach = new Option<bool>("--detach") { Description = "Print the run's id and leave it running." };
        var stream = new Option<bool>("--stream") { Description = "Stream standard input and output of the one device as they come; the output is not kept." };
        var placement = new PlacementOptions(cli);
        var words = new Argument<string[]>("COMMAND") { Description = "The command. One word is a line for the device's shell; several are a program and its arguments, without a shell.", Arity = ArgumentArity.ZeroOrMore };
        var command = new OperatorCommand(Name, "Run a command on one or many devices, and see its output live.",
            """
            One word is given to the device's shell (sh -c, or cmd /c on Windows), so that pipes and variables work
            there; several words are a program and its arguments, and no shell changes them. Options of operone
            come before the command; '--' makes clear where it begins.

            With one device, its standard output, standard error and exit code are this program's own, and what is
            redirected into standard input is passed along, of any size. More than 64 KiB are streamed; where standard
            output is no terminal then, it is streamed too, and not kept. With several, each line begins with the
            device's name.

            With --any N or what it needs (--cpu, --memory, --disk), Operone chooses among the devices: it takes those
            with room, reserves there what is needed, and holds the command to it. Where there is no room the run waits
            and says why, up to --expires. With needs and without --any it runs on all of the devices at once.

            Ctrl+C cancels the run and waits for its end; a second one leaves at once.

            Exit code: with one device the command's own, 124 when it timed out, 130 when it was cancelled, else 1;
            with several 0 when all succeeded, else 1. 2 when the run could not be made or followed.

            Examples:
              operone run -d web-1 -- uptime
              operone run -d web-1 'df -h / | tail -1'
              operone run -l env=prod --timeout 5m -- systemctl restart nginx
              operone run --all --script check.sh
              operone run -d web-1 --sandbox isolated --script untrusted.sh
              operone run -d web-1 --environment deploy -- ./deploy.sh
              operone run -l role=worker --any 1 --cpu 2 --memory 1Gi -- make -j2
              operone run --all --any 3 --spread zone --prefer disk=ssd -- ./index.sh
              tar c site | operone run -d web-1 'tar x -C /srv'
              cat big | operone run -d a -- gzip | operone run -d b 'gunzip > /data/big'
            """,
            usage: "operone run (-d NAME | -l SELECTOR | --all) [options] [--] COMMAND...")
        {
            devices, selector, all, permitted, timeout, expires, directory, environment, environments, sandbox, user, script, interpreter, limit, noInput, json,
            detach, stream, words,
        };
        foreach (var option in placement.All)
        {
            command.Add(option);
        }

        command.Validators.Add(Shared.Check(result => result.Errors.Any() ? null : placement.Problem(result)));
        command.Validators.Add(Shared.Check(result => Problem(
            result, targets: result.GetResult(devices) is not null || result.GetResult(selector) is not null || result.GetValue(all),
            result.GetValue(words) ?? [], result.GetValue(script), result.GetValue(interpreter), result.GetValue(stream) && (result.GetValue(json) || result.GetValue(detach)))));
        command.SetAction((parsed, cancellationToken) =>
        {
            var variables = Shared.Variables("--env", parsed.GetValue(environment));
            if (variables.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            var given = parsed.GetValue(words) ?? [];
            var request = new CreateRun
            {
                Command = given is [var line] ? line : null,
                Argv = given.Length > 1 ? given : null,
                Interpreter = parsed.GetValue(interpreter),
                Target = new RunTarget(Shared.SplitNames(parsed.GetValue(devices)) is { Length: > 0 } names ? names : null, parsed.GetValue(selector), parsed.GetValue(all),
                    parsed.GetValue(permitted)),
                WorkingDirectory = parsed.GetValue(directory),
                Sandbox = parsed.GetValue(sandbox),
                RunAs = parsed.GetValue(user),
                Environments = parsed.GetValue(environments) is { Length: > 0 } named ? named : null,
                Environment = variables.Value.Count > 0 ? variables.Value : null,
                TimeoutSeconds = parsed.GetValue(timeout)?.TotalSeconds,
                ExpiresInSeconds = parsed.GetValue(expires)?.TotalSeconds,
                OutputLimitBytes = parsed.GetValue(limit),
                Placement = placement.Read(parsed),
            };
            var how = new RunSettings(request, parsed.GetValue(script), !parsed.GetValue(noInput), parsed.GetValue(json), parsed.GetValue(detach), parsed.GetValue(stream));
            return Shared.WithApiAsync(cli, api => new RunSession(cli, api, how).RunAsync(cancellationToken));
        });
        return command;
    }

    private static string? Problem(CommandResult result, bool targets, string[] words, string? script, string? interpreter, bool streamsAway)
    {
        if (result.Errors.Any())
        {
            return null;
        }

        return !targets ? "which devices? Say -d NAME, -l SELECTOR or --all"
            : streamsAway ? "--stream goes with neither --json nor --detach"
            : script is null && words.Length == 0 ? "which command? Put it at the end: operone run -d NAME -- COMMAND"
            : script is null && interpreter is not null ? "--interpreter goes with --script alone"
            : script is not null && words.Length > 0 ? $"--script FILE takes the place of a command, so '{words[0]}' is too much"
            : null;
    }
}

/// <summary>What <c>operone run</c> was told.</summary>
/// <param name="Request">The run, without script and standard input.</param>
/// <param name="ScriptFile">The script's file, or <c>-</c>.</param>
/// <param name="PassInput">Whether standard input may be passed along.</param>
/// <param name="Json">Print the run, not its output.</param>
/// <param name="Detach">Do not wait.</param>
/// <param name="Stream">Stream standard input and output, and keep no output.</param>
/// <param name="Pipeline">Make this pipeline instead.</param>
internal sealed record RunSettings(
    CreateRun Request, string? ScriptFile, bool PassInput, bool Json, bool Detach, bool Stream = false, CreatePipeline? Pipeline = null);
