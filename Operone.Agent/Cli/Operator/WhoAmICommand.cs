using System.CommandLine;
using System.Globalization;
using Operone.Core.Access;
using Operone.Core.Connection;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone whoami</c>.</summary>
internal static class WhoAmICommand
{
    public static Command Create(CliContext cli)
    {
        var json = Shared.Json("Print it as one JSON object.");
        var command = new OperatorCommand("whoami", "Show who you are to the server, and what you may.",
            """
            Permissions are those of what this command line comes with: an API token may have fewer than its owner.

            Example:
              operone whoami
              operone whoami --json | jq -r '.permissions[].permission'
            """) { json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ShowAsync(cli, api, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> ShowAsync(CliContext cli, OperoneApi api, bool json, CancellationToken cancellationToken)
    {
        var answer = await api.GetJsonAsync("me", cancellationToken);
        if (answer.Error is { } error)
        {
            return cli.Fail(error);
        }

        if (json)
        {
            CliJson.Print(cli, answer.Value);
            return 0;
        }

        var read = api.Read(answer.Value, OperoneJson.Default.MeView);
        if (read.Error is { } unreadable)
        {
            return cli.Fail(unreadable);
        }

        var me = read.Value;
        Line(cli, "person", me.DisplayName.Length > 0 ? $"{me.DisplayName} <{me.Email}>" : me.Email);
        Line(cli, "server", api.Url);
        if (me.Session is { } session)
        {
            Line(cli, "session", $"{session.Device}, by {session.Method}, until {Time(session.ExpiresAt)}");
        }
        else if (me.Token is { } token)
        {
            Line(cli, "token", $"{token.Name} ({(token.Kind == TokenKind.Service ? "service" : "personal")}){(token.ExpiresAt is { } end ? $", until {Time(end)}" : ", without end")}");
        }

        Line(cli, "roles", me.Roles.Count > 0 ? string.Join(", ", me.Roles) : "none");
        Line(cli, "teams", me.Teams.Count > 0 ? string.Join(", ", me.Teams) : "none");
        cli.OutputText.WriteLine();
        if (me.Permissions.Count == 0)
        {
            cli.OutputText.WriteLine("May nothing here. Ask an administrator, or make an access request in the console.");
            cli.OutputText.Flush();
            return 0;
        }

        var table = new Table("MAY", "ON", "EXCEPT") { Elastic = 1 };
        foreach (var held in me.Permissions)
        {
            table.Add(held.Permission, held.Everywhere ? "everything" : string.Join(" or ", held.On.Select(Describe)), string.Join(" or ", held.Except.Select(Describe)));
        }

        table.Print(cli);
        return 0;
    }

    private static void Line(CliContext cli, string name, string text) => cli.OutputText.WriteLine($"{name,-9}{CliContext.Plain(text)}");

    private static string Describe(HeldOn on) => (on.Selector.Length == 0 ? "everything" : on.Selector) + (on.Until is { } until ? $" until {Time(until)}" : "");

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";
}
