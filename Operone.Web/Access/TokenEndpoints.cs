using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of API tokens in the REST API.</summary>
internal static class TokenEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/api/v1/tokens").WithTags("Access").RequireSignedIn().ProducesAccessProblems();
        tokens.MapPost("/", CreateAsync).RequireRateLimiting(RateLimits.Tokens).WithName("CreateToken").WithSummary("Make an API token")
            .WithDescription("A personal token needs `tokens.create`, a service token `tokens.manage`. The token's text is in the answer, and is never "
                + "shown again. Nobody can give what they lack, and a token never exceeds its maker, now or later.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status429TooManyRequests);
        tokens.MapGet("/", ListAsync).WithName("ListTokens").WithSummary("List API tokens")
            .WithDescription("One's own; with `all=true` everybody's, which needs `tokens.manage`. `q` finds text in names and owners. "
                + "Newest first, without their texts.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        tokens.MapGet("/{id:guid}", GetAsync).WithName("GetToken").WithSummary("Show an API token")
            .WithDescription("Without its text.").ProducesProblem(StatusCodes.Status404NotFound);
        tokens.MapPatch("/{id:guid}", RenameAsync).WithName("RenameToken").WithSummary("Rename an API token")
            .WithDescription("What it may is not changed: make another for that.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        tokens.MapDelete("/{id:guid}", RevokeAsync).WithName("RevokeToken").WithSummary("Revoke an API token")
            .WithDescription("It is refused from now on, and what it has open is cut.").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<ApiTokenView>, ProblemHttpResult>> CreateAsync(
        Actor actor, CreateApiToken request, TokenMaker tokens, HttpContext context, CancellationToken cancellationToken)
    {
        var made = await tokens.CreateAsync(actor, request, cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/tokens/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<Page<ApiTokenView>>, ProblemHttpResult>> ListAsync(
        Actor actor, TokenService tokens, bool? all, string? q, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await tokens.ListAsync(actor, new(all == true, q), limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<ApiTokenView>, ProblemHttpResult>> GetAsync(
        Actor actor, Guid id, TokenService tokens, CancellationToken cancellationToken) =>
        (await tokens.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<ApiTokenView>, ProblemHttpResult>> RenameAsync(
        Actor actor, Guid id, RenameApiToken request, TokenService tokens, CancellationToken cancellationToken) =>
        (await tokens.RenameAsync(actor, id, request.Name, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(
        Actor actor, Guid id, TokenService tokens, CancellationToken cancellationToken) =>
        (await tokens.RevokeAsync(actor, id, cancellationToken)).ToNoContent();
}
