using System.Globalization;
using Microsoft.AspNetCore.Components;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access.Pages;

/// <summary>The audit trail: searched, looked into, verified, exported.</summary>
public sealed partial class Audit
{
    // What there is most to ask for; anything else can be typed.
    private static readonly string[] Suggestions =
    [
        "access.*", "audit.*", "device.*", "enrollment-token.*", "file.*", "grant.*", "invitation.*", "person.*", "person.sign-in", "role.*", "run.*", "run.create",
        "session.*", "setup.*", "team.*", "terminal.*", "token.*",
    ];

    private Page<AuditEntryView>? _page;

    [Inject]
    private AuditLog Log { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Text { get; set; }

    [SupplyParameterFromQuery]
    public string? Outcome { get; set; }

    [SupplyParameterFromQuery]
    public string? Action { get; set; }

    [SupplyParameterFromQuery]
    public string? From { get; set; }

    [SupplyParameterFromQuery]
    public string? To { get; set; }

    [SupplyParameterFromQuery]
    public string? By { get; set; }

    [SupplyParameterFromQuery]
    public string? Session { get; set; }

    [SupplyParameterFromQuery]
    public string? Request { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    private bool IsFiltered => Query.Describe() != new AuditQuery().Describe() || Cursor is not null;

    private IEnumerable<(string Name, string Value, string Words)> Chips
    {
        get
        {
            foreach (var (name, value, words) in new[] { ("by", By, "by"), ("session", Session, "in the session"), ("request", Request, "in the request") })
            {
                if (!string.IsNullOrEmpty(value))
                {
                    yield return (name, Guid.TryParse(value, out _) ? value[^8..] : value, words);
                }
            }
        }
    }

    private AuditQuery Query => new(
        Text, By, Action, null, Outcome switch { "allowed" => true, "refused" => false, _ => null }, Day(From), Day(To) is { } to ? to.AddDays(1).AddMicroseconds(-1) : null,
        Guid.TryParse(Session, out var session) ? session : null, null, Request);

    // What other nodes append is seen by looking again.
    protected override TimeSpan? AtLeastEvery => TimeSpan.FromSeconds(10);

    // An older page does not change.
    protected override IReadOnlyList<string> Topics() => Cursor is null ? [Operone.Web.Events.LiveChanges.Audit] : [];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var page = await Log.ListAsync(Actor, Query, 100, Cursor, cancellationToken);
        (Problem, _page) = page.Match<(Error?, Page<AuditEntryView>?)>(p => (null, p), e => (e, null));
    }

    private static DateTimeOffset? Day(string? text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day) && day < DateTimeOffset.MaxValue.AddDays(-1)
            ? day
            : null;

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["cursor"] = null });

    private void Filter(string name, object? value) =>
        Navigation.NavigateTo(With(name, (value as string)?.Trim() is { Length: > 0 } text ? text : null), replace: true);

    private string ExportHref(string format) => "api/v1/audit/export?" + string.Join('&', ApiQuery().Prepend($"format={format}"));

    private IEnumerable<string> ApiQuery()
    {
        var query = Query;
        foreach (var (name, value) in new[]
        {
            ("text", query.Text), ("actor", query.Actor), ("action", query.Action), ("allowed", query.Allowed is { } allowed ? allowed ? "true" : "false" : null),
            ("from", query.From?.ToString("O")), ("to", query.To?.ToString("O")), ("session", query.SessionId?.ToString()), ("request", query.RequestId),
        })
        {
            if (!string.IsNullOrEmpty(value))
            {
                yield return $"{name}={Uri.EscapeDataString(value)}";
            }
        }
    }

    private (string Command, string Call) Doors()
    {
        var query = Query;
        var command = "operone audit list";
        foreach (var (option, value) in new[]
        {
            ("-q", query.Text), ("--actor", query.Actor), ("--action", query.Action), ("--since", query.From?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
            ("--until", query.To?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)), ("--session", query.SessionId?.ToString()),
        })
        {
            command += string.IsNullOrEmpty(value) ? "" : $" {option} {ShellText.Quote(value)}";
        }

        command += query.Allowed switch { true => " --allowed", false => " --refused", _ => "" };
        var parameters = string.Join('&', ApiQuery());
        return (command, ShellText.Curl("GET", $"{Navigation.BaseUri}api/v1/audit{(parameters.Length > 0 ? "?" + parameters : "")}"));
    }
}
