using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;

namespace Operone.Agent.Cli.Operator.Jobs;

/// <summary>The commands of <c>operone job</c> that say yes or no to somebody else's run.</summary>
internal static class ApprovalCommands
{
    public static Command CreateList(CliContext cli)
    {
        var all = new Option<bool>("--all") { Description = "Those that are decided too." };
        var json = Shared.Json("Print them as one JSON array.");
        var command = new OperatorCommand("approvals", "List what waits for somebody's yes.",
            """
            Example:
              operone job approvals
            """) { all, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
        {
            var now = cli.Time.GetUtcNow();
            return Listing.PrintAsync(
                cli, api, "approvals" + Shared.Query(("waiting", parsed.GetValue(all) ? null : "true")), parsed.GetValue(all) ? 50 : null, parsed.GetValue(json),
                new Table("RUN", "JOB", "STATUS", "DEVICES", "ASKED", "BY", "UNTIL", "MESSAGE"), "nothing waits for a yes", OperoneJson.Default.ApprovalView, one =>
                [
                    one.JobRunId.ToString(), one.Job, Word(one.Status), one.Devices.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(one.AskedAt, now), one.AskedBy,
                    Quantities.FormatRelative(one.Until, now), one.Message,
                ], cancellationToken);
        }));
        return command;
    }

    public static Command CreateDecide(CliContext cli, bool isYes)
    {
        var run = JobRunCommands.Id(cli);
        var hash = new Option<string?>("--hash") { Description = "Only where it is about this content: the hash, or its beginning, as it is shown without it.", HelpName = "HASH" };
        var comment = new Option<string?>("--comment") { Description = "What to say besides.", HelpName = "TEXT" };
        var command = isYes
            ? new OperatorCommand("approve", "Say yes to a run that waits for it.",
                """
                The yes is for exactly what is shown: where the job or its devices change before the run goes on, it
                falls. Who asked for the run cannot say yes to it.

                Example:
                  operone job approve 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --hash 3F8A09
                """) { run, hash, comment }
            : new OperatorCommand("refuse", "Say no to a run that waits for a yes.",
                """
                Example:
                  operone job refuse 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --comment "not on a Friday"
                """) { run, comment };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => DecideAsync(
            cli, api, parsed.GetValue(run), isYes, isYes ? parsed.GetValue(hash) : null, parsed.GetValue(comment), cancellationToken)));
        return command;
    }

    private static async Task<int> DecideAsync(CliContext cli, OperoneApi api, Guid runId, bool isYes, string? hash, string? comment, CancellationToken cancellationToken)
    {
        var run = await api.GetAsync($"job-runs/{runId}", OperoneJson.Default.JobRunView, cancellationToken);
        if (run.Error is { } error)
        {
            return cli.Fail(error);
        }

        if (run.Value.Approvals?.FirstOrDefault(a => a.Status == ApprovalStatus.Waiting) is not { } approval)
        {
            return cli.Fail(new Error(ErrorKind.Conflict, "approval-over", "It is not waited for.", $"The run {runId} waits for nobody's yes; it is {run.Value.Status.ToText()}."));
        }

        cli.Say($"'{approval.Job}' version {run.Value.Version} on {approval.Devices} devices, asked for by {approval.AskedBy}: {approval.Hash[..12]}{(approval.Message is null ? "" : $" ({approval.Message})")}");
        if (hash is not null && (hash.Length < 6 || !approval.Hash.StartsWith(hash, StringComparison.OrdinalIgnoreCase)))
        {
            return cli.Fail(new Error(ErrorKind.Conflict, "approval-changed", "It is not what you looked at.", $"Its hash is {approval.Hash[..12]}, and not '{hash}'. Look again."));
        }

        var decided = await api.PostAsync(
            $"approvals/{approval.Id}", new DecideApproval(isYes, approval.Hash, comment), OperoneJson.Default.DecideApproval, OperoneJson.Default.ApprovalView, null, cancellationToken);
        if (decided.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        cli.Say(isYes ? "said yes" : "said no");
        return 0;
    }

    private static string Word(ApprovalStatus status) => status switch
    {
        ApprovalStatus.Waiting => "waiting",
        ApprovalStatus.Approved => "approved",
        ApprovalStatus.Refused => "refused",
        ApprovalStatus.Fallen => "fallen",
        _ => "expired",
    };
}
