using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Policies;

/// <summary>Policies of files over REST.</summary>
internal static class FilePolicyEndpoints
{
    public static void MapFilePolicies(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/file-policies").WithTags("Files").RequirePermission(Permissions.MountsManage).ProducesAccessProblems();
        group.MapGet("/", ListAsync).WithName("ListFilePolicies").WithSummary("List file policies")
            .WithDescription("By name. `q` is a text in the name or the selector.").ProducesProblem(StatusCodes.Status400BadRequest);
        group.MapGet("/{id:guid}", GetAsync).WithName("GetFilePolicy").WithSummary("Look at a file policy")
            .WithDescription("All policies that match a device and a role count: where any does, their folders may be had and nothing else. Of two about the same "
                + "folder it may be changed only if both let it be, and what either hides is hidden.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPost("/", CreateAsync).WithName("CreateFilePolicy").WithSummary("Make a file policy")
            .WithDescription("It counts at once. Needs `mounts.manage` on everything.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPut("/{id:guid}", ReplaceAsync).WithName("ReplaceFilePolicy").WithSummary("Replace a file policy")
            .WithDescription("Needs `mounts.manage` on everything.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id:guid}", RemoveAsync).WithName("RemoveFilePolicy").WithSummary("Remove a file policy")
            .WithDescription("Where it was the last that matched, all of a device is to be had. Needs `mounts.manage` on everything.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<Page<FilePolicyView>>, ProblemHttpResult>> ListAsync(
        Actor actor, FilePolicyService policies, string? q, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await policies.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<FilePolicyView>, ProblemHttpResult>> GetAsync(
        Actor actor, Guid id, FilePolicyService policies, CancellationToken cancellationToken) =>
        (await policies.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Created<FilePolicyView>, ProblemHttpResult>> CreateAsync(
        Actor actor, WriteFilePolicy request, FilePolicyService policies, CancellationToken cancellationToken)
    {
        var made = await policies.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/file-policies/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<FilePolicyView>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, Guid id, WriteFilePolicy request, FilePolicyService policies, CancellationToken cancellationToken) =>
        (await policies.ReplaceAsync(actor, id, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, Guid id, FilePolicyService policies, CancellationToken cancellationToken) =>
        (await policies.RemoveAsync(actor, id, cancellationToken)).ToNoContent();
}
