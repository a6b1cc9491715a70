using System.CommandLine.Completions;
using System.Text.Json;

namespace Operone.Agent.Cli.Operator;

/// <summary>
/// Completions that the server knows. A shell waits for them between two keys, so there is a second for all of it,
/// and whatever goes wrong is no completion.
/// </summary>
internal static class ServerCompletions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Names of devices. A list joined by commas is completed at its last name.</summary>
    public static IEnumerable<CompletionItem> Devices(CliContext cli, CompletionContext context)
    {
        var word = context.WordToComplete;
        var before = word[..(word.LastIndexOf(',') + 1)];
        var start = word[before.Length..];
        var path = "devices" + Shared.Query(("q", start.Length > 0 ? start : null), ("limit", "200"));
        return Ask(cli, path, item => item.TryGetProperty("name", out var name) ? name.GetString() : null)
            .Where(name => name.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionItem(before + name));
    }

    /// <summary>Ids of the latest runs.</summary>
    public static IEnumerable<CompletionItem> Runs(CliContext cli, CompletionContext context) => Ids(cli, "runs?limit=20", context);

    /// <summary>Ids in a list, by its path and query.</summary>
    public static IEnumerable<CompletionItem> Ids(CliContext cli, string path, CompletionContext context) =>
        Ask(cli, path, item => item.TryGetProperty("id", out var id) ? id.GetString() : null)
            .Where(id => id.StartsWith(context.WordToComplete, StringComparison.OrdinalIgnoreCase))
            .Select(id => new CompletionItem(id));

    /// <summary>Names in a list, such as <c>roles</c>.</summary>
    public static IEnumerable<CompletionItem> Names(CliContext cli, string list, CompletionContext context) =>
        Ask(cli, $"{list}?limit=200", item => item.TryGetProperty("name", out var name) ? name.GetString() : null)
            .Where(name => name.StartsWith(context.WordToComplete, StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionItem(name));

    private static string[] Ask(CliContext cli, string path, Func<JsonElement, string?> choose)
    {
        var credentials = new CredentialStore(cli).Find();
        if (credentials.IsError)
        {
            return [];
        }

        using var api = new OperoneApi(credentials.Value);
        using var late = new CancellationTokenSource(Patience, cli.Time);
        try
        {
            // a completion source cannot be awaited; there is no synchronization context that this could block
            var page = api.GetJsonAsync(path, late.Token).GetAwaiter().GetResult();
            return page.IsError || page.Value.ValueKind != JsonValueKind.Object || !page.Value.TryGetProperty("items", out var items) ? []
                : items.EnumerateArray().Select(choose).OfType<string>().ToArray();
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }
}
