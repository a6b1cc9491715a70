using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Search;

/// <summary>Searches over REST: lines of JSON, sent as they come.</summary>
internal static class SearchEndpoints
{
    public static void MapFileSearch(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/files:search", SearchAsync).WithTags("Files").RequireSignedIn().ProducesAccessProblems()
            .WithName("SearchFiles").WithSummary("Search names and contents on many devices")
            .WithDescription("The devices search, all at once, and what they find comes as it is found, a JSON object a line (`application/x-ndjson`): `match`, now and then `progress`, and for each place one "
                + "`end` with what was looked at and what could not be, or one `error`. Closing the request ends the search. With `pdf` the text of PDFs is looked at too, which the server reads. Needs `files.read` on each device; what policies hide is not found.")
            .Produces<FileSearchLine>(StatusCodes.Status200OK, "application/x-ndjson").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    /// <summary>Of one place: what it cannot do at all is a problem, not a line.</summary>
    public static Task<IResult> SearchOneAsync(HttpContext http, Actor actor, TreePath path, FileQuery? query, CancellationToken cancellationToken) =>
        SendAsync(http, actor, FileSearchService.Plan(path, query), isOne: true, cancellationToken);

    private static async Task<IResult> SearchAsync(HttpContext http, Actor actor, FileSearchService search, SearchFiles request, CancellationToken cancellationToken) =>
        await SendAsync(http, actor, await search.PlanAsync(actor, request, cancellationToken), isOne: false, cancellationToken);

    private static async Task<IResult> SendAsync(HttpContext http, Actor actor, Result<SearchPlan> plan, bool isOne, CancellationToken cancellationToken)
    {
        if (plan.IsError)
        {
            return plan.Error!.ToProblem();
        }

        var writer = http.Response.BodyWriter;
        http.SendAsItComes();
        if (!isOne)
        {
            await BeginAsync();
        }

        Error? refused = null;
        await http.RequestServices.GetRequiredService<FileSearchService>().RunAsync(actor, plan.Value, async (line, error) =>
        {
            if (isOne && error is not null && !http.Response.HasStarted)
            {
                refused = error;
                return;
            }

            if (!http.Response.HasStarted)
            {
                await BeginAsync();
            }

            JsonLines.Write(writer, line, OperoneJson.Default.FileSearchLine);
            await writer.FlushAsync(cancellationToken);
        }, cancellationToken);
        return refused is null ? Results.Empty : refused.ToProblem();

        async ValueTask BeginAsync()
        {
            JsonLines.Begin(http);
            await http.Response.StartAsync(cancellationToken);
        }
    }
}
