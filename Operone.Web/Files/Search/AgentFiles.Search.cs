using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;

namespace Operone.Web.Files;

/// <content>Searches.</content>
internal sealed partial class AgentFiles
{
    public async Task<Result<FileSearched>> SearchAsync(
        FileScope scope, TreePath path, FileQuery query, Func<FileSearchNews, ValueTask> take, CancellationToken cancellationToken)
    {
        var left = query.MaxMatches ?? FileQueryLimits.Matches;
        var last = await RepliesAsync(new() { Op = FileOps.Search, Scope = scope, Path = path.ToAddress(), Query = query }, path, async reply =>
        {
            if (!(reply.Found ?? []).All(IsRight) || (left -= reply.Found?.Count ?? 0) < 0 || (reply.IsLast && reply.Searched is null))
            {
                return false;
            }

            if (reply.Found is { Count: > 0 } || (reply.Searched is not null && !reply.IsLast))
            {
                await take(new(reply.Found ?? [], reply.IsLast ? null : reply.Searched));
            }

            return true;
        }, cancellationToken);
        return last.IsError ? last.Error! : last.Value.Searched!;

        static bool IsRight(FileMatch match) =>
            match is { Path: not null, Line: null or >= 1, Column: null or >= 1, Length: null or >= 0, Offset: null or >= 0, Cut: null or >= 0, Text: null or { Length: <= FileQueryLimits.ShownText } }
            && !TreePath.Parse(match.Path).IsError;
    }
}
