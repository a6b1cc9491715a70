using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Schedules;

namespace Operone.Agent.Cli.Operator.Schedules;

/// <summary><c>operone schedule</c>: when jobs run.</summary>
internal static class SchedulesCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("schedule", "Say when jobs run: by the clock, on events, on webhooks, when a file changes.")
        {
            CreateList(cli), CreateShow(cli), ScheduleSetCommand.Create(cli), ScheduleSetCommand.CreatePreview(cli), CreateHistory(cli), CreateFire(cli),
            CreateTurn(cli, "enable", "Turn a schedule on; what it missed is not made up for."), CreateTurn(cli, "disable", "Turn a schedule off until it is turned on."),
            CreateRenew(cli), CreateRemove(cli),
        };
        command.Aliases.Add("schedules");
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, null, null, json: false, cancellationToken)));
        return command;
    }

    /// <summary>The argument NAME.</summary>
    public static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "The schedule's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "schedules", context));
        return name;
    }

    /// <summary>A schedule's address.</summary>
    public static string Path(string name) => "schedules/" + Uri.EscapeDataString(name);

    /// <summary>Times in UTC and how far off, one a line.</summary>
    public static void PrintTimes(CliContext cli, IReadOnlyList<DateTimeOffset> times)
    {
        var now = cli.Time.GetUtcNow();
        foreach (var at in times)
        {
            cli.Say($"  {at.UtcDateTime.ToString("ddd yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}  {Quantities.FormatRelative(at, now)}");
        }
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var text = new Option<string?>("--query", "-q") { Description = "Only schedules that have this text in their name.", HelpName = "TEXT" };
        var job = new Option<string?>("--job", "-j") { Description = "Only those of this job.", HelpName = "JOB" };
        var json = Shared.Json("Print the schedules as one JSON array.");
        var command = new OperatorCommand("list", "List the schedules, with what comes next.",
            """
            Example:
              operone schedule list
              operone schedule list --job backup --json
            """) { text, job, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
            ListAsync(cli, api, parsed.GetValue(text), parsed.GetValue(job), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateShow(CliContext cli)
    {
        var name = Name(cli);
        var json = Shared.Json("Print the schedule as JSON.");
        var command = new OperatorCommand("show", "Show a schedule and its next ten times.",
            """
            Example:
              operone schedule show nightly
            """) { name, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var found = await api.GetJsonAsync(Path(parsed.GetValue(name)!), cancellationToken);
            if (found.Error is { } error)
            {
                return cli.Fail(error);
            }

            if (parsed.GetValue(json))
            {
                CliJson.Print(cli, found.Value);
                return 0;
            }

            var schedule = found.Value.Deserialize(OperoneJson.Default.ScheduleView)!;

            var definition = schedule.Definition;
            cli.Say($"{definition.Name}: {ScheduleRules.Describe(definition)}{(definition.TimeZone is { } zone ? $" ({zone})" : "")}, starts {definition.Job} in the name of {schedule.OwnerName}"
                + (definition.Enabled == false ? "; it is off" : ""));
            if (schedule.LastAt is { } last)
            {
                cli.Say($"last {last.UtcDateTime.ToString("u", CultureInfo.InvariantCulture)}: {schedule.LastOutcome}");
            }

            PrintTimes(cli, schedule.Following);
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateHistory(CliContext cli)
    {
        var name = Name(cli);
        var limit = new Option<int?>("--limit", "-n") { Description = "How many at the most; 50 unless told.", HelpName = "N" };
        var json = Shared.Json("Print them as one JSON array.");
        var command = new OperatorCommand("history", "List when a schedule fired, newest first, and what came of it.",
            """
            Example:
              operone schedule history nightly -n 10
            """) { name, limit, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
        {
            var now = cli.Time.GetUtcNow();
            return Listing.PrintAsync(
                cli, api, Path(parsed.GetValue(name)!) + "/firings", parsed.GetValue(limit) ?? 50, parsed.GetValue(json), new Table("TIME", "FIRED", "CAUSE", "JOB RUN", "PROBLEM"),
                "it has not fired yet", OperoneJson.Default.FiringView, one =>
                [
                    one.At.UtcDateTime.ToString("u", CultureInfo.InvariantCulture), one.FiredAt is { } fired ? Quantities.FormatRelative(fired, now) : "not yet", one.Cause,
                    one.JobRunId?.ToString() ?? "-", one.Problem is { } problem ? new Cell(problem, Tone.Bad) : "",
                ], cancellationToken);
        }));
        return command;
    }

    private static OperatorCommand CreateFire(CliContext cli)
    {
        var name = Name(cli);
        var command = new OperatorCommand("fire", "Fire a schedule now, besides its times.",
            """
            Exit code: 0 the job was started, 1 it was not.

            Example:
              operone schedule fire nightly
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var fired = await api.PostAsync(Path(parsed.GetValue(name)!) + "/fire", OperoneJson.Default.FiringView, cancellationToken);
            if (fired.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say(fired.Value.Problem is { } problem ? $"not started: {problem}" : $"started {fired.Value.JobRunId}");
            return fired.Value.Problem is null ? 0 : 1;
        }));
        return command;
    }

    private static OperatorCommand CreateTurn(CliContext cli, string act, string description)
    {
        var name = Name(cli);
        var command = new OperatorCommand(act, description,
            $"""
            Example:
              operone schedule {act} nightly
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var turned = await api.PostAsync($"{Path(parsed.GetValue(name)!)}/{act}", OperoneJson.Default.ScheduleView, cancellationToken);
            if (turned.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say($"{turned.Value.Definition.Name} is {(turned.Value.Definition.Enabled == false ? "off" : "on")}");
            PrintTimes(cli, [.. turned.Value.Following.Take(1)]);
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateRenew(CliContext cli)
    {
        var name = Name(cli);
        var command = new OperatorCommand("renew-webhook", "Give a schedule's webhook another address; the old one is none at once.",
            """
            Example:
              operone schedule renew-webhook deploy
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var saved = await api.PostAsync(Path(parsed.GetValue(name)!) + "/webhook", OperoneJson.Default.SavedSchedule, cancellationToken);
            if (saved.Error is { } error)
            {
                return cli.Fail(error);
            }

            ScheduleSetCommand.PrintHook(cli, api, saved.Value);
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateRemove(CliContext cli) => Shared.Remove(
        cli, "remove", "Remove a schedule. What it has started goes on.",
        """
        Example:
          operone schedule remove nightly
        """, Name(cli), Path);

    private static Task<int> ListAsync(CliContext cli, OperoneApi api, string? text, string? job, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return Listing.PrintAsync(
            cli, api, "schedules" + Shared.Query(("q", text), ("job", job)), null, json, new Table("NAME", "JOB", "WHEN", "NEXT", "LAST", "OUTCOME"),
            text is null && job is null ? "there are no schedules; 'operone schedule set NAME --job JOB --calendar \"every day at 03:00\"' makes one" : "no schedule matches",
            OperoneJson.Default.ScheduleView, one =>
            [
                one.Definition.Name!, one.Definition.Job!, ScheduleRules.Describe(one.Definition),
                one.Definition.Enabled == false ? new Cell("off", Tone.Off) : one.NextAt is { } next ? Quantities.FormatRelative(next, now) : "-",
                one.LastAt is { } last ? Quantities.FormatRelative(last, now) : "-",
                one.LastOutcome is null || one.LastOutcome.StartsWith("started", StringComparison.Ordinal) ? one.LastOutcome ?? "" : new Cell(one.LastOutcome, Tone.Bad),
            ], cancellationToken);
    }
}
