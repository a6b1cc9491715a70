using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone audit</c>: reads, verifies and exports the audit trail.</summary>
internal static class AuditCommand
{
    public static Command Create(CliContext cli) => new("audit", "Read, verify and export the audit trail: who did what to what.")
    {
        CreateList(cli),
        AuditVerifyCommand.Create(cli),
        CreateExport(cli),
    };

    private static OperatorCommand CreateList(CliContext cli)
    {
        var limit = new Option<int>("--limit") { Description = "How many, the latest first.", HelpName = "N", DefaultValueFactory = _ => 50 };
        limit.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--limit must be at least 1");
            }
        });
        var json = Shared.Json("Print the entries as one JSON array, with all their fields.");
        var filter = new AuditFilterOptions(cli);
        var command = new OperatorCommand("list", "List the latest entries.",
            """
            Example:
              operone audit list --refused --since 24h
              operone audit list --actor anna@example.org --action 'run.*' --limit 200
              operone audit list -q /etc/passwd --json | jq -r '.[].sessionId'
            """) { limit, json };
        filter.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(
            cli, api, "audit" + filter.Query(parsed), parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, string path, int limit, bool json, CancellationToken cancellationToken)
    {
        return await Listing.PrintAsync(
            cli, api, path, limit, json, new Table("TIME (UTC)", "WHO", "DID", "TO", "OUTCOME", "DETAIL"), "no entry matches", OperoneJson.Default.AuditEntryView, e =>
            [
                e.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), e.Actor, e.Action, e.Target,
                e.Allowed ? new("allowed", Tone.Good) : new("refused", Tone.Bad), e.Detail,
            ], cancellationToken);
    }

    private static OperatorCommand CreateExport(CliContext cli)
    {
        var format = new Option<string>("--format") { Description = "As what.", HelpName = "jsonl|csv", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl", "csv");
        var file = new Option<string?>("--output", "-o") { Description = "Into this file instead of standard output. It is there only once it is whole.", HelpName = "FILE" };
        var filter = new AuditFilterOptions(cli);
        var command = new OperatorCommand("export", "Write out the entries, oldest first.",
            """
            JSON Lines has each entry as it was sealed, so that 'operone audit verify --file' and other tools can check it.
            In CSV a text that a spreadsheet would take for a formula begins with an apostrophe.

            Example:
              operone audit export -o audit.jsonl
              operone audit export --format csv --since 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z > january.csv
            """) { format, file };
        filter.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => Download.SaveAsync(
            cli, api, "audit/export" + filter.Query(parsed, ("format", parsed.GetValue(format))), parsed.GetValue(file), cancellationToken)));
        return command;
    }
}

/// <summary>The options that choose audit entries.</summary>
internal sealed class AuditFilterOptions
{
    private readonly Option<string?> _text = new("--query", "-q") { Description = "Only entries with this text in them.", HelpName = "TEXT" };
    private readonly Option<string?> _actor = new("--actor") { Description = "Only by this one: an e-mail, token:NAME, device:NAME, system. 'token:*' is all that begin so.", HelpName = "NAME" };
    private readonly Option<string?> _action = new("--action") { Description = "Only this act; 'run.*' is all that begin so.", HelpName = "ACTION" };
    private readonly Option<string?> _target = new("--target") { Description = "Only what was done to this.", HelpName = "TARGET" };
    private readonly Option<bool> _allowed = new("--allowed") { Description = "Only what was allowed." };
    private readonly Option<bool> _refused = new("--refused") { Description = "Only what was refused." };
    private readonly Option<Guid?> _session = new("--session") { Description = "Only in this session.", HelpName = "ID" };
    private readonly Option<DateTimeOffset?> _since;
    private readonly Option<DateTimeOffset?> _until;

    public AuditFilterOptions(CliContext cli)
    {
        _since = Time("--since", "Only from then on: a time (2026-03-01T12:00:00Z), or how long ago (24h).");
        _until = Time("--until", "Only up to then.");

        Option<DateTimeOffset?> Time(string name, string description) =>
            Shared.Parsed(name, "TIME", description, text => ParseTime(text, cli.Time.GetUtcNow()));
    }

    /// <summary>Gives a command these options.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_text, _actor, _action, _target, _allowed, _refused, _since, _until, _session])
        {
            command.Add(option);
        }

        command.Validators.Add(Shared.Check(result =>
            result.GetValue(_allowed) && result.GetValue(_refused) ? "--allowed and --refused exclude each other" : null));
    }

    /// <summary>What was given, as a query string.</summary>
    public string Query(ParseResult parsed, params ReadOnlySpan<(string Name, string? Value)> more) => Shared.Query(
    [
        ("text", parsed.GetValue(_text)), ("actor", parsed.GetValue(_actor)), ("action", parsed.GetValue(_action)), ("target", parsed.GetValue(_target)),
        ("allowed", parsed.GetValue(_allowed) ? "true" : parsed.GetValue(_refused) ? "false" : null),
        ("from", parsed.GetValue(_since)?.ToString("O")), ("to", parsed.GetValue(_until)?.ToString("O")), ("session", parsed.GetValue(_session)?.ToString()),
        .. more,
    ]);

    private static Result<DateTimeOffset> ParseTime(string? text, DateTimeOffset now)
    {
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) && text!.Contains('-', StringComparison.Ordinal))
        {
            return time;
        }

        var ago = Quantities.ParseDuration(text);
        return ago.Error is null && ago.Value < now - DateTimeOffset.MinValue
            ? now - ago.Value
            : Error.InvalidField("time", $"'{text}' is neither a time such as 2026-03-01T12:00:00Z nor how long ago, such as 24h");
    }
}
