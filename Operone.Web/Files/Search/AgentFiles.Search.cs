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
        var begun = await BeginAsync(new() { Op = FileOps.Search, Scope = scope, Path = path.ToAddress(), Query = query }, path, cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var (channel, reply) = begun.Value;
        var left = query.MaxMatches ?? FileQueryLimits.Matches;
        try
        {
            while (true)
            {
                if (reply.Problem is { } problem)
                {
                    return FileErrors.From(problem, PlaceOf(path));
                }

                if (!(reply.Found ?? []).All(IsRight) || (left -= reply.Found?.Count ?? 0) < 0 || (reply.IsLast && reply.Searched is null))
                {
                    channel.Dispose();
                    return FileErrors.NotUnderstood(device.Name);
                }

                if (reply.Found is { Count: > 0 } || (reply.Searched is not null && !reply.IsLast))
                {
                    await take(new(reply.Found ?? [], reply.IsLast ? null : reply.Searched));
                }

                if (reply.IsLast)
                {
                    return reply.Searched!;
                }

                if (await NextAsync(channel, cancellationToken) is not { } next)
                {
                    return FileErrors.Lost(device.Name);
                }

                reply = next;
            }
        }
        finally
        {
            channels.Return(actor, device, channel);
        }

        static bool IsRight(FileMatch match) =>
            match is { Path: not null, Line: null or >= 1, Column: null or >= 1, Length: null or >= 0, Offset: null or >= 0, Cut: null or >= 0, Text: null or { Length: <= FileQueryLimits.ShownText } }
            && !TreePath.Parse(match.Path).IsError;
    }
}
