using System.CommandLine;
using Operone.Core.Connection;
using Operone.Core.Kernel.Schedules;

namespace Operone.Agent.Cli.Operator.Schedules;

/// <summary><c>operone schedule set</c> and <c>preview</c>: says when a job runs.</summary>
internal static class ScheduleSetCommand
{
    public static Command Create(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "What the schedule is called." };
        var job = new Option<string>("--job", "-j") { Description = "The job, by name or id.", HelpName = "JOB", Required = true };
        var description = new Option<string?>("--description") { Description = "What it is for.", HelpName = "TEXT" };
        var parameters = new Option<string[]>("--parameter", "-p") { Description = "A parameter of the job. Give it again for more.", HelpName = "NAME=VALUE" };
        var jitter = new Option<string?>("--jitter") { Description = "Each time is late by a part of this.", HelpName = "DURATION" };
        var missed = new Option<MissedPolicy>("--missed") { Description = "What happens to times that were missed while no node ran: skip, once or all." };
        var offline = new Option<OfflinePolicy>("--offline") { Description = "What happens with devices that are offline: wait or skip." };
        var outside = new Option<OutsidePolicy>("--outside") { Description = "What happens with devices outside their maintenance windows: wait or skip." };
        var off = new Option<bool>("--off") { Description = "It does not fire until it is turned on." };
        var when = new WhenOptions();
        var command = new OperatorCommand("set", "Make a schedule, or say anew what one is.",
            """
            Exactly one of --cron, --calendar, --every, --at, --on-event, --on-file and --on-webhook says when. It fires in your name, with what
            you may at that moment. Of a webhook the address is printed once.

            Example:
              operone schedule set nightly --job backup --calendar "every weekday at 03:00" --time-zone Europe/Berlin --missed once
              operone schedule set greet --job greet --on-event device.connected -l role=web --only-that-device
              operone schedule set deploy --job deploy --on-webhook
            """) { name, job, description, parameters, jitter, missed, offline, outside, off };
        when.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var given = Shared.Variables("--parameter", parsed.GetValue(parameters));
            if (given.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            var read = when.Read(parsed);
            var schedule = new SaveSchedule
            {
                Name = parsed.GetValue(name),
                Job = parsed.GetValue(job),
                Description = parsed.GetValue(description),
                Parameters = given.Value.Count == 0 ? null : given.Value,
                Jitter = parsed.GetValue(jitter),
                Missed = parsed.GetValue(missed),
                Offline = parsed.GetValue(offline),
                Outside = parsed.GetValue(outside),
                Enabled = parsed.GetValue(off) ? false : null,
                Cron = read.Cron,
                Calendar = read.Calendar,
                Every = read.Every,
                At = read.At,
                On = read.On,
                TimeZone = read.TimeZone,
                StartsAt = read.StartsAt,
                EndsAt = read.EndsAt,
            };
            return ScheduleRules.Check(schedule) is { } invalid
                ? Task.FromResult(cli.Fail(invalid))
                : Shared.WithApiAsync(cli, api => SetAsync(cli, api, schedule, cancellationToken));
        });
        return command;
    }

    public static Command CreatePreview(CliContext cli)
    {
        var when = new WhenOptions();
        var command = new OperatorCommand("preview", "Print the next ten times of a schedule that is not there yet.",
            """
            Example:
              operone schedule preview --calendar "on the last friday of every month at 6pm" --time-zone Europe/Berlin
            """);
        when.AddTo(command);
        command.SetAction((parsed, _) =>
        {
            // the same pure code as the server's
            var now = cli.Time.GetUtcNow();
            var times = ScheduleTimes.Parse(when.Read(parsed), now);
            if (times.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            SchedulesCommand.PrintTimes(cli, [.. times.Value.Following(now, 10)]);
            return Task.FromResult(0);
        });
        return command;
    }

    /// <summary>Prints the address of a webhook where it is new.</summary>
    public static void PrintHook(CliContext cli, OperoneApi api, SavedSchedule saved)
    {
        if (saved.WebhookPath is { } path)
        {
            cli.Say($"its address, which is shown this once: {api.Url}{path}");
        }
    }

    private static async Task<int> SetAsync(CliContext cli, OperoneApi api, SaveSchedule schedule, CancellationToken cancellationToken)
    {
        var known = await api.GetAsync(SchedulesCommand.Path(schedule.Name!), OperoneJson.Default.ScheduleView, cancellationToken);
        if (known.Error is { Code: not "schedule-not-found" } error)
        {
            return cli.Fail(error);
        }

        var saved = known.IsError
            ? await api.PostAsync("schedules", schedule, OperoneJson.Default.SaveSchedule, OperoneJson.Default.SavedSchedule, null, cancellationToken)
            : await api.PutAsync(SchedulesCommand.Path(known.Value.Id.ToString()), schedule, OperoneJson.Default.SaveSchedule, OperoneJson.Default.SavedSchedule, cancellationToken);
        if (saved.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        cli.Say($"{(known.IsError ? "made" : "changed")} {schedule.Name}");
        SchedulesCommand.PrintTimes(cli, [.. saved.Value.Schedule.Following.Take(3)]);
        PrintHook(cli, api, saved.Value);
        return 0;
    }

    /// <summary>The options that say when.</summary>
    private sealed class WhenOptions
    {
        private readonly Option<string?> _cron = new("--cron") { Description = "Cron text of five fields, or of six with seconds before them.", HelpName = "TEXT" };
        private readonly Option<string?> _calendar = new("--calendar") { Description = "Calendar words, as 'every weekday at 03:00'.", HelpName = "WORDS" };
        private readonly Option<string?> _every = new("--every") { Description = "An interval, as 90s, 15m or 1d.", HelpName = "DURATION" };
        private readonly Option<DateTimeOffset?> _at = new("--at") { Description = "Once, at this time, as 2026-12-24T18:00:00+01:00.", HelpName = "TIME" };
        private readonly Option<string?> _event = new("--on-event") { Description = "When an event of this type happens, as device.connected or device.*.", HelpName = "TYPE" };
        private readonly Option<string?> _selector = new("--selector", "-l") { Description = "With --on-event: of devices with these labels alone.", HelpName = "SELECTOR" };
        private readonly Option<bool> _onlyThat = new("--only-that-device") { Description = "With --on-event: the job runs on the event's device alone." };
        private readonly Option<string?> _file = new("--on-file") { Description = "When this file of the tree changes, as /devices/web-1/etc/hosts.", HelpName = "PATH" };
        private readonly Option<bool> _webhook = new("--on-webhook") { Description = "When somebody posts to its own address, which is printed once." };
        private readonly Option<string?> _pause = new("--pause") { Description = "With --on-...: at most once in so long.", HelpName = "DURATION" };
        private readonly Option<string?> _zone = new("--time-zone", "-z") { Description = "The zone of cron and calendar words, as Europe/Berlin; UTC unless told.", HelpName = "ZONE" };
        private readonly Option<DateTimeOffset?> _starts = new("--starts-at") { Description = "Nothing before this time.", HelpName = "TIME" };
        private readonly Option<DateTimeOffset?> _ends = new("--ends-at") { Description = "Nothing after this time.", HelpName = "TIME" };

        public void AddTo(Command command)
        {
            foreach (var option in (Option[])[_cron, _calendar, _every, _at, _event, _selector, _onlyThat, _file, _webhook, _pause, _zone, _starts, _ends])
            {
                command.Add(option);
            }
        }

        public ScheduleWhen Read(ParseResult parsed)
        {
            var (happened, file, webhook) = (parsed.GetValue(_event), parsed.GetValue(_file), parsed.GetValue(_webhook));
            return new()
            {
                Cron = parsed.GetValue(_cron),
                Calendar = parsed.GetValue(_calendar),
                Every = parsed.GetValue(_every),
                At = parsed.GetValue(_at),
                TimeZone = parsed.GetValue(_zone),
                StartsAt = parsed.GetValue(_starts),
                EndsAt = parsed.GetValue(_ends),
                On = happened is null && file is null && !webhook ? null : new ScheduleTrigger
                {
                    Event = happened,
                    File = file,
                    Webhook = webhook,
                    Selector = parsed.GetValue(_selector),
                    OnlyThatDevice = parsed.GetValue(_onlyThat),
                    Pause = parsed.GetValue(_pause),
                },
            };
        }
    }
}
