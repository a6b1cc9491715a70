using System.Buffers;
using System.CommandLine;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary><c>operone shell</c>: its options, and the terminal that they open or find.</summary>
internal static class ShellCommand
{
    public const string Name = "shell";

    private static readonly SearchValues<char> ForAShell = SearchValues.Create(" \t\n|&;<>()$`*?");

    public static Command Create(CliContext cli)
    {
        var device = new Argument<string?>("DEVICE") { Description = "The device, by name or id.", Arity = ArgumentArity.ZeroOrOne };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        var words = new Argument<string[]>("COMMAND") { Description = "A program and its arguments, instead of the shell. One word with spaces is a line for /bin/sh.", Arity = ArgumentArity.ZeroOrMore };
        var attach = new Option<string?>("--attach", "-a") { Description = "Come back to this terminal, or join it: its id, or enough of its beginning.", HelpName = "ID" };
        attach.CompletionSources.Add(context => ServerCompletions.Ids(cli, "terminals?ended=false&limit=200", context));
        var user = new Option<string?>("--user", "-u") { Description = "The user on the device. By default what policy says, else the agent's.", HelpName = "USER" };
        var shell = new Option<string?>("--shell") { Description = "The shell's path. By default what policy says, else the user's own.", HelpName = "PATH" };
        var directory = new Option<string?>("--cwd") { Description = "The working directory, an absolute path on the device. By default the user's home.", HelpName = "DIR" };
        var environment = new Option<string[]>("--env") { Description = "A variable in the terminal's environment. Give it again for more.", HelpName = "K=V" };
        var title = new Option<string?>("--title") { Description = "A name for it, for people.", HelpName = "TITLE" };
        var record = new Option<bool>("--record") { Description = "Record it, where policy does not anyway." };
        var escape = new Option<string>("--escape-char", "-e") { Description = "The escape character: one, ^ and a letter, or none.", HelpName = "C", DefaultValueFactory = _ => "~" };
        escape.Validators.Add(result =>
        {
            if (!result.Errors.Any() && !EscapeReader.TryParse(result.GetValueOrDefault<string>()!, out _))
            {
                result.AddError("--escape-char is one character such as ~, or ^ and a letter such as ^], or none");
            }
        });
        var command = new OperatorCommand(Name, "Open a terminal on a device, or come back to one.",
            """
            The terminal belongs to the device: it goes on when this program is left or the connection breaks, and
            when the server or the agent starts again. A lost connection is made again by itself.

            At the start of a line ~. leaves the terminal and ~? lists what else there is.

            Options of operone come before the command; '--' makes clear where it begins. Where standard input is not
            a terminal it is typed into the terminal, and its end is Ctrl+D.

            Exit code: the shell's own, 128 and the number of the signal that ended it; 1 where it has none; 0 when it
            was left; 2 when it could not be opened or followed.

            Examples:
              operone shell web-1
              operone shell web-1 --user deploy --cwd /srv
              operone shell web-1 -- htop
              operone shell --attach 0199a2c4
            """,
            usage: "operone shell (DEVICE [options] [[--] COMMAND...] | --attach ID)")
        {
            device, words, attach, user, shell, directory, environment, title, record, escape,
        };
        command.Validators.Add(Shared.Check(result =>
            result.Errors.Any() || result.GetResult(attach) is { Tokens.Count: 0 } ? null
            : Problem(result.GetValue(device), result.GetValue(attach),
                new Option[] { user, shell, directory, environment, title, record }.FirstOrDefault(o => result.GetResult(o) is not null)?.Name)));
        command.SetAction((parsed, cancellationToken) =>
        {
            var variables = Shared.Variables("--env", parsed.GetValue(environment));
            if (variables.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            _ = EscapeReader.TryParse(parsed.GetValue(escape)!, out var character);
            var request = new CreateTerminal
            {
                Device = parsed.GetValue(device),
                Argv = Program(parsed.GetValue(words) ?? []),
                User = parsed.GetValue(user),
                Shell = parsed.GetValue(shell),
                WorkingDirectory = parsed.GetValue(directory),
                Environment = variables.Value.Count > 0 ? variables.Value : null,
                Title = parsed.GetValue(title),
                Record = parsed.GetValue(record) ? true : null,
            };
            return Shared.WithApiAsync(cli, api => RunAsync(cli, api, request, parsed.GetValue(attach), character, cancellationToken));
        });
        return command;
    }

    private static string? Problem(string? device, string? attach, string? option) =>
        attach is null ? device is null ? "which device? Say its name, or --attach ID to come back to a terminal" : null
        : device is not null ? $"--attach comes back to a terminal that has its device already, so '{device}' is too much"
        : option is not null ? $"{option} is for a new terminal, and --attach comes back to one"
        : null;

    /// <summary>One word that is a line for a shell becomes one, as 'operone run' has it.</summary>
    private static string[]? Program(string[] words) =>
        words.Length == 0 ? null : words is [var line] && line.AsSpan().ContainsAny(ForAShell) ? ["/bin/sh", "-c", line] : words;

    private static async Task<int> RunAsync(CliContext cli, OperoneApi api, CreateTerminal request, string? attach, byte? escape, CancellationToken cancellationToken)
    {
        var terminal = attach is null ? await OpenAsync(cli, api, request, cancellationToken) : await TerminalLookup.FindAsync(api, attach, cancellationToken);
        if (terminal.Error is { } error)
        {
            return cli.Fail(error);
        }

        var view = terminal.Value;
        if (attach is not null && view.Status.IsEnd())
        {
            cli.Say($"the terminal {view.Id} on {view.DeviceName} has ended{(string.IsNullOrWhiteSpace(view.Reason) ? "" : $": {view.Reason}")}");
            return CommandLine.UsageExitCode;
        }

        if (view.Record != RecordMode.Off && cli.ErrorIsTerminal)
        {
            cli.Say("this terminal is recorded");
        }

        using var session = new TerminalSession(cli, api, view, escape);
        return await session.RunAsync(isNew: attach is null, cancellationToken);
    }

    private static Task<Result<TerminalView>> OpenAsync(CliContext cli, OperoneApi api, CreateTerminal request, CancellationToken cancellationToken)
    {
        var size = cli.LocalTerminal().Size is { } actual ? TerminalClient.Limit(actual) : ((int Columns, int Rows)?)null;
        return api.PostAsync(
            "terminals", request with { Columns = size?.Columns, Rows = size?.Rows }, OperoneJson.Default.CreateTerminal, OperoneJson.Default.TerminalView,
            Guid.NewGuid().ToString(), cancellationToken);
    }
}
