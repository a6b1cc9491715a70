using System.Net.Http.Headers;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Searches, and prints what is found as it is found.</summary>
internal sealed class SearchRun(CliContext cli, OperoneApi api, bool isJson)
{
    private const int NothingExitCode = 1;
    private const int TroubleExitCode = 2;

    private bool _isFound;
    private bool _isTrouble;

    /// <summary>Does one search after the other. Gives the exit code.</summary>
    public async Task<int> RunAsync(IEnumerable<SearchFiles> requests, CancellationToken cancellationToken)
    {
        foreach (var request in requests)
        {
            if (await SearchAsync(request, cancellationToken) is { } error)
            {
                cli.OutputText.Flush();
                return cli.Fail(error);
            }
        }

        cli.OutputText.Flush();
        return _isTrouble ? TroubleExitCode : _isFound ? 0 : NothingExitCode;
    }

    private async Task<Error?> SearchAsync(SearchFiles request, CancellationToken cancellationToken)
    {
        using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, OperoneJson.Default.SearchFiles))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        };
        var sent = await api.SendFileAsync(HttpMethod.Post, "/files:search", body, null, isLong: true, cancellationToken);
        if (sent.Error is { } refused)
        {
            return refused;
        }

        using var response = sent.Value;
        try
        {
            await using var lines = await response.Content.ReadAsStreamAsync(cancellationToken);
            await foreach (var line in JsonSerializer.DeserializeAsyncEnumerable(lines, OperoneJson.Default.FileSearchLine, topLevelValues: true, cancellationToken))
            {
                if (line?.Place is null || Take(line) is not { } taken)
                {
                    return api.NotOperone();
                }

                if (isJson)
                {
                    cli.OutputText.WriteLine(JsonSerializer.Serialize(line, OperoneJson.Default.FileSearchLine));
                }
                else if (taken.Length > 0)
                {
                    cli.OutputText.WriteLine(CliContext.Plain(taken));
                }

                cli.OutputText.Flush();
            }

            return null;
        }
        catch (JsonException)
        {
            return api.NotOperone();
        }
        catch (Exception e) when (e is not BrokenPipeException && api.Explain(e, cancellationToken) is not null)
        {
            return api.Explain(e, cancellationToken)!;
        }
    }

    /// <summary>What is printed of a line; null where it makes no sense.</summary>
    private string? Take(FileSearchLine line)
    {
        if (line.Match is { } match)
        {
            _isFound = true;
            return Show(match.Path) is { } place ? match.Line is { } number ? FormattableString.Invariant($"{place}:{(match.Page is { } page ? $"page {page}" : $"{number}")}:{match.Text}") : place : null;
        }

        var where = Show(line.Place);
        if (line.Error is { } error)
        {
            _isTrouble = true;
            cli.Say($"search: {where}: {error.Detail}");
        }
        else if (line.End is { } end)
        {
            _isTrouble |= end.Unreadable > 0;
            foreach (var problem in end.Problems)
            {
                cli.Say($"search: {where}: {problem.Detail}");
            }

            if (end.Unreadable > end.Problems.Count)
            {
                cli.Say($"search: {where}: {end.Unreadable - end.Problems.Count} more could not be looked at.");
            }

            if (end.IsCut)
            {
                cli.Say($"search: {where}: it ended with {end.Matches} matches; there may be more (-m).");
            }

            if (end.TooLarge > 0)
            {
                cli.Say($"search: {where}: {end.TooLarge} larger {(end.TooLarge == 1 ? "file was" : "files were")} left out (--max-size).");
            }
        }

        return where is null ? null : "";
    }

    /// <summary>An address in the tree as a place on a device; null where it is none.</summary>
    private static string? Show(string address) =>
        TreePath.Parse(address) is { IsError: false, Value: { Depth: >= 2 } path } ? $"{FileName.Display(path.Names[1])}:{path.Below(2)}" : null;
}
