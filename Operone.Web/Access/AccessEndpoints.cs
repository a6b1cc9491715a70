using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of Access in the REST API.</summary>
internal static class AccessEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/api/v1/tokens").WithTags("Access").RequirePermission(Permissions.TokensManage).ProducesAccessProblems();
        tokens.MapPost("/", CreateTokenAsync).RequireRateLimiting(RateLimits.Tokens).ProducesProblem(StatusCodes.Status429TooManyRequests).WithName("CreateToken").WithSummary("Make an API token")
            .WithDescription("The token's text is in the answer, and is never shown again. Nobody can give a permission that they lack.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        tokens.MapGet("/", ListTokensAsync).WithName("ListTokens").WithSummary("List API tokens")
            .WithDescription("Newest first, without their texts.").ProducesProblem(StatusCodes.Status400BadRequest);
        tokens.MapDelete("/{id:guid}", RevokeTokenAsync).WithName("RevokeToken").WithSummary("Revoke an API token")
            .WithDescription("It is refused from now on.").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<ApiTokenView>, ProblemHttpResult>> CreateTokenAsync(
        Actor actor, CreateApiToken request, TokenService tokens, CancellationToken cancellationToken)
    {
        var made = await tokens.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/tokens/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<Page<ApiTokenView>>, ProblemHttpResult>> ListTokensAsync(
        Actor actor, TokenService tokens, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await tokens.ListAsync(actor, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeTokenAsync(
        Actor actor, Guid id, TokenService tokens, CancellationToken cancellationToken) =>
        (await tokens.RevokeAsync(actor, id, cancellationToken)).ToNoContent();
}
