using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Sandbox;

/// <summary>Sandbox profiles over REST.</summary>
internal static class SandboxEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void MapSandboxes(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1/sandbox-profiles").WithTags("Sandbox profiles").RequirePermission(Permissions.RunsCreate).ProducesAccessProblems();
        read.MapGet("/", ListAsync).WithName("ListSandboxProfiles").WithSummary("List sandbox profiles")
            .WithDescription("By name. A run names one in `sandbox`.").ProducesProblem(Bad);
        read.MapGet("/{idOrName}", GetAsync).WithName("GetSandboxProfile").WithSummary("Look at a sandbox profile")
            .WithDescription("By its id or name.").ProducesProblem(Unknown);

        var change = routes.MapGroup("/api/v1/sandbox-profiles").WithTags("Sandbox profiles").RequirePermission(Permissions.SandboxesManage).ProducesAccessProblems();
        change.MapPost("/", CreateAsync).WithName("CreateSandboxProfile").WithSummary("Make a sandbox profile")
            .WithDescription("What is left out of `spec` is not isolated, and not limited.").ProducesProblem(Bad).ProducesProblem(Conflict);
        change.MapPut("/{idOrName}", UpdateAsync).WithName("UpdateSandboxProfile").WithSummary("Change a sandbox profile")
            .WithDescription("All of it, for what is run from now on. A built-in one is not changed, and one that a role requires keeps its name.")
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        change.MapDelete("/{idOrName}", RemoveAsync).WithName("RemoveSandboxProfile").WithSummary("Remove a sandbox profile")
            .WithDescription("One that no role requires. Runs that it holds keep what it said.").ProducesProblem(Unknown).ProducesProblem(Conflict);
    }

    private static async Task<Results<Ok<Page<SandboxProfileView>>, ProblemHttpResult>> ListAsync(
        Actor actor, SandboxService sandboxes, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await sandboxes.ListAsync(actor, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<SandboxProfileView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, SandboxService sandboxes, CancellationToken cancellationToken) =>
        (await sandboxes.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<SandboxProfileView>, ProblemHttpResult>> CreateAsync(
        Actor actor, WriteSandboxProfile request, SandboxService sandboxes, CancellationToken cancellationToken)
    {
        var made = await sandboxes.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/sandbox-profiles/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<SandboxProfileView>, ProblemHttpResult>> UpdateAsync(
        Actor actor, string idOrName, WriteSandboxProfile request, SandboxService sandboxes, CancellationToken cancellationToken) =>
        (await sandboxes.UpdateAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, SandboxService sandboxes, CancellationToken cancellationToken) =>
        (await sandboxes.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();
}
