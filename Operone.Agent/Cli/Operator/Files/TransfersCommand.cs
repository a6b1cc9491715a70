using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone transfers</c>: what the control plane brings from place to place.</summary>
internal static class TransfersCommand
{
    private static readonly Dictionary<string, ConflictRule> _rules = new(StringComparer.Ordinal)
    {
        ["skip"] = ConflictRule.Skip,
        ["overwrite"] = ConflictRule.Overwrite,
        ["newer"] = ConflictRule.Newer,
        ["keep-both"] = ConflictRule.KeepBoth,
    };

    public static Command Create(CliContext cli)
    {
        var json = Shared.Json("Print the transfers as one JSON array.");
        var command = new OperatorCommand("transfers", "List copies and moves between devices; pause, go on, end.",
            """
            'operone cp' and 'operone mv' between devices, and the Files page, make them. They go on by themselves, also when
            whoever asked has gone, and after any break of a device or of the server.

            Example:
              operone transfers
              operone transfers show 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
              operone transfers resume 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --conflict newer
            """, "operone transfers [command] [options]")
        {
            json,
            CreateShow(cli),
            CreateAct(cli, "pause", "Pause a transfer. It goes on where it stood, within a day.", "paused"),
            CreateResume(cli),
            CreateAct(cli, "cancel", "End a transfer. What was brought stays.", "cancelled"),
        };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static Argument<Guid> Transfer(CliContext cli) => Shared.Id(
        "TRANSFER", "The transfer's id, as 'operone transfers' shows it.", "a transfer", "transfers", context => ServerCompletions.Ids(cli, "transfers?limit=20", context));

    private static OperatorCommand CreateAct(CliContext cli, string act, string description, string past)
    {
        var transfer = Transfer(cli);
        var command = new OperatorCommand(act, description, $"""
            Example:
              operone transfers {act} 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
            """) { transfer };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var id = parsed.GetValue(transfer);
            return Say(cli, await api.PostAsync($"transfers/{id}/{act}", OperoneJson.Default.TransferView, cancellationToken), $"the transfer {id} is {past}");
        }));
        return command;
    }

    private static OperatorCommand CreateResume(CliContext cli)
    {
        var transfer = Transfer(cli);
        var conflict = new Option<string?>("--conflict") { Description = "What becomes of files that are there already.", HelpName = "RULE" };
        conflict.AcceptOnlyFromAmong([.. _rules.Keys]);
        var retry = new Option<bool>("--retry-failed") { Description = "Try again what has failed, also where the transfer is over." };
        var command = new OperatorCommand("resume", "Go on with a transfer that is paused, or has failed in part.",
            """
            A file of the same size and time counts as the same, and is never brought again. With 'skip' what is there stays, with
            'overwrite' it is replaced, with 'newer' where it is older, with 'keep-both' the new one gets a number behind its name.

            Example:
              operone transfers resume 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --retry-failed
            """) { transfer, conflict, retry };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var id = parsed.GetValue(transfer);
            var request = new ResumeTransfer(parsed.GetValue(conflict) is { } rule ? _rules[rule] : null, parsed.GetValue(retry));
            return Say(cli, await api.PostAsync($"transfers/{id}/resume", request, OperoneJson.Default.ResumeTransfer, OperoneJson.Default.TransferView, null, cancellationToken), $"the transfer {id} goes on");
        }));
        return command;
    }

    private static OperatorCommand CreateShow(CliContext cli)
    {
        var transfer = Transfer(cli);
        var failed = new Option<bool>("--failed") { Description = "Only what could not be brought." };
        var json = Shared.Json("Print what it brings as one JSON array.");
        var command = new OperatorCommand("show", "List what a transfer brings, and what became of it.",
            """
            Example:
              operone transfers show 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --failed
            """) { transfer, failed, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => Listing.PrintAsync(
            cli, api, $"transfers/{parsed.GetValue(transfer)}/items{(parsed.GetValue(failed) ? "?outcome=failed" : "")}", null, parsed.GetValue(json),
            new Table("OUTCOME", "KIND", "SIZE", "FROM", "TO", "WHY"), "nothing", OperoneJson.Default.TransferItemView, i =>
            [
                new Cell(Word(i.Outcome), i.Outcome == TransferOutcome.Failed ? Tone.Bad : Tone.None), Word(i.Kind), i.Size is { } size ? Quantities.FormatSize(size) : "-",
                FileName.Display(i.From), FileName.Display(i.To), i.Problem ?? "",
            ], cancellationToken)));
        return command;
    }

    private static Task<int> ListAsync(CliContext cli, OperoneApi api, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return Listing.PrintAsync(cli, api, "transfers", null, json, new Table("TRANSFER", "STATUS", "DONE", "FILES", "FAILED", "ASKED", "FROM", "TO", "WHY"), "there are no transfers",
            OperoneJson.Default.TransferView, t =>
            [
                t.Id.ToString(),
                new Cell(Word(t.Status), t.Status is TransferStatus.Failed ? Tone.Bad : t.Status is TransferStatus.Running or TransferStatus.Planning ? Tone.Busy : Tone.None),
                $"{Quantities.FormatSize(t.BytesDone)} of {Quantities.FormatSize(t.Bytes)}{(t.BytesSent is { } sent && sent < t.BytesDone ? $", {Quantities.FormatSize(sent)} sent" : "")}", $"{t.FilesDone} of {t.Files}", t.Failed == 0 ? "-" : new Cell($"{t.Failed}", Tone.Bad),
                Quantities.FormatRelative(t.CreatedAt, now), t.From.Count == 1 ? t.From[0] : $"{t.From[0]} and {t.From.Count - 1} more", t.To, t.Reason ?? "",
            ], cancellationToken);
    }

    private static int Say(CliContext cli, Result<TransferView> done, string text)
    {
        if (done.Error is { } error)
        {
            return cli.Fail(error);
        }

        cli.Say(text);
        return 0;
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
