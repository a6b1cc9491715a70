using System.CommandLine;
using Operone.Core.Connection;

namespace Operone.Agent.Cli.Operator.Processes;

/// <summary><c>operone top</c>.</summary>
internal static class TopCommand
{
    public static Command Create(CliContext cli)
    {
        var selector = Shared.Selector();
        var sort = new Option<string?>("--sort") { Description = "Who uses most of what; by default cpu.", HelpName = "cpu|memory|threads" };
        sort.AcceptOnlyFromAmong("cpu", "memory", "threads");
        var limit = new Option<int?>("--limit", "-n") { Description = "So many, at most 500; by default 20.", HelpName = "N" };
        var json = Shared.Json("Print the answer as one JSON object.");
        var command = new OperatorCommand("top", "See which processes use most, over many devices.",
            """
            All devices that match are asked at once, for half a minute at most; those that have not answered are named.
            Exit code: 0 all have answered, 1 some have not.

            Example:
              operone top
              operone top -l role=db --sort memory -n 50
            """) { selector, sort, limit, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var path = "processes/top" + Shared.Query(
                ("selector", parsed.GetValue(selector)), ("by", parsed.GetValue(sort)), ("limit", (parsed.GetValue(limit) ?? 20).ToString(System.Globalization.CultureInfo.InvariantCulture)));
            var asked = await api.GetJsonAsync(path, cancellationToken);
            var read = asked.Error ?? api.Read(asked.Value, OperoneJson.Default.TopView).Error;
            if (read is { } error)
            {
                return cli.Fail(error);
            }

            var top = api.Read(asked.Value, OperoneJson.Default.TopView).Value;
            if (parsed.GetValue(json))
            {
                CliJson.Print(cli, asked.Value);
            }
            else
            {
                var table = new Table("DEVICE", "PID", "USER", "CPU", "MEMORY", "THREADS", "OPERONE", "COMMAND");
                foreach (var found in top.Processes)
                {
                    table.Add([found.Device, .. ProcessCommands.Figures(found.Process), ProcessCommands.Owner(found.Process), found.Process.Command]);
                }

                table.Print(cli);
            }

            if (top.Answered == top.Devices)
            {
                return 0;
            }

            cli.Say($"{top.Devices - top.Answered} of {top.Devices} devices have not answered");
            foreach (var silent in top.Silent)
            {
                cli.Say($"{silent.Device}: {silent.Reason}");
            }

            return 1;
        }));
        return command;
    }
}
