using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Operone.Agent.Cli.Operator;

/// <summary>Prints what a list of the API has: rows for people, or the items as they came.</summary>
internal static class Listing
{
    private const int PageSize = 200;

    /// <summary>Prints it. Gives the exit code.</summary>
    /// <param name="cli">Where to.</param>
    /// <param name="api">The server.</param>
    /// <param name="path">Which list, with its query.</param>
    /// <param name="limit">How many at the most; null for all.</param>
    /// <param name="json">Whether one JSON array is wanted.</param>
    /// <param name="table">The table, without rows.</param>
    /// <param name="none">What is said where there is nothing; null for the bare table.</param>
    /// <param name="type">What the items are.</param>
    /// <param name="row">An item's row.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> PrintAsync<T>(
        CliContext cli, OperoneApi api, string path, int? limit, bool json, Table table, string? none, JsonTypeInfo<T> type, Func<T, Cell[]> row, CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        await foreach (var item in api.ListAsync(path, Math.Min(limit ?? PageSize, PageSize), cancellationToken))
        {
            if (item.Error is { } error)
            {
                return cli.Fail(error);
            }

            items.Add(item.Value);
            if (items.Count == limit)
            {
                break;
            }
        }

        if (json)
        {
            CliJson.Print(cli, items);
            return 0;
        }

        if (items.Count == 0 && none is not null)
        {
            cli.Say(none);
            return 0;
        }

        foreach (var item in items)
        {
            var read = api.Read(item, type);
            if (read.Error is { } error)
            {
                return cli.Fail(error);
            }

            table.Add(row(read.Value));
        }

        table.Print(cli);
        return 0;
    }
}
