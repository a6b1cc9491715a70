using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Alerts;

namespace Operone.Agent.Cli.Operator.Alerts;

/// <summary><c>operone alerts silence</c>, <c>silences</c> and <c>unsilence</c>: what nobody is told of for a while.</summary>
internal static class SilenceCommands
{
    public static OperatorCommand Create(CliContext cli)
    {
        var rule = new Option<string?>("--rule", "-r") { Description = "Of this rule alone.", HelpName = "RULE" };
        var device = new Option<string?>("--device", "-d") { Description = "Of this device alone.", HelpName = "DEVICE" };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        var selector = Shared.Selector();
        var span = new Option<string?>("--for") { Description = "For so long, as 30m, 8h or 2d.", HelpName = "DURATION" };
        var until = new Option<DateTimeOffset?>("--until") { Description = "Until this time, as 2026-12-24T18:00:00+01:00.", HelpName = "TIME" };
        var from = new Option<DateTimeOffset?>("--from") { Description = "From this time on; now unless told.", HelpName = "TIME" };
        var reason = new Option<string>("--reason") { Description = "Why.", HelpName = "TEXT", Required = true };
        var command = new OperatorCommand("silence", "Let nobody be told of alerts for a while. It ends by itself.",
            """
            At least one of --rule, --device and --selector says of which; all that are given must hold. What fires still when it ends is told then.

            Example:
              operone alerts silence --rule disk-full --device web-1 --for 2h --reason "it is being cleaned"
              operone alerts silence -l site=berlin --from 2026-12-01T20:00Z --until 2026-12-02T04:00Z --reason "power works"
            """) { rule, device, selector, span, until, from, reason };
        command.SetAction((parsed, cancellationToken) =>
        {
            var silence = new SaveSilence
            {
                Rule = parsed.GetValue(rule),
                Device = parsed.GetValue(device),
                Selector = parsed.GetValue(selector),
                For = parsed.GetValue(span),
                Until = parsed.GetValue(until),
                From = parsed.GetValue(from),
                Reason = parsed.GetValue(reason),
            };
            return AlertRules.Check(silence, cli.Time.GetUtcNow()) is { } invalid ? Task.FromResult(cli.Fail(invalid)) : Shared.WithApiAsync(cli, async api =>
            {
                var made = await api.PostAsync("silences", silence, OperoneJson.Default.SaveSilence, OperoneJson.Default.SilenceView, null, cancellationToken);
                if (made.Error is { } error)
                {
                    return cli.Fail(error);
                }

                cli.Say($"silenced {Of(made.Value)} until {made.Value.Until.UtcDateTime.ToString("u", CultureInfo.InvariantCulture)}: {made.Value.Id}");
                return 0;
            });
        });
        return command;
    }

    public static OperatorCommand CreateList(CliContext cli)
    {
        var ended = new Option<bool>("--ended") { Description = "Those of the last thirty days that are over, too." };
        var json = Shared.Json("Print the silences as one JSON array.");
        var command = new OperatorCommand("silences", "List silences, newest first.",
            """
            Example:
              operone alerts silences --ended
            """) { ended, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
        {
            var now = cli.Time.GetUtcNow();
            return Listing.PrintAsync(
                cli, api, "silences" + Shared.Query(("ended", parsed.GetValue(ended) ? "true" : null)), null, parsed.GetValue(json), new Table("ID", "OF", "FROM", "UNTIL", "BY", "REASON"),
                "there are no silences", OperoneJson.Default.SilenceView, one =>
                [
                    one.Id.ToString(), Of(one), Quantities.FormatRelative(one.From, now),
                    one.IsActive || one.From > now ? Quantities.FormatRelative(one.Until, now) : new Cell(one.EndedBy is null ? "over" : $"ended by {one.EndedBy}", Tone.Off), one.MadeBy, one.Reason,
                ], cancellationToken);
        }));
        return command;
    }

    public static OperatorCommand CreateEnd(CliContext cli)
    {
        var id = Shared.Id("SILENCE", "The silence's id.", "a silence", "alerts silences", context => ServerCompletions.Ids(cli, "silences?limit=50", context));
        var command = new OperatorCommand("unsilence", "End a silence now.",
            """
            Example:
              operone alerts unsilence 01998c5e-7b1f-7c3a-9d2e-3f4a5b6c7d8e
            """) { id };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var ended = await api.DeleteAsync($"silences/{parsed.GetValue(id)}", cancellationToken);
            if (ended.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say("the silence is over");
            return 0;
        }));
        return command;
    }

    private static string Of(SilenceView silence) =>
        string.Join(" on ", new[] { silence.Rule ?? "all rules", silence.Device, silence.Selector }.Where(s => !string.IsNullOrEmpty(s)));
}
