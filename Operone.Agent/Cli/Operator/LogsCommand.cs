using System.CommandLine;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone logs</c>.</summary>
internal static class LogsCommand
{
    /// <summary>Both streams.</summary>
    public const string Both = "both";

    public static Command Create(CliContext cli)
    {
        var run = Shared.Run(cli);
        var device = new Argument<string?>("DEVICE") { Description = "Only this device, by name or id.", Arity = ArgumentArity.ZeroOrOne };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        var stream = new Option<string>("--stream") { Description = "Which of the two streams.", HelpName = "stdout|stderr|both", DefaultValueFactory = _ => Both };
        stream.AcceptOnlyFromAmong("stdout", "stderr", Both);
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the run has ended." };
        var command = new OperatorCommand("logs", "Print what a run has written, as far as it is stored.",
            """
            Everything goes to standard output. With --stream and one device these are the exact bytes that the
            command wrote; 'both' has them in the order in which they arrived.

            Example:
              operone logs 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
              operone logs 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c web-1 --stream stdout > dump.sql
            """) { run, device, stream, follow };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => PrintAsync(
            cli, api, parsed.GetValue(run), parsed.GetValue(device), parsed.GetValue(stream)!, parsed.GetValue(follow), cancellationToken)));
        return command;
    }

    /// <summary>Prints it.</summary>
    public static async Task<int> PrintAsync(
        CliContext cli, OperoneApi api, Guid id, string? device, string stream, bool follow, CancellationToken cancellationToken)
    {
        var run = await api.GetAsync($"runs/{id}", OperoneJson.Default.RunView, cancellationToken);
        if (run.Error is { } error)
        {
            return cli.Fail(error);
        }

        var all = run.Value.Executions ?? [];
        var chosen = all.Where(e => device is null || Names(device, e.DeviceName, e.DeviceId)).ToList();
        if (chosen.Count == 0)
        {
            return cli.Fail(new Error(ErrorKind.NotFound, "device-not-in-run", $"'{device}' is not among the devices of this run.",
                all.Count <= 10 ? $"They are: {string.Join(", ", all.Select(e => e.DeviceName))}." : $"See 'operone logs {id}' for all of them."));
        }

        IRunOutput output = chosen.Count == 1
            ? new RawOutput(cli.Output, cli.Output)
            : new PrefixedOutput(chosen.Select(e => e.DeviceName), cli.Output, cli.Output, cli.OutputHasColour, cli.OutputHasColour);
        var problem = follow
            ? await FollowAsync(cli, api, id, device, stream, output, cancellationToken)
            : await PrintStoredAsync(cli, api, id, chosen, stream, output, cancellationToken);
        output.Complete();
        return problem is null ? 0 : cli.Fail(problem);
    }

    private static async Task<Error?> PrintStoredAsync(
        CliContext cli, OperoneApi api, Guid id, List<ExecutionView> executions, string stream, IRunOutput output, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        foreach (var execution in executions)
        {
            var path = $"runs/{id}/executions/{execution.DeviceId}/{(stream == Both ? "output" : stream)}";
            var opened = await api.OpenAsync(path, null, cancellationToken);
            if (opened.Error is { } error)
            {
                return error;
            }

            using var response = opened.Value;
            if (response.Headers.TryGetValues("Operone-Let-Go", out var words))
            {
                cli.Say($"{execution.DeviceName}: {string.Join(' ', words)}");
            }

            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                int read;
                try
                {
                    read = await body.ReadAsync(buffer, cancellationToken);
                }
                catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
                {
                    return api.Explain(e, cancellationToken);
                }

                if (read == 0)
                {
                    break;
                }

                output.Write(execution.DeviceName, OutputStream.Stdout, buffer.AsSpan(0, read));
            }
        }

        return null;
    }

    private static Task<Error?> FollowAsync(
        CliContext cli, OperoneApi api, Guid id, string? device, string stream, IRunOutput output, CancellationToken cancellationToken) =>
        new RunFollower(cli, api)
        {
            OnOutput = (piece, data) =>
            {
                if ((device is null || Names(device, piece.DeviceName, piece.DeviceId))
                    && (stream == Both || stream == (piece.Stream == OutputStream.Stderr ? "stderr" : "stdout")))
                {
                    output.Write(piece.DeviceName, piece.Stream, data);
                }
            },
        }.FollowAsync(id, cancellationToken);

    private static bool Names(string text, string name, Guid id) =>
        name.Equals(text, StringComparison.OrdinalIgnoreCase) || (Guid.TryParse(text, out var given) && given == id);
}
