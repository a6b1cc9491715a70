using System.CommandLine;
using Operone.Core;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone pipe</c>: commands on several devices, each one's output the next one's input.</summary>
internal static class PipeCommand
{
    public static Command Create(CliContext cli)
    {
        var timeout = Shared.Parsed("--timeout", "TIME", "End a stage when it takes longer than this: 30s, 5m, 2h, 1d.", Quantities.ParseDuration);
        var sandbox = new Option<string?>("--sandbox") { Description = "The sandbox profile that holds all stages; 'operone sandboxes' lists them.", HelpName = "NAME" };
        var environments = new Option<string[]>("--environment") { Description = "An environment whose variables and secrets all stages get. Give it again for more.", HelpName = "NAME" };
        environments.CompletionSources.Add(context => ServerCompletions.Names(cli, "environments", context));
        var noInput = new Option<bool>("--no-stdin", "-n") { Description = "Do not pass standard input along to the first stage." };
        var json = Shared.Json("Print the pipeline as one JSON object when it has ended, and no output.");
        var stages = new Argument<string[]>("STAGE") { Description = "A stage, as 'DEVICE: COMMAND'; COMMAND is a line for the device's shell.", Arity = ArgumentArity.OneOrMore };
        var command = new OperatorCommand("pipe", "Run a pipeline across devices.",
            """
            Each stage's standard output is the next stage's standard input, wherever they run. The bytes go through
            the server as they come, of any amount. The last stage's standard output is this program's own; each
            line of standard error begins with the stage's number and device.

            A stage that fails ends the whole pipeline, and so does a connection that breaks. The exit code is that of
            the last stage that failed, as with 'set -o pipefail'. Ctrl+C cancels.

            Example:
              operone pipe 'web1: zcat /var/log/app.log.gz | grep ERROR' 'db1: sort | uniq -c'
            """,
            usage: "operone pipe [options] 'DEVICE: COMMAND' 'DEVICE: COMMAND'...")
        {
            timeout, sandbox, environments, noInput, json, stages,
        };
        command.Validators.Add(Shared.Check(result => result.Errors.Any() ? null : Problem(result.GetValue(stages) ?? [])));
        command.SetAction((parsed, cancellationToken) =>
        {
            var passes = !parsed.GetValue(noInput) && cli.InputHoldsData;
            var pipeline = new CreatePipeline
            {
                Stages = [.. (parsed.GetValue(stages) ?? []).Select(s => Parse(s)!)],
                TimeoutSeconds = parsed.GetValue(timeout)?.TotalSeconds,
                Sandbox = parsed.GetValue(sandbox),
                Environments = parsed.GetValue(environments) is { Length: > 0 } named ? named : null,
                Stdin = passes ? StreamLimits.Word : null,
            };
            var how = new RunSettings(new CreateRun(), null, passes, parsed.GetValue(json), Detach: false, Pipeline: pipeline);
            return Shared.WithApiAsync(cli, api => new RunSession(cli, api, how).RunAsync(cancellationToken));
        });
        return command;
    }

    private static string? Problem(string[] stages) =>
        stages.FirstOrDefault(s => Parse(s) is null) is { } wrong ? $"'{wrong}' is not a stage: say 'DEVICE: COMMAND'"
            : stages.Length is < PipelineLimits.MinStages or > PipelineLimits.MaxStages
                ? $"a pipeline has {PipelineLimits.MinStages} to {PipelineLimits.MaxStages} stages; there {(stages.Length == 1 ? "is 1" : $"are {stages.Length}")}" : null;

    private static PipelineStage? Parse(string text) =>
        text.Split(':', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } device, { Length: > 0 } command] && !device.Any(char.IsWhiteSpace)
            ? new PipelineStage { Device = device, Command = command } : null;
}
