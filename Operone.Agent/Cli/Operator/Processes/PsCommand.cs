using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;

namespace Operone.Agent.Cli.Operator.Processes;

/// <summary><c>operone ps</c>.</summary>
internal static class PsCommand
{
    public static Command Create(CliContext cli)
    {
        var device = ProcessCommands.Device(cli);
        var tree = new Option<bool>("--tree") { Description = "Each process behind its parent." };
        var sort = new Option<string?>("--sort") { Description = "By what; with a minus sign the other way around. By default cpu, in a tree pid.", HelpName = "cpu|memory|pid|name|user|started|threads|state" };
        var text = new Option<string?>("--query", "-q") { Description = "Only processes with this in their command, their user's name or as their number.", HelpName = "TEXT" };
        var limit = new Option<int?>("--limit", "-n") { Description = "At most so many.", HelpName = "N" };
        var json = Shared.Json("Print the list as one JSON object, with the arguments of each process.");
        var command = new OperatorCommand("ps", "List the processes of a device.",
            """
            CPU is in per cent of one core, over the last moments. '-' stands for what the device cannot tell.

            Example:
              operone ps web-1 --sort memory -n 20
              operone ps web-1 --tree -q nginx
              operone ps web-1 --json | jq '.processes[] | select(.owner.kind == "run")'
            """) { device, tree, sort, text, limit, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var isTree = parsed.GetValue(tree);
            var path = ProcessCommands.Path(parsed.GetValue(device)!) + Shared.Query(
                ("sort", parsed.GetValue(sort) ?? (isTree ? "pid" : null)), ("tree", isTree ? "true" : null), ("filter", parsed.GetValue(text)),
                ("limit", parsed.GetValue(limit)?.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            var listed = await api.GetJsonAsync(path, cancellationToken);
            if (listed.Error is { } error)
            {
                return cli.Fail(error);
            }

            if (parsed.GetValue(json))
            {
                CliJson.Print(cli, listed.Value);
                return 0;
            }

            var read = api.Read(listed.Value, OperoneJson.Default.ProcessListView);
            if (read.Error is { } malformed)
            {
                return cli.Fail(malformed);
            }

            var (list, now) = (read.Value, cli.Time.GetUtcNow());
            var table = new Table("PID", "USER", "CPU", "MEMORY", "THREADS", "STARTED", "STATE", "OPERONE", "COMMAND");
            foreach (var process in list.Processes)
            {
                table.Add(
                [
                    .. ProcessCommands.Figures(process), process.StartedAt is { } at ? Quantities.FormatRelative(at, now) : "-", process.State.ToString().ToLowerInvariant(),
                    ProcessCommands.Owner(process), new string(' ', 2 * (process.Depth ?? 0)) + process.Command,
                ]);
            }

            table.Print(cli);
            foreach (var missing in list.Missing ?? [])
            {
                cli.Say($"not to be had on {list.Device}: {missing}");
            }

            return 0;
        }));
        return command;
    }
}
