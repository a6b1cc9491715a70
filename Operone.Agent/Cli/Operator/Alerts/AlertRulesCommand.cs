using System.CommandLine;
using System.Globalization;
using Operone.Agent.Cli.Operator.Jobs;
using Operone.Core.Connection;
using Operone.Core.Kernel.Alerts;

namespace Operone.Agent.Cli.Operator.Alerts;

/// <summary><c>operone alerts rules</c>: when there is an alert.</summary>
internal static class AlertRulesCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("rules", "Say when there is an alert.") { CreateList(cli), CreateShow(cli), CreateSet(cli), CreateApply(cli), CreateRemove(cli) };
        command.Aliases.Add("rule");
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, null, json: false, cancellationToken)));
        return command;
    }

    private static string Path(string name) => "alert-rules/" + Uri.EscapeDataString(name);

    private static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "The rule's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "alert-rules", context));
        return name;
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var text = new Option<string?>("--query", "-q") { Description = "Only rules that have this text in their name.", HelpName = "TEXT" };
        var json = Shared.Json("Print the rules as one JSON array.");
        var command = new OperatorCommand("list", "List the alert rules, with how many alerts of each are firing.",
            """
            Example:
              operone alerts rules list
            """) { text, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, parsed.GetValue(text), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateShow(CliContext cli)
    {
        var name = Name(cli);
        var command = new OperatorCommand("show", "Print a rule as JSON, as 'operone alerts rules apply' takes it.",
            """
            Example:
              operone alerts rules show disk-full > disk-full.json
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var found = await api.GetJsonAsync(Path(parsed.GetValue(name)!), cancellationToken);
            if (found.Error is { } error)
            {
                return cli.Fail(error);
            }

            CliJson.Print(cli, found.Value.GetProperty("definition"));
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateSet(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "What the rule is called." };
        var metric = new Option<AlertMetric?>("--metric", "-m") { Description = "A number of the device: cpu, memory, disk (per cent), load (a processor), swap (MiB), processes, received, sent (MiB/s).", HelpName = "METRIC" };
        var over = new Option<double?>("--over") { Description = "With --metric: it is more than this.", HelpName = "N" };
        var under = new Option<double?>("--under") { Description = "With --metric: it is less than this.", HelpName = "N" };
        var offline = new Option<bool>("--offline") { Description = "The device is offline." };
        var job = new Option<string?>("--job", "-j") { Description = "A run of this job failed; '*' for any job.", HelpName = "JOB" };
        var events = new Option<string[]>("--event", "-e") { Description = "An event of this type happened, as audit.broken or device.*. Give it again for more.", HelpName = "TYPE" };
        var selector = Shared.Selector();
        var held = new Option<string?>("--for") { Description = "For how long it must hold.", HelpName = "DURATION" };
        var recovery = new Option<string?>("--recovery") { Description = "For how long it must not hold until it is over; as long as --for and at most 60s unless told.", HelpName = "DURATION" };
        var repeat = new Option<string?>("--repeat") { Description = "Tell it again so often while it goes on, 5m or more; once unless told.", HelpName = "DURATION" };
        var severity = new Option<AlertSeverity>("--severity") { Description = "How bad it is: info, warning or critical.", HelpName = "SEVERITY", DefaultValueFactory = _ => AlertSeverity.Warning };
        var description = new Option<string?>("--description") { Description = "What it is for, and what to do then.", HelpName = "TEXT" };
        var off = new Option<bool>("--off") { Description = "It is not looked at until it is turned on." };
        var command = new OperatorCommand("set", "Make an alert rule, or say anew what one is.",
            """
            Exactly one of --metric, --offline, --job and --event says at what it looks. It looks in your name, at the devices on which you may manage alerts.
            Webhooks and mail for 'alert.*' tell it.

            Example:
              operone alerts rules set disk-full --metric disk --over 90 --for 5m --severity critical -l env=prod
              operone alerts rules set away --offline --for 10m -l role=web
              operone alerts rules set backup --job backup --repeat 4h
            """) { name, metric, over, under, offline, job, events, selector, held, recovery, repeat, severity, description, off };
        command.SetAction((parsed, cancellationToken) =>
        {
            var rule = new SaveAlertRule
            {
                Name = parsed.GetValue(name),
                Description = parsed.GetValue(description),
                Severity = parsed.GetValue(severity),
                Selector = parsed.GetValue(selector),
                Telemetry = parsed.GetValue(metric) is { } number ? new() { Metric = number, Over = parsed.GetValue(over), Under = parsed.GetValue(under) } : null,
                Offline = parsed.GetValue(offline),
                Job = parsed.GetValue(job),
                Events = parsed.GetValue(events) is { Length: > 0 } types ? types : null,
                For = parsed.GetValue(held),
                Recovery = parsed.GetValue(recovery),
                Repeat = parsed.GetValue(repeat),
                Enabled = parsed.GetValue(off) ? false : null,
            };
            return AlertRules.Check(rule) is { } invalid ? Task.FromResult(cli.Fail(invalid)) : Shared.WithApiAsync(cli, api => SetAsync(cli, api, rule, cancellationToken));
        });
        return command;
    }

    private static OperatorCommand CreateApply(CliContext cli)
    {
        var file = new Option<string>("--file", "-f") { Description = "The file with a rule, or a list of them, as YAML or JSON; '-' for standard input.", HelpName = "FILE", Required = true };
        var command = new OperatorCommand("apply", "Make or change alert rules from a file.",
            """
            Each rule is made, or replaces the one with its name. Where one is wrong none is written.

            Example:
              operone alerts rules apply -f rules.yaml
            """) { file };
        command.SetAction((parsed, cancellationToken) => DocumentFile.WithAsync(cli, parsed.GetValue(file)!, async (api, text) =>
        {
            var applied = await api.PostTextAsync("alert-rules/apply", text, "application/yaml", OperoneJson.Default.AppliedAlertRules, cancellationToken);
            if (applied.Error is { } error)
            {
                return cli.Fail(error);
            }

            foreach (var (outcome, rule) in applied.Value.Rules)
            {
                cli.Say($"{(outcome == "created" ? "made" : outcome == "updated" ? "changed" : outcome)} {rule.Name}: {rule.Text}");
            }

            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateRemove(CliContext cli) => Shared.Remove(
        cli, "remove", "Remove an alert rule. Its alerts that are open are over with it.",
        """
        Example:
          operone alerts rules remove disk-full
        """, Name(cli), Path);

    private static async Task<int> SetAsync(CliContext cli, OperoneApi api, SaveAlertRule rule, CancellationToken cancellationToken)
    {
        var known = await api.GetAsync(Path(rule.Name!), OperoneJson.Default.AlertRuleView, cancellationToken);
        if (known.Error is { Code: not "alert-rule-not-found" } error)
        {
            return cli.Fail(error);
        }

        var saved = known.IsError
            ? await api.PostAsync("alert-rules", rule, OperoneJson.Default.SaveAlertRule, OperoneJson.Default.AlertRuleView, null, cancellationToken)
            : await api.PutAsync(Path(known.Value.Id.ToString()), rule, OperoneJson.Default.SaveAlertRule, OperoneJson.Default.AlertRuleView, cancellationToken);
        if (saved.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        cli.Say($"{(known.IsError ? "made" : "changed")} {saved.Value.Name}: {saved.Value.Text}");
        return 0;
    }

    private static Task<int> ListAsync(CliContext cli, OperoneApi api, string? text, bool json, CancellationToken cancellationToken) => Listing.PrintAsync(
        cli, api, "alert-rules" + Shared.Query(("q", text)), null, json, new Table("NAME", "SEVERITY", "WHEN", "FIRING", "OWNER"),
        text is null ? "there are no alert rules; 'operone alerts rules set --help' says how to make one" : "no alert rule matches", OperoneJson.Default.AlertRuleView, one =>
        [
            one.Name, AlertsCommand.Severity(one.Definition.Severity), one.Text,
            one.Definition.Enabled == false ? new Cell("off", Tone.Off) : new Cell(one.Firing.ToString(CultureInfo.InvariantCulture), one.Firing > 0 ? Tone.Bad : Tone.None), one.OwnerName,
        ], cancellationToken);
}
