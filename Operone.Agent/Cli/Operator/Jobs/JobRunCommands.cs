using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;

namespace Operone.Agent.Cli.Operator.Jobs;

/// <summary>The commands of <c>operone job</c> that run jobs and steer their runs.</summary>
internal static class JobRunCommands
{
    private const double WaitSeconds = 30;

    public static Command CreateRun(CliContext cli)
    {
        var name = JobCommand.Name(cli);
        var parameters = new Option<string[]>("--param", "-p") { Description = "The value of a parameter. Give it again for more.", HelpName = "K=V" };
        var secrets = new Option<string[]>("--secret") { Description = "A secret parameter: its value is asked for without showing it, or is a line of standard input. Give it again for more.", HelpName = "K" };
        var devices = new Option<string[]>("--device", "-d") { Description = "Where the job has no target: a device. Give it again for more.", HelpName = "DEVICE" };
        devices.CompletionSources.Add(Shared.DeviceNames(cli));
        var selector = Shared.Selector();
        var detach = new Option<bool>("--detach") { Description = "Print the run's id and leave, instead of waiting for its end." };
        var json = Shared.Json("Print the run as one JSON object.");
        var command = new OperatorCommand("run", "Run a job, and wait for its end.",
            """
            The exit code is 0 where every device succeeded, and 1 otherwise. Ctrl+C leaves the run going.

            Example:
              operone job run deploy -p version=1.10
              operone job run deploy -p version=1.10 --secret key --detach < key.txt
            """) { name, parameters, secrets, devices, selector, detach, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var given = Shared.Variables("--param", parsed.GetValue(parameters));
            var read = given.IsError ? given : ReadSecrets(cli, given.Value, parsed.GetValue(secrets) ?? []);
            if (read.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            var names = Shared.SplitNames(parsed.GetValue(devices));
            var target = names.Length > 0 || parsed.GetValue(selector) is not null ? new RunTarget(names.Length > 0 ? names : null, parsed.GetValue(selector)) : null;
            return Shared.WithApiAsync(cli, async api =>
            {
                var run = await api.PostAsync(
                    JobCommand.Path(parsed.GetValue(name)!) + "/runs", new RunJob { Parameters = read.Value, Target = target }, OperoneJson.Default.RunJob, CliJson.Default.JsonElement, null, cancellationToken);
                return run.Error is { } refused ? cli.Fail(refused) : await FollowAsync(cli, api, run.Value, parsed.GetValue(detach), parsed.GetValue(json), cancellationToken);
            });
        });
        return command;
    }

