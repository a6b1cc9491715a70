using System.CommandLine;
using Operone.Agent.Cli.Operator.Jobs;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Kernel.Schedules;

namespace Operone.Agent.Cli.Operator.Schedules;

/// <summary><c>operone windows</c>: when schedules may work on devices.</summary>
internal static class WindowsCommand
{
    public static Command Create(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "The window's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "maintenance-windows", context));
        var command = new Command("windows", "Say when schedules may work on devices: maintenance windows.")
        {
            CreateList(cli), CreateSet(cli), CreateApply(cli),
            Shared.Remove(cli, "remove", "Remove a maintenance window; what waits for it is looked at again at once.",
                """
                Example:
                  operone windows remove nights
                """, name, Path),
        };
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, json: false, cancellationToken)));
        return command;
    }

    private static string Path(string name) => "maintenance-windows/" + Uri.EscapeDataString(name);

    private static OperatorCommand CreateList(CliContext cli)
    {
        var json = Shared.Json("Print the windows as one JSON array.");
        var command = new OperatorCommand("list", "List the maintenance windows.",
            """
            Example:
              operone windows list
            """) { json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateSet(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "What the window is called." };
        var selector = new Option<string?>("--selector", "-l") { Description = "The devices; all unless told.", HelpName = "SELECTOR" };
        var mode = new Option<WindowMode>("--mode") { Description = "Schedules work on them 'only' while it is open, or 'never'." };
        var duration = new Option<string>("--for") { Description = "How long it stays open, as 4h or 90m.", HelpName = "DURATION", Required = true };
        var description = new Option<string?>("--description") { Description = "What it is for.", HelpName = "TEXT" };
        var cron = new Option<string?>("--cron") { Description = "When it opens: cron text of five fields, or of six with seconds before them.", HelpName = "TEXT" };
        var calendar = new Option<string?>("--calendar") { Description = "When it opens: calendar words, as 'every weekday at 22:00'.", HelpName = "WORDS" };
        var at = new Option<DateTimeOffset?>("--at") { Description = "It opens once, at this time, as 2026-12-24T18:00:00+01:00.", HelpName = "TIME" };
        var zone = new Option<string?>("--time-zone", "-z") { Description = "The zone of cron and calendar words, as Europe/Berlin; UTC unless told.", HelpName = "ZONE" };
        var off = new Option<bool>("--off") { Description = "It does not count until it is set anew." };
        var command = new OperatorCommand("set", "Make a maintenance window, or say anew what one is.",
            """
            Exactly one of --cron, --calendar and --at says when it opens. Where several windows say 'only' of a device, schedules work on it
            while any of them is open; one that says 'never' wins over all.

            Example:
              operone windows set nights -l role=web --calendar "every weekday at 22:00" --for 6h --time-zone Europe/Berlin
              operone windows set sale --mode never --at 2026-11-27T00:00:00Z --for 3d
            """) { name, selector, mode, duration, description, cron, calendar, at, zone, off };
        command.SetAction((parsed, cancellationToken) =>
        {
            var window = new SaveMaintenanceWindow
            {
                Name = parsed.GetValue(name),
                Selector = parsed.GetValue(selector),
                Mode = parsed.GetValue(mode),
                Duration = parsed.GetValue(duration),
                Description = parsed.GetValue(description),
                Cron = parsed.GetValue(cron),
                Calendar = parsed.GetValue(calendar),
                At = parsed.GetValue(at),
                TimeZone = parsed.GetValue(zone),
                Enabled = parsed.GetValue(off) ? false : null,
            };
            return WindowRules.Check(window) is { } invalid
                ? Task.FromResult(cli.Fail(invalid))
                : Shared.WithApiAsync(cli, api => SetAsync(cli, api, window, cancellationToken));
        });
        return command;
    }

    private static OperatorCommand CreateApply(CliContext cli)
    {
        var file = new Option<string>("--file", "-f") { Description = "The file with a window, or a list of them, as YAML or JSON; '-' for standard input.", HelpName = "FILE", Required = true };
        var command = new OperatorCommand("apply", "Make or change maintenance windows from a file.",
            """
            Each window is made, or replaces the one with its name. Where one is wrong none is written.

            Example:
              operone windows apply -f windows.yaml
            """) { file };
        command.SetAction((parsed, cancellationToken) => DocumentFile.WithAsync(cli, parsed.GetValue(file)!, async (api, text) =>
        {
            var applied = await api.PostTextAsync("maintenance-windows/apply", text, "application/yaml", OperoneJson.Default.AppliedWindows, cancellationToken);
            if (applied.Error is { } error)
            {
                return cli.Fail(error);
            }

            foreach (var (outcome, window) in applied.Value.Windows)
            {
                cli.Say($"{(outcome == "created" ? "made" : outcome == "updated" ? "changed" : outcome)} {window.Definition.Name}, for {window.Devices} devices now");
            }

            return 0;
        }));
        return command;
    }

    private static async Task<int> SetAsync(CliContext cli, OperoneApi api, SaveMaintenanceWindow window, CancellationToken cancellationToken)
    {
        var known = await api.GetAsync(Path(window.Name!), OperoneJson.Default.MaintenanceWindowView, cancellationToken);
        if (known.Error is { Code: not "maintenance-window-not-found" } error)
        {
            return cli.Fail(error);
        }

        var saved = known.IsError
            ? await api.PostAsync("maintenance-windows", window, OperoneJson.Default.SaveMaintenanceWindow, OperoneJson.Default.MaintenanceWindowView, null, cancellationToken)
            : await api.PutAsync(Path(known.Value.Id.ToString()), window, OperoneJson.Default.SaveMaintenanceWindow, OperoneJson.Default.MaintenanceWindowView, cancellationToken);
        if (saved.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        cli.Say($"{(known.IsError ? "made" : "changed")} {window.Name}, for {saved.Value.Devices} devices now");
        SchedulesCommand.PrintTimes(cli, saved.Value.OpensAt is { } opens ? [opens] : []);
        return 0;
    }

    private static Task<int> ListAsync(CliContext cli, OperoneApi api, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return Listing.PrintAsync(
            cli, api, "maintenance-windows", null, json, new Table("NAME", "DEVICES", "MODE", "OPENS", "FOR", "NOW"),
            "there are no maintenance windows; 'operone windows set NAME -l SELECTOR --calendar \"every weekday at 22:00\" --for 6h' makes one", OperoneJson.Default.MaintenanceWindowView, one =>
            [
                one.Definition.Name!, $"{(string.IsNullOrEmpty(one.Definition.Selector) ? "all" : one.Definition.Selector)} ({one.Devices})",
                one.Definition.Mode == WindowMode.Only ? "only" : "never", ScheduleRules.Describe(one.Definition), one.Definition.Duration!,
                one.Definition.Enabled == false ? new Cell("off", Tone.Off) : one.ClosesAt is { } closes ? $"open, closes {Quantities.FormatRelative(closes, now)}"
                    : one.OpensAt is { } opens ? $"opens {Quantities.FormatRelative(opens, now)}" : "never again",
            ], cancellationToken);
    }
}
