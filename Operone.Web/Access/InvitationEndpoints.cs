using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of invitations in the REST API.</summary>
internal static class InvitationEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var invitations = app.MapGroup("/api/v1/invitations").WithTags("Access").RequirePermission(Permissions.PeopleManage).ProducesAccessProblems();
        invitations.MapPost("/", CreateAsync).RequireRateLimiting(RateLimits.Tokens).ProducesProblem(StatusCodes.Status429TooManyRequests)
            .WithName("CreateInvitation").WithSummary("Invite somebody")
            .WithDescription("The address at which the invitation is taken up is in the answer, and is never shown again. It is good once. Nobody can give what they lack.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        invitations.MapGet("/", ListAsync).WithName("ListInvitations").WithSummary("List invitations")
            .WithDescription("Newest first, without their codes; with `open=true` those alone that can be taken up.").ProducesProblem(StatusCodes.Status400BadRequest);
        invitations.MapDelete("/{id:guid}", RevokeAsync).WithName("RevokeInvitation").WithSummary("Revoke an invitation")
            .WithDescription("It cannot be taken up from now on.").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<InvitationMade>, ProblemHttpResult>> CreateAsync(
        Actor actor, CreateInvitation request, HttpContext context, PublicAddress address, InvitationService invitations, CancellationToken cancellationToken)
    {
        var made = await invitations.CreateAsync(actor, request, address.For(context.Request), cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/invitations/{made.Value.Invitation.Id}", made.Value);
    }

    private static async Task<Results<Ok<Page<InvitationView>>, ProblemHttpResult>> ListAsync(
        Actor actor, InvitationService invitations, bool? open, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await invitations.ListAsync(actor, open == true, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(
        Actor actor, Guid id, InvitationService invitations, CancellationToken cancellationToken) =>
        (await invitations.RevokeAsync(actor, id, cancellationToken)).ToNoContent();
}
