using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Mounts;

/// <summary>Mounts over REST.</summary>
internal static class MountEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void MapMounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/mounts").WithTags("Files").RequirePermission(Permissions.MountsManage).ProducesAccessProblems();
        group.MapGet("/", ListAsync).WithName("ListMounts").WithSummary("List mounts")
            .WithDescription("By name: folders of the server, SFTP servers, WebDAV servers. What they sign in with is not in it, here and everywhere.").ProducesProblem(Bad);
        group.MapGet("/{idOrName}", GetAsync).WithName("GetMount").WithSummary("Look at a mount")
            .WithDescription("By its id or name.").ProducesProblem(Unknown);
        group.MapPost("/", CreateAsync).WithName("CreateMount").WithSummary("Make a mount")
            .WithDescription("It is in the tree at once: a folder of the server at `/server/NAME`, another server at `/mounts/NAME`. Who holds `files.read` or `files.write` on "
                + "its labels may use it. Secrets are sealed, and never given back. An SFTP server is used only when its key has the fingerprint `hostKey`. "
                + "Needs `mounts.manage` on everything.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        group.MapPut("/{idOrName}", ReplaceAsync).WithName("ReplaceMount").WithSummary("Replace a mount")
            .WithDescription("What is not given goes, but for secrets: those stay where the mount still goes to the same server as the same user. Needs `mounts.manage` on everything.")
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        group.MapDelete("/{idOrName}", RemoveAsync).WithName("RemoveMount").WithSummary("Remove a mount")
            .WithDescription("From the tree, with its secrets; the files stay. Needs `mounts.manage` on everything.").ProducesProblem(Unknown);
        group.MapPost("/{idOrName}/test", TestAsync).WithName("TestMount").WithSummary("Try a mount")
            .WithDescription("Connects, signs in and lists its folder. Of an SFTP server it gives the fingerprint of the key that was shown: hold it against what the "
                + "server's administrator says, and give it as `hostKey`. Needs `mounts.manage` on everything.").ProducesProblem(Unknown);
    }

    private static async Task<Results<Ok<Page<MountView>>, ProblemHttpResult>> ListAsync(
        Actor actor, MountService mounts,
        [Description("Text in the name or the address.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await mounts.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<MountView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, MountService mounts, CancellationToken cancellationToken) =>
        (await mounts.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<MountView>, ProblemHttpResult>> CreateAsync(
        Actor actor, WriteMount request, MountService mounts, CancellationToken cancellationToken)
    {
        var made = await mounts.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/mounts/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<MountView>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, string idOrName, WriteMount request, MountService mounts, CancellationToken cancellationToken) =>
        (await mounts.ReplaceAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, MountService mounts, CancellationToken cancellationToken) =>
        (await mounts.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<MountTest>, ProblemHttpResult>> TestAsync(
        Actor actor, string idOrName, MountService mounts, CancellationToken cancellationToken) =>
        (await mounts.TestAsync(actor, idOrName, cancellationToken)).ToOk();
}
