using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Environments;

/// <summary>The doors of environments in the REST API.</summary>
internal static class EnvironmentEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void MapEnvironments(this IEndpointRouteBuilder routes)
    {
        // Who uses them and who manages them both look: the service says at what.
        var environments = routes.MapGroup("/api/v1/environments").WithTags("Environments").RequireSignedIn().ProducesAccessProblems();
        environments.MapGet("/", ListAsync).WithName("ListEnvironments").WithSummary("List environments")
            .WithDescription("By name, for who manages environments, and otherwise those that the caller could use on some device. Of secrets there are the names "
                + "alone, here and everywhere.").ProducesProblem(Bad);
        environments.MapGet("/{idOrName}", GetAsync).WithName("GetEnvironment").WithSummary("Look at an environment")
            .WithDescription("By its id or name. Of secrets there are the names alone.").ProducesProblem(Unknown);
        environments.MapPost("/", CreateAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("CreateEnvironment").WithSummary("Make an environment")
            .WithDescription("A named set of variables for runs, with secrets: these are sealed, never given back, and masked in what commands print. "
                + "A secret has at least 4 characters, since a shorter one cannot be masked sensibly. With a selector it may be used on those devices alone.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        environments.MapPut("/{idOrName}", ReplaceAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("ReplaceEnvironment").WithSummary("Replace an environment")
            .WithDescription("What is not given goes, but for the name. A secret whose value is null stays as it is stored. Runs that were made before keep what they were given.")
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        environments.MapDelete("/{idOrName}", RemoveAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("RemoveEnvironment").WithSummary("Remove an environment")
            .WithDescription("With its secrets. Runs that were made before keep what they were given.").ProducesProblem(Unknown);
    }

    private static async Task<Results<Ok<Page<EnvironmentView>>, ProblemHttpResult>> ListAsync(
        Actor actor, EnvironmentService service,
        [Description("Text in the name.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await service.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<EnvironmentView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, EnvironmentService service, CancellationToken cancellationToken) =>
        (await service.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<EnvironmentView>, ProblemHttpResult>> CreateAsync(
        Actor actor, WriteEnvironment request, EnvironmentService service, CancellationToken cancellationToken)
    {
        var made = await service.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/environments/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<EnvironmentView>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, string idOrName, WriteEnvironment request, EnvironmentService service, CancellationToken cancellationToken) =>
        (await service.ReplaceAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, EnvironmentService service, CancellationToken cancellationToken) =>
        (await service.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();
}
