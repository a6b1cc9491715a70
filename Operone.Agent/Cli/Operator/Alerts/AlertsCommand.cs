using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Alerts;

namespace Operone.Agent.Cli.Operator.Alerts;

/// <summary><c>operone alerts</c>: what is the matter, who has seen it, and what nobody is told of.</summary>
internal static class AlertsCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("alerts", "See what is the matter: acknowledge and silence alerts, and say when there is one.")
        {
            CreateList(cli), CreateAcknowledge(cli), SilenceCommands.Create(cli), SilenceCommands.CreateList(cli), SilenceCommands.CreateEnd(cli), AlertRulesCommand.Create(cli),
        };
        command.Aliases.Add("alert");
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, "alerts", null, json: false, cancellationToken)));
        return command;
    }

    /// <summary>How bad it is, as it is shown.</summary>
    public static Cell Severity(AlertSeverity severity) => new(severity.ToString().ToLowerInvariant(), severity switch
    {
        AlertSeverity.Critical => Tone.Bad,
        AlertSeverity.Warning => Tone.Warning,
        _ => Tone.None,
    });

    private static OperatorCommand CreateList(CliContext cli)
    {
        var state = new Option<string?>("--state", "-s") { Description = "Those in this state: open (unless told), pending, firing, recovered or all.", HelpName = "STATE" };
        state.AcceptOnlyFromAmong("open", "pending", "firing", "recovered", "all");
        var severity = new Option<string?>("--severity") { Description = "Those that are this bad: info, warning or critical.", HelpName = "SEVERITY" };
        severity.AcceptOnlyFromAmong("info", "warning", "critical");
        var rule = new Option<string?>("--rule", "-r") { Description = "Those of this rule.", HelpName = "RULE" };
        var device = new Option<string?>("--device", "-d") { Description = "Those of this device.", HelpName = "DEVICE" };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        var limit = new Option<int?>("--limit", "-n") { Description = "How many at the most; all unless told.", HelpName = "N" };
        var json = Shared.Json("Print the alerts as one JSON array.");
        var command = new OperatorCommand("list", "List alerts, newest first; those that are open unless told otherwise.",
            """
            Example:
              operone alerts list
              operone alerts list --state all --rule disk-full -n 20
            """) { state, severity, rule, device, limit, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(
            cli, api, "alerts" + Shared.Query(("state", parsed.GetValue(state)), ("severity", parsed.GetValue(severity)), ("rule", parsed.GetValue(rule)), ("device", parsed.GetValue(device))),
            parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateAcknowledge(CliContext cli)
    {
        var ids = new Argument<string[]>("ALERT") { Description = "Ids of alerts, as 'operone alerts' shows them.", Arity = ArgumentArity.OneOrMore };
        ids.CompletionSources.Add(context => ServerCompletions.Ids(cli, "alerts?limit=50", context));
        var command = new OperatorCommand("ack", "Say that you have seen alerts: nothing more is told of them but that they are over.",
            """
            An alert of an event or a job does not get better by itself: it is over by that.

            Example:
              operone alerts ack 01998c5e-7b1f-7c3a-9d2e-3f4a5b6c7d8e
            """) { ids };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            foreach (var id in parsed.GetValue(ids)!)
            {
                var seen = await api.PostAsync($"alerts/{Uri.EscapeDataString(id)}/acknowledge", OperoneJson.Default.AlertView, cancellationToken);
                if (seen.Error is { } error)
                {
                    return cli.Fail(error);
                }

                cli.Say($"acknowledged {seen.Value.Rule}: {seen.Value.Text}");
            }

            return 0;
        }));
        return command;
    }

    private static Task<int> ListAsync(CliContext cli, OperoneApi api, string path, int? limit, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return Listing.PrintAsync(
            cli, api, path, limit, json, new Table("ID", "SEVERITY", "STATE", "SINCE", "RULE", "WHAT", "SEEN BY"), "no alert is open, or none matches",
            OperoneJson.Default.AlertView, one =>
            [
                one.Id.ToString(), Severity(one.Severity), State(one, now), Quantities.FormatRelative(one.Since, now), one.Rule, one.Text + (one.IsBlind ? " (nothing is heard of it now)" : ""),
                one.AcknowledgedBy ?? "",
            ], cancellationToken);
    }

    private static Cell State(AlertView alert, DateTimeOffset now) => alert switch
    {
        { State: AlertState.Recovered } => new("recovered", Tone.Good),
        { State: AlertState.Pending } => new("pending", Tone.Busy),
        { SilencedUntil: { } until } when until > now => new("silenced", Tone.Off),
        { AcknowledgedAt: not null } => new("firing", Tone.Warning),
        _ => new("firing", Tone.Bad),
    };
}
