using System.CommandLine;
using System.Globalization;
using Operone.Agent.Cli.Operator.Jobs;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Workloads;

/// <summary><c>operone workload</c>: writes, lists, shows and steers workloads.</summary>
internal static class WorkloadCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("workload", "Write, list, show and steer workloads: commands that run on and on, under Operone's care.")
        {
            CreateApply(cli), CreateList(cli), CreateShow(cli), CreateExport(cli), CreateVersions(cli),
            WorkloadActs.CreateAct(cli, "start", "Start a workload, in your name.", "starts"),
            WorkloadActs.CreateAct(cli, "stop", "End all instances of a workload, until it is started again.", "stops"),
            WorkloadActs.CreateAct(cli, "restart", "Start all instances of a workload anew, in batches.", "is started anew"),
            WorkloadActs.CreateScale(cli), WorkloadActs.CreateMove(cli), WorkloadActs.CreateRollback(cli), WorkloadActs.CreateLogs(cli),
            Shared.Remove(cli, "remove", "End all instances of a workload, and remove it with its versions.",
                """
                It is there until its instances have ended. Their runs stay.

                Example:
                  operone workload remove web
                """, Name(cli), Path),
        };
        command.Aliases.Add("workloads");
        return command;
    }

    /// <summary>The argument WORKLOAD.</summary>
    public static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("WORKLOAD") { Description = "The workload's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "workloads", context));
        return name;
    }

    /// <summary>A workload's address.</summary>
    public static string Path(string name) => "workloads/" + Uri.EscapeDataString(name);

    /// <summary>How a state is shown.</summary>
    public static Cell Status(WorkloadStatus status) => new(status.ToText(), status switch
    {
        WorkloadStatus.Running => Tone.Good,
        WorkloadStatus.Updating => Tone.Busy,
        WorkloadStatus.RollingBack => Tone.Bad,
        WorkloadStatus.Pending => Tone.Warning,
        _ => Tone.Off,
    });

    /// <summary>One line on how many there are.</summary>
    public static string Counts(WorkloadView workload) => string.Create(CultureInfo.InvariantCulture,
        $"{workload.Healthy} of {workload.Wanted} well{(workload.Waiting > 0 ? $", {workload.Waiting} waiting" : "")}");

    private static OperatorCommand CreateApply(CliContext cli)
    {
        var file = new Option<string>("--file", "-f") { Description = "The file with the workload as YAML or JSON; '-' for standard input.", HelpName = "FILE", Required = true };
        var check = new Option<bool>("--check") { Description = "Say what is wrong with it, and write nothing." };
        var stopped = new Option<bool>("--no-start") { Description = "Where it is new: do not start it yet." };
        var json = Shared.Json("Print the answer as one JSON object.");
        var command = new OperatorCommand("apply", "Write a workload from a file: make and start it, or make a new version of the one with its name.",
            """
            The same file once more changes nothing. Editors complete workloads by the schema at
            /api/v1/schemas/workload.json of the server.

            Example:
              operone workload apply -f web.yaml
            """) { file, check, stopped, json };
        command.SetAction((parsed, cancellationToken) => DocumentFile.WithAsync(cli, parsed.GetValue(file)!, (api, text) => parsed.GetValue(check)
            ? CheckAsync(cli, api, parsed.GetValue(file)!, text, cancellationToken)
            : ApplyAsync(cli, api, text, parsed.GetValue(stopped), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> CheckAsync(CliContext cli, OperoneApi api, string name, byte[] text, CancellationToken cancellationToken)
    {
        var answer = await api.PostTextAsync("workloads/check", text, "application/yaml", OperoneJson.Default.CheckedWorkload, cancellationToken);
        return answer.Error is { } error ? cli.Fail(error) : DocumentFile.Print(cli, name, answer.Value.Problems);
    }

    private static async Task<int> ApplyAsync(CliContext cli, OperoneApi api, byte[] text, bool stopped, bool json, CancellationToken cancellationToken)
    {
        var answer = await api.PostTextAsync("workloads/apply" + Shared.Query(("start", stopped ? "false" : null)), text, "application/yaml", CliJson.Default.JsonElement, cancellationToken);
        var read = answer.IsError ? answer.Error! : api.Read(answer.Value, OperoneJson.Default.AppliedWorkload);
        if (read.Error is { } error)
        {
            return cli.Fail(error);
        }

        if (json)
        {
            CliJson.Print(cli, answer.Value);
            return 0;
        }

        cli.Say($"{read.Value.Outcome} '{read.Value.Workload.Name}', version {read.Value.Workload.Version}");
        return 0;
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var text = new Option<string?>("--query", "-q") { Description = "Only workloads whose name contains this text.", HelpName = "TEXT" };
        var json = Shared.Json("Print the workloads as one JSON array.");
        var command = new OperatorCommand("list", "List the workloads.",
            """
            Example:
              operone workload list -q web
            """) { text, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
        {
            var now = cli.Time.GetUtcNow();
            return Listing.PrintAsync(
                cli, api, "workloads" + Shared.Query(("q", parsed.GetValue(text))), null, parsed.GetValue(json), new Table("WORKLOAD", "STATUS", "INSTANCES", "VERSION", "CHANGED", "BY", "WHY"),
                "there are no workloads; 'operone workload apply --help' says how to make one", OperoneJson.Default.WorkloadView, w =>
                [
                    w.Name, Status(w.Status), Counts(w), w.Version.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(w.UpdatedAt, now), w.UpdatedBy, w.Reason,
                ], cancellationToken);
        }));
        return command;
    }

    private static OperatorCommand CreateShow(CliContext cli)
    {
        var name = Name(cli);
        var json = Shared.Json("Print it as one JSON object.");
        var command = new OperatorCommand("show", "Show a workload and its instances.",
            """
            Example:
              operone workload show web
            """) { name, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var got = await api.GetJsonAsync(Path(parsed.GetValue(name)!), cancellationToken);
            var read = got.IsError ? got.Error! : api.Read(got.Value, OperoneJson.Default.WorkloadView);
            if (read.Error is { } error)
            {
                return cli.Fail(error);
            }

            if (parsed.GetValue(json))
            {
                CliJson.Print(cli, got.Value);
                return 0;
            }

            var (workload, now) = (read.Value, cli.Time.GetUtcNow());
            cli.Say($"'{workload.Name}' ({workload.Id}), version {workload.Version}: {workload.Status.ToText()}, {Counts(workload)}; runs as {workload.RunsAs}");
            if (workload.Reason is { } reason)
            {
                cli.Say(reason);
            }

            var table = new Table("INSTANCE", "DEVICE", "STATUS", "HEALTH", "STARTS", "VERSION", "SINCE", "WHY");
            foreach (var i in workload.Instances ?? [])
            {
                table.Add(
                    i.Id.ToString(), i.DeviceName ?? "", i.AwaySince is null ? i.Status.ToText() : "away", i.Supervision is { } state && i.Status == InstanceStatus.Running ? Health(state) : "",
                    i.Supervision?.Starts.ToString(CultureInfo.InvariantCulture) ?? "", i.Version.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(i.Since, now),
                    i.Reason ?? i.Supervision?.LastReason ?? "");
            }

            table.Print(cli);
            return 0;
        }));
        return command;
    }

    private static Cell Health(SupervisionState state) => state.Phase == SupervisedPhase.Waiting ? new("restarting", Tone.Warning) : state.Health switch
    {
        HealthState.Healthy => new("healthy", Tone.Good),
        HealthState.Unhealthy => new("unhealthy", Tone.Bad),
        _ => new("starting", Tone.Busy),
    };

    private static OperatorCommand CreateExport(CliContext cli)
    {
        var name = Name(cli);
        var version = new Option<int?>("--version") { Description = "Which version; by default the present one.", HelpName = "N" };
        var command = new OperatorCommand("export", "Print a workload as 'operone workload apply' takes it.",
            """
            Example:
              operone workload export web > web.yaml
            """) { name, version };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var text = await api.GetTextAsync(
                Path(parsed.GetValue(name)!) + "/export" + Shared.Query(("version", parsed.GetValue(version)?.ToString(CultureInfo.InvariantCulture))), cancellationToken);
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
        var json = Shared.Json("Print the versions as one JSON array.");
        var command = new OperatorCommand("versions", "List a workload's versions, and why some were rolled back.",
            """
            Example:
              operone workload versions web
            """) { name, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => Listing.PrintAsync(
            cli, api, Path(parsed.GetValue(name)!) + "/versions", null, parsed.GetValue(json), new Table("VERSION", "WRITTEN", "BY", "ROLLED BACK"), null, OperoneJson.Default.WorkloadVersionView,
            v => [v.Version.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(v.CreatedAt, cli.Time.GetUtcNow()), v.CreatedBy, v.Problem], cancellationToken)));
        return command;
    }
}
