using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone devices</c>.</summary>
internal static class DevicesCommand
{
    public static Command Create(CliContext cli)
    {
        var selector = Shared.Selector();
        var status = new Option<string?>("--status") { Description = "Only devices that are online, or offline.", HelpName = "online|offline" };
        status.AcceptOnlyFromAmong("online", "offline");
        var text = new Option<string?>("--query", "-q") { Description = "Only devices whose name, labels or facts contain this text.", HelpName = "TEXT" };
        var intake = new Option<string?>("--intake") { Description = "Only devices that take new work (open), or are cordoned, draining or drained.", HelpName = "INTAKE" };
        intake.AcceptOnlyFromAmong("open", "cordoned", "draining", "drained");
        var json = Shared.Json("Print the devices as one JSON array, with all their facts.");
        var command = new OperatorCommand("devices", "List the devices.",
            """
            Example:
              operone devices
              operone devices -l 'env=prod,role in (web,db),!retired' --status online
              operone devices --json | jq -r '.[].name'
              operone devices cordon web-1 --reason 'new disk on Friday'
            """) { selector, status, text, intake, json };
        CordonCommands.Add(command, cli);
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(
            cli, api, parsed.GetValue(selector), parsed.GetValue(status), parsed.GetValue(text), parsed.GetValue(intake), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> ListAsync(
        CliContext cli, OperoneApi api, string? selector, string? status, string? text, string? intake, bool json, CancellationToken cancellationToken)
    {
        var path = "devices" + Shared.Query(("selector", selector), ("status", status), ("q", text), ("intake", intake));
        var none = selector is null && status is null && text is null && intake is null
            ? "there are no devices yet; make an enrolment token in the console, under Devices, and paste its line on a machine"
            : "no device matches";
        var now = cli.Time.GetUtcNow();
        return await Listing.PrintAsync(
            cli, api, path, null, json, new Table("NAME", "STATUS", "LABELS", "OS", "SEEN", "AGENT") { Elastic = 2 }, none, OperoneJson.Default.DeviceView, d => Row(d, now), cancellationToken);
    }

    private static Cell[] Row(DeviceView device, DateTimeOffset now)
    {
        var online = device.Status == DeviceStatus.Online;
        return
        [
            device.Name,
            new((online ? "online" : "offline") + (device.Cordon is { } cordon ? $", {cordon.Intake.ToText()}" : ""),
                !online ? Tone.Off : device.Cordon is null ? Tone.Good : Tone.Warning),
            string.Join(',', device.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")),
            device.Facts?.OperatingSystem,
            online ? "now" : device.LastSeenAt is { } seen ? Quantities.FormatRelative(seen, now) : "never",
            device.AgentVersion,
        ];
    }
}
