using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone audit verify</c>: whether the audit trail holds. Ends with 0 where it does, 1 where it does not, 2 where it could not be looked at.</summary>
internal static class AuditVerifyCommand
{
    private const int Broken = 1;

    // A long trail takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    public static Command Create(CliContext cli)
    {
        var known = new Option<AuditWitness?>("--known")
        {
            Description = "Hold it against a place and hash that you noted earlier, as 'Newest:' has them.",
            HelpName = "SEQ:HASH",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (ParseKnown(text) is { } witness)
                {
                    return witness;
                }

                result.AddError($"--known: '{text}' is not a place and a hash, such as 'operone audit verify' prints them behind 'Newest:'");
                return null;
            },
        };
        var file = new Option<string?>("--file") { Description = "Check this export (JSON Lines) instead of asking the server; - is standard input.", HelpName = "FILE" };
        var json = Shared.Json("Print what was found as one JSON object.");
        var command = new OperatorCommand("verify", "Check that nobody has changed the audit trail.",
            """
            Ends with 0 where it holds, with 1 where it does not, and with 2 where it could not be checked.

            Example:
              operone audit verify
              operone audit verify --known 12345:9f2c...
              operone audit export -o audit.jsonl && operone audit verify --file audit.jsonl
            """) { known, file, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var witness = parsed.GetValue(known);
            return parsed.GetValue(file) is { } path
                ? await VerifyFileAsync(cli, path, witness, parsed.GetValue(json), cancellationToken)
                : await Shared.WithApiAsync(cli, api => VerifyAsync(cli, api, witness, parsed.GetValue(json), cancellationToken));
        });
        return command;
    }

    private static AuditWitness? ParseKnown(string text) =>
        text.Split(':') is [var seq, var hash] && long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place > 0
            && hash.Length == 2 * AuditChain.HashBytes && hash.All(char.IsAsciiHexDigit)
            ? new(place, hash)
            : null;

    private static async Task<int> VerifyAsync(CliContext cli, OperoneApi api, AuditWitness? known, bool json, CancellationToken cancellationToken)
    {
        api.Patience = Patience;
        var path = "audit/verify" + Shared.Query(("seq", known?.Seq.ToString(CultureInfo.InvariantCulture)), ("hash", known?.Hash));
        var found = await api.GetAsync(path, OperoneJson.Default.AuditVerification, cancellationToken);
        return found.Error is { } error ? cli.Fail(error) : Report(cli, found.Value, json);
    }

    private static async Task<int> VerifyFileAsync(CliContext cli, string path, AuditWitness? known, bool json, CancellationToken cancellationToken)
    {
        Stream stream;
        try
        {
            stream = path == "-" ? cli.OpenInput() : File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return cli.Fail(new(ErrorKind.Unprocessable, "file-not-readable", $"'{path}' cannot be read.", e.Message));
        }

        using var reader = new StreamReader(stream);
        AuditChainCheck? check = null;
        AuditBreak? broken = null;
        var first = 1L;
        for (var line = 1; broken is null && await reader.ReadLineAsync(cancellationToken) is { } text; line++)
        {
            if (text.Length == 0)
            {
                continue;
            }

            if (Read(text) is not { } entry)
            {
                return cli.Fail(new(ErrorKind.Unprocessable, "file-not-an-export", $"Line {line} of '{path}' is no audit entry.", "Export with 'operone audit export --format jsonl'."));
            }

            // An export may begin anywhere: its first entry is taken at its word.
            if (check is null)
            {
                first = entry.Seq;
                check = new(first - 1, entry.PreviousHash ?? "", known);
            }

            broken = check.Next(entry);
        }

        check ??= new(0, AuditChain.Beginning, known);
        broken ??= check.End(check.Seq, check.Hash);
        return Report(cli, new(broken is null, check.Checked, cli.Time.GetUtcNow(), first - 1, null, check.Seq, check.Hash, broken), json);
    }

    private static AuditEntryView? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, OperoneJson.Default.AuditEntryView) is { Seq: > 0, Actor: not null, Action: not null } entry ? entry : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static int Report(CliContext cli, AuditVerification found, bool json)
    {
        if (json)
        {
            CliJson.Print(cli, JsonSerializer.SerializeToElement(found, OperoneJson.Default.AuditVerification));
            return found.Holds ? 0 : Broken;
        }

        if (found.Break is { } broken)
        {
            cli.Say($"the audit trail does NOT hold, at entry {broken.Seq}{(broken.Id is { } id ? $" ({id})" : "")}: {broken.Reason}\n"
                + $"  {found.Checked} entries before it are as they were sealed.");
            return Broken;
        }

        cli.OutputText.WriteLine(found.Checked == 0
            ? "The audit trail holds: there are no entries."
            : $"The audit trail holds: {found.Checked} entries, {found.AnchorSeq + 1} to {found.Seq}.");
        if (found.PrunedAt is { } pruned)
        {
            cli.OutputText.WriteLine($"Entries up to {found.AnchorSeq} were removed by retention on {pruned.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}.");
        }

        if (found.Seq > 0)
        {
            cli.OutputText.WriteLine($"Newest: {found.Seq}:{found.Hash}");
        }

        return 0;
    }
}
