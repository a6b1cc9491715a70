using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Pipelines;

/// <summary>Pipelines over REST.</summary>
internal static class PipelineEndpoints
{
    private const double MaxWaitSeconds = 300;

    public static void MapPipelines(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1/pipelines").WithTags("Runs").RequirePermission(Permissions.RunsRead).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/", List).WithName("ListPipelines").WithSummary("List pipelines, newest first")
            .WithDescription("As runs, without executions: ask for one to see its stages.");
        read.MapGet("/{id:guid}", Get).WithName("GetPipeline").WithSummary("Get a pipeline with its stages")
            .WithDescription("A pipeline is a run: its executions are the stages in order. It is cancelled and followed as one. "
                + "With `waitSeconds` the answer comes once all stages have ended, or when the time is up.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapGroup("/api/v1/pipelines").WithTags("Runs").RequirePermission(Permissions.RunsCreate).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .MapPost("/", Create).WithName("CreatePipeline").WithSummary("Run a pipeline across devices")
            .WithDescription("Each stage's standard output is the next one's standard input, through this node. All devices must be connected, and the "
                + "caller must be allowed to run commands on each. A stage that fails, or a connection that breaks, ends the whole pipeline, and it has failed, "
                + "as `set -o pipefail` has it. The last stage's output is kept, as each one's standard error.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> Create(
        Actor actor, PipelineService pipelines, CreatePipeline request, CancellationToken cancellationToken)
    {
        var created = await pipelines.CreateAsync(actor, request, cancellationToken);
        return created.IsError ? created.Error!.ToProblem() : TypedResults.Accepted($"/api/v1/pipelines/{created.Value.Id}", created.Value);
    }

    private static async Task<Results<Ok<Page<RunView>>, ProblemHttpResult>> List(
        Actor actor, RunReader reader,
        [Description("Text in the commands or in who made it.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await reader.ListAsync(actor, new(Text: q, Limit: limit ?? 50, Cursor: cursor, Kind: RunKind.Pipeline), cancellationToken)).ToOk();

    private static async Task<Results<Ok<RunView>, ProblemHttpResult>> Get(
        Actor actor, Guid id, PipelineService pipelines,
        [Description("How long to wait for the end, in seconds, 0 to 300.")] double? waitSeconds, CancellationToken cancellationToken)
    {
        if (waitSeconds is { } seconds && !(seconds >= 0 && seconds <= MaxWaitSeconds))
        {
            return Error.InvalidField("waitSeconds", $"must be 0 to {MaxWaitSeconds}").ToProblem();
        }

        return (await pipelines.GetAsync(actor, id, TimeSpan.FromSeconds(waitSeconds ?? 0), cancellationToken)).ToOk();
    }
}
