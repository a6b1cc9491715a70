using System.CommandLine;
using System.Globalization;
using Operone.Core.Connection;
using Operone.Core.Kernel;

namespace Operone.Agent.Cli.Operator.Processes;

/// <summary><c>operone kill</c>.</summary>
internal static class KillCommand
{
    public static Command Create(CliContext cli)
    {
        var device = ProcessCommands.Device(cli);
        var pids = new Argument<int[]>("PID") { Description = "The process's number, as 'operone ps' shows it.", Arity = ArgumentArity.OneOrMore };
        pids.Validators.Add(result =>
        {
            if (result.Tokens.Any(t => !int.TryParse(t.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid < 1))
            {
                result.AddError("PID must be a number of 1 or more");
            }
        });
        var signal = new Option<string?>("--signal", "-s") { Description = "By name or number; by default TERM.", HelpName = "SIGNAL" };
        signal.CompletionSources.Add([.. ProcessSignals.All]);
        signal.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && ProcessSignals.Parse(token.Value) is null)
            {
                result.AddError($"'{token.Value}' is no signal; there are {string.Join(", ", ProcessSignals.All)}, and numbers from 1 to 64");
            }
        });
        var tree = new Option<bool>("--tree") { Description = "And all that descends from it." };
        var command = new OperatorCommand("kill", "Send processes of a device a signal.",
            """
            The process is looked up first, and the signal is bound to it: one that has got its number since gets nothing.
            With --tree and KILL the whole tree is stopped before it is ended, so that none of it starts another.
            Exit code: 0 all got it, 1 some did not, 2 there is no such process, or the command line is wrong.

            Example:
              operone kill web-1 4711
              operone kill web-1 4711 --signal KILL --tree
            """) { device, pids, signal, tree };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var code = 0;
            foreach (var pid in parsed.GetValue(pids)!)
            {
                code = Math.Max(code, await SignalAsync(cli, api, parsed.GetValue(device)!, pid, parsed.GetValue(signal), parsed.GetValue(tree), cancellationToken));
            }

            return code;
        }));
        return command;
    }

    private static async Task<int> SignalAsync(
        CliContext cli, OperoneApi api, string device, int pid, string? signal, bool tree, CancellationToken cancellationToken)
    {
        var path = ProcessCommands.Path(device, string.Create(CultureInfo.InvariantCulture, $"/{pid}"));
        var found = await api.GetAsync(path, OperoneJson.Default.ProcessDetailsView, cancellationToken);
        if (found.Error is { } unknown)
        {
            return cli.Fail(unknown);
        }

        var sent = await api.PostAsync(
            path + "/signal", new SignalProcess(found.Value.Process.Start, signal, tree), OperoneJson.Default.SignalProcess, OperoneJson.Default.ProcessSignalled, null, cancellationToken);
        if (sent.Error is { } error)
        {
            return cli.Fail(error);
        }

        foreach (var process in sent.Value.Signalled)
        {
            cli.OutputText.WriteLine(CommandText.Plain($"{process.Pid} {process.Name}"));
        }

        cli.OutputText.Flush();
        foreach (var process in sent.Value.Failed ?? [])
        {
            cli.Say($"{process.Pid} {CommandText.Plain(process.Name)}: {process.Why}");
        }

        return sent.Value.Failed is { Count: > 0 } ? 1 : 0;
    }
}
