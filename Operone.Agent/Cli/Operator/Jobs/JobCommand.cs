using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Jobs;

namespace Operone.Agent.Cli.Operator.Jobs;

/// <summary><c>operone job</c>: writes, lists, runs and removes jobs.</summary>
internal static class JobCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("job", "Write, list, run and remove jobs: commands with a name, parameters and a rollout.")
        {
            CreateApply(cli), CreateList(cli), CreateShow(cli), CreateExport(cli), CreateVersions(cli), CreateDelete(cli),
            JobRunCommands.CreateRun(cli), JobRunCommands.CreateHistory(cli), JobRunCommands.CreateRetry(cli),
            JobRunCommands.CreateAct(cli, "pause", "Let nothing new of a run begin; what is at work comes to the end of its step.", "is paused"),
            JobRunCommands.CreateAct(cli, "resume", "Go on with a run that was paused.", "goes on"),
            JobRunCommands.CreateAct(cli, "cancel", "Cancel a run of a job.", "is being cancelled"),
            ApprovalCommands.CreateList(cli), ApprovalCommands.CreateDecide(cli, isYes: true), ApprovalCommands.CreateDecide(cli, isYes: false),
        };
        command.Aliases.Add("jobs");
        return command;
    }

    /// <summary>The argument JOB.</summary>
    public static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("JOB") { Description = "The job's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "jobs", context));
        return name;
    }

    /// <summary>A job's address.</summary>
    public static string Path(string name) => "jobs/" + Uri.EscapeDataString(name);

    /// <summary>How a state of a run is shown.</summary>
    public static Cell Status(JobRunStatus status) => new(status.ToText(), status switch
    {
        JobRunStatus.Succeeded => Tone.Good,
        JobRunStatus.Running => Tone.Busy,
        JobRunStatus.Waiting or JobRunStatus.Approval or JobRunStatus.Cancelled => Tone.Warning,
        _ => Tone.Bad,
    });

    private static OperatorCommand CreateApply(CliContext cli)
    {
        var file = new Option<string>("--file", "-f") { Description = "The file with the job as YAML or JSON; '-' for standard input.", HelpName = "FILE", Required = true };
        var check = new Option<bool>("--check") { Description = "Say what is wrong with it, and write nothing." };
        var json = Shared.Json("Print the answer as one JSON object.");
        var command = new OperatorCommand("apply", "Write a job from a file: make it, or a new version of the one with its name.",
            """
            The same file once more changes nothing. Editors complete jobs by the schema at
            /api/v1/schemas/job.json of the server.

            Example:
              operone job apply -f deploy.yaml
              operone job export deploy | sed s/25%/50%/ | operone job apply -f -
            """) { file, check, json };
        command.SetAction((parsed, cancellationToken) => DocumentFile.WithAsync(cli, parsed.GetValue(file)!, (api, text) => parsed.GetValue(check)
            ? CheckAsync(cli, api, parsed.GetValue(file)!, text, cancellationToken) : ApplyAsync(cli, api, text, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> CheckAsync(CliContext cli, OperoneApi api, string name, byte[] text, CancellationToken cancellationToken)
    {
        var answer = await api.PostTextAsync("jobs/check", text, "application/yaml", OperoneJson.Default.CheckedJob, cancellationToken);
        return answer.Error is { } error ? cli.Fail(error) : DocumentFile.Print(cli, name, answer.Value.Problems);
    }

    private static async Task<int> ApplyAsync(CliContext cli, OperoneApi api, byte[] text, bool json, CancellationToken cancellationToken)
    {
        var answer = await api.PostTextAsync("jobs/apply", text, "application/yaml", CliJson.Default.JsonElement, cancellationToken);
        var read = answer.IsError ? answer.Error! : api.Read(answer.Value, OperoneJson.Default.AppliedJob);
        if (read.Error is { } error)
        {
            return cli.Fail(error);
        }

        if (json)
        {
            CliJson.Print(cli, answer.Value);
            return 0;
        }

        cli.Say($"{read.Value.Outcome} '{read.Value.Job.Name}', version {read.Value.Job.Version}");
        return 0;
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var text = new Option<string?>("--query", "-q") { Description = "Only jobs whose name contains this text.", HelpName = "TEXT" };
        var json = Shared.Json("Print the jobs as one JSON array.");
        var command = new OperatorCommand("list", "List the jobs.",
            """
            Example:
              operone job list -q deploy
            """) { text, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
        {
            var now = cli.Time.GetUtcNow();
            return Listing.PrintAsync(
                cli, api, "jobs" + Shared.Query(("q", parsed.GetValue(text))), null, parsed.GetValue(json), new Table("JOB", "VERSION", "CHANGED", "BY", "LAST RUN", "", "WHAT FOR"),
                "there are no jobs; 'operone job apply --help' says how to make one", OperoneJson.Default.JobView, job =>
                [
                    job.Name, job.Version.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(job.UpdatedAt, now), job.UpdatedBy,
                    job.LastRun is { } run ? Status(run.Status) : "", job.LastRun is { } last ? Quantities.FormatRelative(last.CreatedAt, now) : "", job.Description?.Split('\n')[0],
                ], cancellationToken);
        }));
        return command;
    }

    private static OperatorCommand CreateShow(CliContext cli)
    {
        var name = Name(cli);
        var json = Shared.Json("Print it as one JSON object.");
        var command = new OperatorCommand("show", "Show a job: what it does, and its last run.",
            """
            Example:
              operone job show deploy
            """) { name, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var got = await api.GetJsonAsync(Path(parsed.GetValue(name)!), cancellationToken);
            var read = got.IsError ? got.Error! : api.Read(got.Value, OperoneJson.Default.JobView);
            var text = read.IsError || parsed.GetValue(json) ? "" : await api.GetTextAsync(Path(read.Value.Name) + "/export", cancellationToken);
            if ((read.Error ?? text.Error) is { } error)
            {
                return cli.Fail(error);
            }

            if (parsed.GetValue(json))
            {
                CliJson.Print(cli, got.Value);
                return 0;
            }

            var (job, now) = (read.Value, cli.Time.GetUtcNow());
            cli.Say($"'{job.Name}' ({job.Id}), version {job.Version} by {job.UpdatedBy} {Quantities.FormatRelative(job.UpdatedAt, now)}");
            cli.Say(job.LastRun is { } run ? $"last run {run.Id}: {run.Status.ToText()} {Quantities.FormatRelative(run.CreatedAt, now)}" : "it has not run yet");
            cli.OutputText.Write(text.Value);
            cli.OutputText.Flush();
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateExport(CliContext cli)
    {
        var name = Name(cli);
        var version = new Option<int?>("--version") { Description = "Which version; by default the newest.", HelpName = "N" };
        var format = new Option<string>("--format") { Description = "yaml or json.", HelpName = "FORMAT", DefaultValueFactory = _ => "yaml" };
        format.AcceptOnlyFromAmong("yaml", "json");
        var command = new OperatorCommand("export", "Print a job as 'operone job apply' takes it.",
            """
            Example:
              operone job export deploy > deploy.yaml
            """) { name, version, format };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var text = await api.GetTextAsync(
                Path(parsed.GetValue(name)!) + "/export" + Shared.Query(("format", parsed.GetValue(format)), ("version", parsed.GetValue(version)?.ToString(CultureInfo.InvariantCulture))), cancellationToken);
            if (text.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.OutputText.Write(text.Value);
            cli.OutputText.Flush();
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateVersions(CliContext cli)
    {
        var name = Name(cli);
        var difference = new Option<int?>("--diff") { Description = "Show what this version changed of the one before.", HelpName = "N" };
        var from = new Option<int?>("--from") { Description = "With --diff: the version to compare with.", HelpName = "N" };
        var json = Shared.Json("Print the answer as JSON.");
        var command = new OperatorCommand("versions", "List a job's versions, or show what is different between two.",
            """
            Example:
              operone job versions deploy
              operone job versions deploy --diff 7 --from 3
            """) { name, difference, from, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => parsed.GetValue(difference) is { } to
            ? CompareAsync(cli, api, parsed.GetValue(name)!, to, parsed.GetValue(from), parsed.GetValue(json), cancellationToken)
            : Listing.PrintAsync(
                cli, api, Path(parsed.GetValue(name)!) + "/versions", null, parsed.GetValue(json), new Table("VERSION", "WRITTEN", "BY"), null, OperoneJson.Default.JobVersionView,
                v => [v.Version.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(v.CreatedAt, cli.Time.GetUtcNow()), v.CreatedBy], cancellationToken)));
        return command;
    }

    private static async Task<int> CompareAsync(CliContext cli, OperoneApi api, string name, int to, int? from, bool json, CancellationToken cancellationToken)
    {
        var got = await api.GetJsonAsync(
            $"{Path(name)}/versions/{to.ToString(CultureInfo.InvariantCulture)}/difference" + Shared.Query(("from", from?.ToString(CultureInfo.InvariantCulture))), cancellationToken);
        var read = got.IsError ? got.Error! : api.Read(got.Value, OperoneJson.Default.JobDifference);
        if (read.Error is { } error)
        {
            return cli.Fail(error);
        }

        if (json)
        {
            CliJson.Print(cli, got.Value);
            return 0;
        }

        foreach (var line in read.Value.Lines)
        {
            cli.OutputText.WriteLine(CliContext.Plain(line));
        }

        cli.OutputText.Flush();
        return 0;
    }

    private static OperatorCommand CreateDelete(CliContext cli) => Shared.Remove(
        cli, "delete", "Remove a job, with its versions. Its runs stay.",
        """
        Example:
          operone job delete deploy
        """, Name(cli), Path);
}
