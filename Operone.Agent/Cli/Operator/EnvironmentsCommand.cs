using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone environments</c>: lists, shows, sets and removes the named sets of variables that runs get.</summary>
internal static class EnvironmentsCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("environments", "List, show, set and remove environments: named variables and secrets for runs.")
        {
            CreateList(cli), CreateShow(cli), EnvironmentSetCommand.Create(cli), CreateRemove(cli),
        };
        command.Aliases.Add("environment");
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, null, json: false, cancellationToken)));
        return command;
    }

    /// <summary>The argument NAME.</summary>
    public static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "The environment's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "environments", context));
        return name;
    }

    /// <summary>An environment's address.</summary>
    public static string Path(string name) => "environments/" + Uri.EscapeDataString(name);

    private static OperatorCommand CreateList(CliContext cli)
    {
        var text = new Option<string?>("--query", "-q") { Description = "Only environments whose name contains this text.", HelpName = "TEXT" };
        var json = Shared.Json("Print the environments as one JSON array. Of secrets there are the names alone.");
        var command = new OperatorCommand("list", "List the environments that you may use.",
            """
            Example:
              operone environments list
              operone environments list -q deploy --json
            """) { text, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
            ListAsync(cli, api, parsed.GetValue(text), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateShow(CliContext cli)
    {
        var name = Name(cli);
        var json = Shared.Json("Print it as one JSON object.");
        var command = new OperatorCommand("show", "Show an environment's variables, and the names of its secrets.",
            """
            Example:
              operone environments show deploy
            """) { name, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
            ShowAsync(cli, api, parsed.GetValue(name)!, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateRemove(CliContext cli) => Shared.Remove(
        cli, "remove", "Remove an environment, with its secrets.",
        """
        Runs that were made with it keep what they were given.

        Example:
          operone environments remove deploy
        """, Name(cli), Path);

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, string? text, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return await Listing.PrintAsync(
            cli, api, "environments" + Shared.Query(("q", text)), null, json, new Table("NAME", "DEVICES", "VARIABLES", "SECRETS", "CHANGED", "WHAT FOR"),
            text is null ? "there are no environments; 'operone environments set NAME' makes one" : "no environment matches", OperoneJson.Default.EnvironmentView, one =>
            [
                one.Name, one.Selector.Length == 0 ? new Cell("all", Tone.Off) : one.Selector, one.Variables.Count.ToString(CultureInfo.InvariantCulture),
                one.Secrets.Count.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(one.UpdatedAt, now), one.Description,
            ], cancellationToken);
    }

    private static async Task<int> ShowAsync(CliContext cli, OperoneApi api, string name, bool json, CancellationToken cancellationToken)
    {
        var got = await api.GetJsonAsync(Path(name), cancellationToken);
        if (got.Error is { } error)
        {
            return cli.Fail(error);
        }

        if (json)
        {
            CliJson.Print(cli, got.Value);
            return 0;
        }

        var read = api.Read(got.Value, OperoneJson.Default.EnvironmentView);
        if (read.Error is { } unreadable)
        {
            return cli.Fail(unreadable);
        }

        var environment = read.Value;
        cli.Say($"'{environment.Name}' ({environment.Id}){(environment.Description.Length > 0 ? $": {environment.Description}" : "")}");
        cli.Say($"for {(environment.Selector.Length == 0 ? "all devices" : $"devices with {environment.Selector}")}; changed by {environment.UpdatedBy} {Quantities.FormatRelative(environment.UpdatedAt, cli.Time.GetUtcNow())}");
        var table = new Table("VARIABLE", "VALUE");
        foreach (var (variable, value) in environment.Variables)
        {
            table.Add(variable, value);
        }

        foreach (var secret in environment.Secrets)
        {
            table.Add(secret, new Cell(AppliedEnvironment.Mask, Tone.Off));
        }

        table.Print(cli);
        return 0;
    }
}
