using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone runs</c>.</summary>
internal static class RunsCommand
{
    public static Command Create(CliContext cli)
    {
        var limit = new Option<int>("--limit") { Description = "How many, the latest first.", HelpName = "N", DefaultValueFactory = _ => 20 };
        limit.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--limit must be at least 1");
            }
        });
        var status = new Option<string?>("--status") { Description = "Only runs that stand so; queued are those that wait for room, with the reason.", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong([.. Enum.GetValues<RunStatus>().Select(s => s.ToText()), ExecutionStatus.Queued.ToText()]);
        var json = Shared.Json("Print the runs as one JSON array.");
        var command = new OperatorCommand("runs", "List the latest runs.",
            """
            Example:
              operone runs --status failed --limit 5
            """) { limit, status, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
            ListAsync(cli, api, parsed.GetValue(limit), parsed.GetValue(status), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, int limit, string? status, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        if (status == ExecutionStatus.Queued.ToText())
        {
            return await Listing.PrintAsync(
                cli, api, "runs" + Shared.Query(("status", status)), limit, json, new Table("RUN", "SINCE", "BY", "COMMAND", "REASON"), "nothing waits for room",
                OperoneJson.Default.RunView, r => QueueRow(r, now), cancellationToken);
        }

        return await Listing.PrintAsync(
            cli, api, "runs" + Shared.Query(("status", status)), limit, json, new Table("RUN", "STATUS", "DEVICES", "CREATED", "TOOK", "BY", "COMMAND"),
            status is null ? "there are no runs yet; 'operone run --help' says how to make one" : "no run matches", OperoneJson.Default.RunView, r => Row(r, now), cancellationToken);
    }

    private static Cell[] QueueRow(RunView run, DateTimeOffset now) =>
        [run.Id.ToString(), Quantities.FormatRelative(run.WaitingSince ?? run.CreatedAt, now), run.CreatedBy, run.Command, run.Placement?.Reason];

    private static Cell[] Row(RunView run, DateTimeOffset now)
    {
        var all = run.Counts.Values.Sum();
        var good = run.Counts.GetValueOrDefault(ExecutionStatus.Succeeded.ToText());
        return
        [
            run.Id.ToString(),
            run.WaitingSince is not null ? new("queued", Tone.Off) : new(run.Status.ToText(), run.Status switch
            {
                RunStatus.Succeeded => Tone.Good,
                RunStatus.Running => Tone.Busy,
                RunStatus.Cancelled => Tone.Warning,
                _ => Tone.Bad,
            }),
            good == all ? $"{all}" : $"{good}/{all}",
            Quantities.FormatRelative(run.CreatedAt, now),
            run.EndedAt is { } ended ? Quantities.FormatDuration(ended - run.CreatedAt) : "",
            run.CreatedBy,
            run.Command,
        ];
    }
}