    public static Command CreateRetry(CliContext cli)
    {
        var run = Id(cli);
        var detach = new Option<bool>("--detach") { Description = "Print the new run's id and leave, instead of waiting for its end." };
        var json = Shared.Json("Print the new run as one JSON object.");
        var command = new OperatorCommand("retry", "Do a run again on those devices alone that failed or did not begin.",
            """
            It has the same content and the same parameters, and is a run of its own.

            Example:
              operone job retry 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
            """) { run, detach, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var again = await api.PostAsync($"job-runs/{parsed.GetValue(run)}/retry", CliJson.Default.JsonElement, cancellationToken);
            return again.Error is { } refused ? cli.Fail(refused) : await FollowAsync(cli, api, again.Value, parsed.GetValue(detach), parsed.GetValue(json), cancellationToken);
        }));
        return command;
    }

    public static Command CreateAct(CliContext cli, string act, string description, string done)
    {
        var run = Id(cli);
        var command = new OperatorCommand(act, description,
            $"""
            Example:
              operone job {act} 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
            """) { run };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var answer = await api.PostAsync($"job-runs/{parsed.GetValue(run)}/{act}", OperoneJson.Default.JobRunView, cancellationToken);
            if (answer.Error is { } refused)
            {
                return cli.Fail(refused);
            }

            cli.Say($"the run {answer.Value.Id} of '{answer.Value.Job}' {done}");
            return 0;
        }));
        return command;
    }

    public static Command CreateHistory(CliContext cli)
    {
        var name = new Argument<string?>("JOB") { Description = "Only of this job.", Arity = ArgumentArity.ZeroOrOne };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "jobs", context));
        var limit = new Option<int>("--limit") { Description = "How many, the latest first.", HelpName = "N", DefaultValueFactory = _ => 20 };
        var status = new Option<string?>("--status") { Description = "Only runs that stand so.", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong(Enum.GetValues<JobRunStatus>().Select(s => s.ToText()).ToArray());
        var json = Shared.Json("Print the runs as one JSON array.");
        var command = new OperatorCommand("history", "List the latest runs of jobs.",
            """
            Example:
              operone job history deploy --status failed
            """) { name, limit, status, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
        {
            var now = cli.Time.GetUtcNow();
            return Listing.PrintAsync(
                cli, api, "job-runs" + Shared.Query(("job", parsed.GetValue(name)), ("status", parsed.GetValue(status))), Math.Max(1, parsed.GetValue(limit)), parsed.GetValue(json),
                new Table("RUN", "JOB", "VERSION", "STATUS", "DEVICES", "CREATED", "TOOK", "BY", "CAUSE"), "no job has run yet", OperoneJson.Default.JobRunView, run =>
                [
                    run.Id.ToString(), run.Job, run.Version.ToString(CultureInfo.InvariantCulture), JobCommand.Status(run.Status), Good(run), Quantities.FormatRelative(run.CreatedAt, now),
                    run.EndedAt is { } ended ? Quantities.FormatDuration(ended - run.CreatedAt) : "", run.CreatedBy, run.Cause,
                ], cancellationToken);
        }));
        return command;
    }

    /// <summary>The argument RUN of a job.</summary>
    public static Argument<Guid> Id(CliContext cli) => Shared.Id(
        "RUN", "The run's id, as 'operone job history' shows it.", "a run of a job", "job history", context => ServerCompletions.Ids(cli, "job-runs?limit=20", context));

    private static string Good(JobRunView run)
    {
        var good = run.Counts.GetValueOrDefault(JobDeviceStatus.Succeeded.ToText());
        return good == run.Devices ? $"{good}" : $"{good}/{run.Devices}";
    }

    private static async Task<int> FollowAsync(CliContext cli, OperoneApi api, JsonElement first, bool detach, bool json, CancellationToken cancellationToken)
    {
        var (element, told) = (first, "");
        while (true)
        {
            var read = api.Read(element, OperoneJson.Default.JobRunView);
            if (read.Error is { } error)
            {
                return cli.Fail(error);
            }

            var run = read.Value;
            if (detach || run.Status.IsEnd())
            {
                return End(cli, run, element, detach, json);
            }

            var line = run is { Status: JobRunStatus.Waiting, Reason: { } why } ? $"waiting: {why}"
                : $"{run.Status.ToText()}: {Good(run)} devices{(run.Batches == 0 ? "" : $", batch {run.Batch} of {run.Batches}")}{(run.PausedAt is null ? "" : ", paused")}";
            if (line != told)
            {
                cli.Say(told.Length == 0 ? $"run {run.Id}; {line}" : line);
                told = line;
            }

            var next = await api.GetJsonAsync($"job-runs/{run.Id}?waitSeconds={(cli.ErrorIsTerminal ? 1 : WaitSeconds).ToString(CultureInfo.InvariantCulture)}", cancellationToken);
            if (next.Error is { } lost)
            {
                return cli.Fail(lost);
            }

            element = next.Value;
        }
    }

    private static int End(CliContext cli, JobRunView run, JsonElement element, bool detach, bool json)
    {
        if (json)
        {
            CliJson.Print(cli, element);
        }
        else if (detach)
        {
            cli.OutputText.WriteLine(run.Id);
            cli.OutputText.Flush();
        }
        else
        {
            cli.Say($"{run.Status.ToText()}: {Good(run)} devices{(run.Reason is null ? "" : $"; {run.Reason}")}");
        }

        return detach || run.Status == JobRunStatus.Succeeded ? 0 : 1;
    }

    private static Result<Dictionary<string, string>> ReadSecrets(CliContext cli, Dictionary<string, string> values, string[] names)
    {
        using var input = names.Length > 0 && cli.InputIsRedirected ? new StreamReader(cli.OpenInput()) : null;
        foreach (var name in names)
        {
            if (input is null)
            {
                cli.ErrorText.Write($"Value of {CliContext.Plain(name)}: ");
            }

            var value = input is null ? cli.ReadSecret() : input.ReadLine();
            if (input is null)
            {
                cli.ErrorText.WriteLine();
            }

            if (string.IsNullOrEmpty(value))
            {
                return new Error(ErrorKind.Invalid, "no-secret", $"There is no value for {name}.", "Type one, or pass one on standard input, each in a line.");
            }

            values[name] = value;
        }

        return values;
    }
}
