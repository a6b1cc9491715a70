using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel.Workloads;

namespace Operone.Agent.Cli.Operator.Workloads;

/// <summary>The commands of <c>operone workload</c> that steer one.</summary>
internal static class WorkloadActs
{
    public static Command CreateAct(CliContext cli, string act, string description, string done)
    {
        var name = WorkloadCommand.Name(cli);
        var command = new OperatorCommand(act, description,
            $"""
            Example:
              operone workload {act} web
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var answer = await api.PostAsync($"{WorkloadCommand.Path(parsed.GetValue(name)!)}/{act}", OperoneJson.Default.WorkloadView, cancellationToken);
            if (answer.Error is { } refused)
            {
                return cli.Fail(refused);
            }

            cli.Say($"the workload '{answer.Value.Name}' {done}");
            return 0;
        }));
        return command;
    }

    public static Command CreateScale(CliContext cli)
    {
        var name = WorkloadCommand.Name(cli);
        var count = new Argument<int>("COUNT") { Description = "How many instances." };
        var command = new OperatorCommand("scale", "Change the number of instances.",
            """
            It holds until the workload is applied again.

            Example:
              operone workload scale web 5
            """) { name, count };
        command.SetAction((parsed, cancellationToken) => SendAsync(
            cli, parsed.GetValue(name)!, "scale", new ScaleWorkload(parsed.GetValue(count)), OperoneJson.Default.ScaleWorkload,
            string.Create(CultureInfo.InvariantCulture, $"is to have {parsed.GetValue(count)} instances"), cancellationToken));
        return command;
    }

    public static Command CreateRollback(CliContext cli)
    {
        var name = WorkloadCommand.Name(cli);
        var version = new Option<int?>("--version") { Description = "Which version; by default the one before that was not rolled back itself.", HelpName = "N" };
        var command = new OperatorCommand("rollback", "Bring a version of a workload back, in batches.",
            """
            Example:
              operone workload rollback web --version 3
            """) { name, version };
        command.SetAction((parsed, cancellationToken) => SendAsync(
            cli, parsed.GetValue(name)!, "rollback", new RollbackWorkload(parsed.GetValue(version)), OperoneJson.Default.RollbackWorkload, "is being rolled back", cancellationToken));
        return command;
    }

    public static Command CreateMove(CliContext cli)
    {
        var name = WorkloadCommand.Name(cli);
        var from = new Argument<string>("FROM") { Description = "The device that it is to leave, or the instance's id." };
        from.CompletionSources.Add(Shared.DeviceNames(cli));
        var to = new Argument<string?>("TO") { Description = "The device that it is to go to; by default any other.", Arity = ArgumentArity.ZeroOrOne };
        to.CompletionSources.Add(Shared.DeviceNames(cli));
        var command = new OperatorCommand("move", "Move an instance of a workload to another device.",
            """
            Example:
              operone workload move web web-1 web-3
            """) { name, from, to };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var instance = await FindAsync(api, parsed.GetValue(name)!, parsed.GetValue(from)!, cancellationToken);
            if (instance.Error is { } none)
            {
                return cli.Fail(none);
            }

            var moved = await api.PostAsync(
                $"{WorkloadCommand.Path(parsed.GetValue(name)!)}/move", new MoveInstance(instance.Value.Id, parsed.GetValue(to)), OperoneJson.Default.MoveInstance,
                OperoneJson.Default.WorkloadView, null, cancellationToken);
            if (moved.Error is { } refused)
            {
                return cli.Fail(refused);
            }

            cli.Say($"the instance on {instance.Value.DeviceName} moves to {parsed.GetValue(to) ?? "another device"}");
            return 0;
        }));
        return command;
    }

    public static Command CreateLogs(CliContext cli)
    {
        var name = WorkloadCommand.Name(cli);
        var from = new Argument<string>("DEVICE") { Description = "The device of the instance, or the instance's id." };
        from.CompletionSources.Add(Shared.DeviceNames(cli));
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until it has ended." };
        var command = new OperatorCommand("logs", "Print what an instance of a workload has written, as far as it is stored.",
            """
            It is the output of all its starts on this device, one after the other.

            Example:
              operone workload logs web web-1 -f
            """) { name, from, follow };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var instance = await FindAsync(api, parsed.GetValue(name)!, parsed.GetValue(from)!, cancellationToken);
            return instance.Error is { } none ? cli.Fail(none)
                : await LogsCommand.PrintAsync(cli, api, instance.Value.RunId!.Value, null, LogsCommand.Both, parsed.GetValue(follow), cancellationToken);
        }));
        return command;
    }

    /// <summary>The instance with that id, or the one that runs on that device; else the last one that did.</summary>
    private static async Task<Result<InstanceView>> FindAsync(OperoneApi api, string workload, string word, CancellationToken cancellationToken)
    {
        var got = await api.GetAsync(WorkloadCommand.Path(workload), OperoneJson.Default.WorkloadView, cancellationToken);
        if (got.IsError)
        {
            return got.Error!;
        }

        var placed = (got.Value.Instances ?? []).Where(i => i.RunId is not null).ToArray();
        var found = placed.FirstOrDefault(i => Guid.TryParse(word, out var id) && i.Id == id)
            ?? placed.FirstOrDefault(i => string.Equals(i.DeviceName, word, StringComparison.OrdinalIgnoreCase));
        return found is not null ? found : new Error(ErrorKind.NotFound, "instance-not-found", "There is no such instance.",
            $"'{got.Value.Name}' has no instance on '{word}'. 'operone workload show {got.Value.Name}' lists them.");
    }

    private static Task<int> SendAsync<T>(
        CliContext cli, string name, string act, T request, JsonTypeInfo<T> type, string done, CancellationToken cancellationToken) =>
        Shared.WithApiAsync(cli, async api =>
        {
            var answer = await api.PostAsync($"{WorkloadCommand.Path(name)}/{act}", request, type, OperoneJson.Default.WorkloadView, null, cancellationToken);
            if (answer.Error is { } refused)
            {
                return cli.Fail(refused);
            }

            cli.Say($"the workload '{answer.Value.Name}' {done}");
            return 0;
        });
}
