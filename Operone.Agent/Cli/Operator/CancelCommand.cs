using System.CommandLine;
using Operone.Core.Connection;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone cancel</c>.</summary>
internal static class CancelCommand
{
    public static Command Create(CliContext cli)
    {
        var run = Shared.Run(cli);
        var command = new OperatorCommand("cancel", "Cancel a run: end its command and all that it started, on every device.",
            """
            The command is asked to end and is killed five seconds later. This does not wait for it:
            'operone logs -f RUN' does.

            Example:
              operone cancel 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
            """) { run };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var id = parsed.GetValue(run);
            var cancelled = await api.PostAsync($"runs/{id}/cancel", OperoneJson.Default.RunView, cancellationToken);
            if (cancelled.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say(cancelled.Value.NotCancelled is { Count: > 0 } left
                ? $"run {id} is being cancelled, but not where you may not run commands: {Shared.Some(left)}"
                : $"run {id} is being cancelled");
            return 0;
        }));
        return command;
    }
}
