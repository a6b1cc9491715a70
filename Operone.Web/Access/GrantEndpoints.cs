using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of roles, grants and access requests in the REST API.</summary>
internal static class GrantEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void Map(IEndpointRouteBuilder app)
    {
        // What a role is, whoever asks for one may know; who has it is not said here.
        var roles = app.MapGroup("/api/v1/roles").WithTags("Access").RequireSignedIn().ProducesAccessProblems();
        roles.MapGet("/", ListRolesAsync).WithName("ListRoles").WithSummary("List roles")
            .WithDescription("By name, with their permissions. Everybody who is signed in may see them.").ProducesProblem(Bad);
        roles.MapGet("/{idOrName}", GetRoleAsync).WithName("GetRole").WithSummary("Look at a role")
            .WithDescription("By its id or name.").ProducesProblem(Unknown);
        roles.MapPost("/", CreateRoleAsync).RequirePermission(Permissions.PeopleManage).WithName("CreateRole").WithSummary("Make a role")
            .WithDescription("A named set of permissions. Nobody makes one of what they lack.").ProducesProblem(Bad).ProducesProblem(Conflict);
        roles.MapPatch("/{id:guid}", UpdateRoleAsync).WithName("UpdateRole").WithSummary("Change a role")
            .WithDescription("For everybody who has it, at once: nobody adds what they could not give to each of them. What is not given stays. Of a built-in role "
                + "only the acts and the required sandbox are set, by who changes settings; other roles are changed by who manages people.")
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        roles.MapDelete("/{id:guid}", RemoveRoleAsync).RequirePermission(Permissions.PeopleManage).WithName("RemoveRole").WithSummary("Remove a role")
            .WithDescription("One that nobody uses; otherwise the problem says who does.").ProducesProblem(Unknown).ProducesProblem(Conflict);

        var grants = app.MapGroup("/api/v1/grants").WithTags("Access").RequirePermission(Permissions.PeopleManage).ProducesAccessProblems();
        grants.MapGet("/", ListGrantsAsync).WithName("ListGrants").WithSummary("List grants")
            .WithDescription("Newest first. All that is given must hold: for whom, by id; a role's id or name; active or ended; a text. "
                + "Grants that have ended are kept for thirty days.").ProducesProblem(Bad);
        grants.MapPost("/", CreateGrantAsync).WithName("CreateGrant").WithSummary("Give a role")
            .WithDescription("To a person, a team or a service token, on the devices that a selector matches, or on all; or deny it, which wins over all that is given. "
                + "Nobody gives what they lack, on more devices, or for longer. Nothing is denied to an owner.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        grants.MapGet("/{id:guid}", GetGrantAsync).WithName("GetGrant").WithSummary("Look at a grant")
            .WithDescription("One that has ended too.").ProducesProblem(Unknown);
        grants.MapDelete("/{id:guid}", RemoveGrantAsync).WithName("RemoveGrant").WithSummary("Take a grant away")
            .WithDescription("It counts no more, from now on. To take a denial away is to give, and so needs what it denied.")
            .ProducesProblem(Unknown).ProducesProblem(Conflict);

        var requests = app.MapGroup("/api/v1/access-requests").WithTags("Access").RequireSignedIn().ProducesAccessProblems();
        requests.MapGet("/", ListRequestsAsync).WithName("ListAccessRequests").WithSummary("List access requests")
            .WithDescription("Newest first: one's own; everybody's for who manages people, unless mine=true.").ProducesProblem(Bad);
        requests.MapPost("/", CreateRequestAsync).WithName("CreateAccessRequest").WithSummary("Ask for access")
            .WithDescription("For a role on some devices, for 15 minutes to 30 days, with a reason. It is a person who asks, with a command line that they signed in: "
                + "a token that was made for something else does not.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        requests.MapGet("/{id:guid}", GetRequestAsync).WithName("GetAccessRequest").WithSummary("Look at an access request")
            .WithDescription("One's own, or anybody's for who manages people.").ProducesProblem(Unknown);
        requests.MapPost("/{id:guid}/approve", ApproveAsync).RequirePermission(Permissions.PeopleManage).WithName("ApproveAccessRequest").WithSummary("Approve an access request")
            .WithDescription("It becomes a grant that ends by itself, after what was asked for or sooner. Nobody approves their own request, nor gives what they lack.")
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        requests.MapPost("/{id:guid}/refuse", RefuseAsync).RequirePermission(Permissions.PeopleManage).WithName("RefuseAccessRequest").WithSummary("Refuse an access request")
            .WithDescription("With a reason, which who asked is shown.").ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        requests.MapPost("/{id:guid}/withdraw", WithdrawAsync).WithName("WithdrawAccessRequest").WithSummary("Take back one's own access request")
            .WithDescription("While nobody has decided on it.")
            .ProducesProblem(Unknown).ProducesProblem(Conflict);
    }

    private static async Task<Results<Ok<Page<RoleView>>, ProblemHttpResult>> ListRolesAsync(
        Actor actor, RoleService roles, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await roles.ListAsync(actor, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<RoleView>, ProblemHttpResult>> GetRoleAsync(
        Actor actor, string idOrName, RoleService roles, CancellationToken cancellationToken) => (await roles.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<RoleView>, ProblemHttpResult>> CreateRoleAsync(
        Actor actor, CreateRole request, RoleService roles, CancellationToken cancellationToken)
    {
        var made = await roles.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/roles/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<RoleView>, ProblemHttpResult>> UpdateRoleAsync(
        Actor actor, Guid id, UpdateRole request, RoleService roles, CancellationToken cancellationToken) =>
        (await roles.UpdateAsync(actor, id, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveRoleAsync(
        Actor actor, Guid id, RoleService roles, CancellationToken cancellationToken) => (await roles.RemoveAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<Page<GrantView>>, ProblemHttpResult>> ListGrantsAsync(
        Actor actor, GrantService grants, Guid? subjectId, string? role, string? state, string? q, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await grants.ListAsync(actor, new(subjectId, role, state, q, limit, cursor), cancellationToken)).ToOk();

    private static async Task<Results<Created<GrantView>, ProblemHttpResult>> CreateGrantAsync(
        Actor actor, CreateGrant request, GrantService grants, CancellationToken cancellationToken)
    {
        var made = await grants.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/grants/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<GrantView>, ProblemHttpResult>> GetGrantAsync(
        Actor actor, Guid id, GrantService grants, CancellationToken cancellationToken) => (await grants.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveGrantAsync(
        Actor actor, Guid id, GrantService grants, CancellationToken cancellationToken) => (await grants.RemoveAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<Page<AccessRequestView>>, ProblemHttpResult>> ListRequestsAsync(
        Actor actor, AccessRequestService requests, string? status, bool? mine, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await requests.ListAsync(actor, new(status, mine == true, limit, cursor), cancellationToken)).ToOk();

    private static async Task<Results<Created<AccessRequestView>, ProblemHttpResult>> CreateRequestAsync(
        Actor actor, CreateAccessRequest request, AccessRequestService requests, CancellationToken cancellationToken)
    {
        var made = await requests.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/access-requests/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<AccessRequestView>, ProblemHttpResult>> GetRequestAsync(
        Actor actor, Guid id, AccessRequestService requests, CancellationToken cancellationToken) => (await requests.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<AccessRequestView>, ProblemHttpResult>> ApproveAsync(
        Actor actor, Guid id, ApproveAccessRequest decision, AccessRequestService requests, CancellationToken cancellationToken) =>
        (await requests.ApproveAsync(actor, id, decision, cancellationToken)).ToOk();

    private static async Task<Results<Ok<AccessRequestView>, ProblemHttpResult>> RefuseAsync(
        Actor actor, Guid id, RefuseAccessRequest decision, AccessRequestService requests, CancellationToken cancellationToken) =>
        (await requests.RefuseAsync(actor, id, decision, cancellationToken)).ToOk();

    private static async Task<Results<Ok<AccessRequestView>, ProblemHttpResult>> WithdrawAsync(
        Actor actor, Guid id, AccessRequestService requests, CancellationToken cancellationToken) => (await requests.WithdrawAsync(actor, id, cancellationToken)).ToOk();
}
