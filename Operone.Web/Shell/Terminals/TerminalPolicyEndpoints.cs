using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Terminals;

/// <summary>Policies of terminals over REST.</summary>
internal static class TerminalPolicyEndpoints
{
    public static void MapTerminalPolicies(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/terminal-policies").WithTags("Terminals").RequirePermission(Permissions.TerminalsManage).ProducesAccessProblems();
        group.MapGet("/", ListAsync).WithName("ListTerminalPolicies").WithSummary("List terminal policies")
            .WithDescription("By name. `q` is a text in the name or the selector.").ProducesProblem(StatusCodes.Status400BadRequest);
        group.MapGet("/{id:guid}", GetAsync).WithName("GetTerminalPolicy").WithSummary("Look at a terminal policy")
            .WithDescription("All policies that match a device and a role count: of each setting the one with the lowest order that says something wins, "
                + "of recording the strictest.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPost("/", CreateAsync).WithName("CreateTerminalPolicy").WithSummary("Make a terminal policy")
            .WithDescription("It counts for terminals that are opened from now on. Needs `terminals.manage` on everything. What is left out, it says nothing about.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPut("/{id:guid}", ReplaceAsync).WithName("ReplaceTerminalPolicy").WithSummary("Replace a terminal policy")
            .WithDescription("What is left out, it says nothing about any more. Needs `terminals.manage` on everything. Terminals that are open stay as they are.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id:guid}", RemoveAsync).WithName("RemoveTerminalPolicy").WithSummary("Remove a terminal policy")
            .WithDescription("Needs `terminals.manage` on everything. Terminals that are open stay as they are.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<Page<TerminalPolicyView>>, ProblemHttpResult>> ListAsync(
        Actor actor, TerminalPolicyService policies, string? q, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await policies.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TerminalPolicyView>, ProblemHttpResult>> GetAsync(
        Actor actor, Guid id, TerminalPolicyService policies, CancellationToken cancellationToken) =>
        (await policies.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Created<TerminalPolicyView>, ProblemHttpResult>> CreateAsync(
        Actor actor, WriteTerminalPolicy request, TerminalPolicyService policies, CancellationToken cancellationToken)
    {
        var made = await policies.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/terminal-policies/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<TerminalPolicyView>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, Guid id, WriteTerminalPolicy request, TerminalPolicyService policies, CancellationToken cancellationToken) =>
        (await policies.ReplaceAsync(actor, id, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, Guid id, TerminalPolicyService policies, CancellationToken cancellationToken) =>
        (await policies.RemoveAsync(actor, id, cancellationToken)).ToNoContent();
}
