using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary><c>operone terminals</c>: lists and ends terminals.</summary>
internal static class TerminalsCommand
{
    public static Command Create(CliContext cli)
    {
        var all = new Option<bool>("--all") { Description = "Those that have ended as well." };
        var limit = new Option<int>("--limit") { Description = "How many, the latest first.", HelpName = "N", DefaultValueFactory = _ => 200 };
        limit.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--limit must be at least 1");
            }
        });
        var json = Shared.Json("Print the terminals as one JSON array.");
        var command = new OperatorCommand("terminals", "List terminals, and end them.",
            """
            A terminal goes on when nobody is at it. 'operone shell --attach ID' comes back to one.

            Example:
              operone terminals
              operone terminals --all --limit 20
              operone terminals end 0199a2c4
            """,
            usage: "operone terminals [options]") { all, limit, json };
        command.Subcommands.Add(CreateEnd(cli));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
            ListAsync(cli, api, parsed.GetValue(all), parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateEnd(CliContext cli)
    {
        var terminal = new Argument<string>("ID") { Description = "The terminal's id, or enough of its beginning, as 'operone terminals' shows it." };
        TerminalLookup.Complete(terminal, cli);
        var command = new OperatorCommand("end", "End a terminal, and all that runs in it.",
            """
            Its shell is told that its terminal has gone (SIGHUP), and is killed where it does not go.

            Example:
              operone terminals end 0199a2c4
            """) { terminal };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var found = await TerminalLookup.FindAsync(api, parsed.GetValue(terminal)!, cancellationToken);
            if (found.Error is { } unknown)
            {
                return cli.Fail(unknown);
            }

            var ended = await api.PostAsync($"terminals/{found.Value.Id}/end", cancellationToken);
            if (ended.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say($"the terminal {found.Value.Id} on {found.Value.DeviceName} is being ended");
            return 0;
        }));
        return command;
    }

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, bool all, int limit, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return await Listing.PrintAsync(
            cli, api, "terminals" + Shared.Query(("ended", all ? null : "false")), limit, json, new Table("TERMINAL", "DEVICE", "OWNER", "STATE", "SINCE", "PEOPLE", "TITLE"),
            all ? "there are no terminals yet; 'operone shell DEVICE' opens one" : "no terminal is open; 'operone shell DEVICE' opens one", OperoneJson.Default.TerminalView, t => Row(t, now),
            cancellationToken);
    }

    private static Cell[] Row(TerminalView terminal, DateTimeOffset now) =>
    [
        terminal.Id.ToString(),
        terminal.DeviceName,
        terminal.Owner,
        new(terminal.Status.ToText(), terminal.Status switch
        {
            ExecutionStatus.Running => Tone.Good,
            ExecutionStatus.Queued or ExecutionStatus.Starting => Tone.Busy,
            ExecutionStatus.Lost or ExecutionStatus.Refused => Tone.Bad,
            _ => Tone.Off,
        }),
        Quantities.FormatRelative(terminal.EndedAt ?? terminal.CreatedAt, now),
        $"{terminal.People.Count}",
        terminal.Title is { Length: > 0 } title ? title : terminal.Command,
    ];
}
