using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of people, teams and the settings of sign-in in the REST API.</summary>
internal static class PeopleEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void Map(IEndpointRouteBuilder app)
    {
        var people = app.MapGroup("/api/v1/people").WithTags("Access").RequirePermission(Permissions.PeopleManage).ProducesAccessProblems();
        people.MapGet("/", ListPeopleAsync).WithName("ListPeople").WithSummary("List people")
            .WithDescription("By e-mail, with their roles, teams, ways in and when they were last seen. All that is given must hold: a text in the e-mail or the name, "
                + "enabled or disabled, a team's id, a role's id or name.").ProducesProblem(Bad);
        people.MapGet("/{id:guid}", GetPersonAsync).WithName("GetPerson").WithSummary("Look at a person")
            .WithDescription("With their grants, their own and their teams'.").ProducesProblem(Unknown);
        people.MapGet("/{id:guid}/decision", DecideAsync).WithName("GetPersonDecision").WithSummary("Ask why somebody may do something, or not")
            .WithDescription("What policy says of a permission on a device, by its id or name, with the grant that decided; without a device, on everything.")
            .ProducesProblem(Bad).ProducesProblem(Unknown);
        people.MapGet("/{id:guid}/decisions", DecideAllAsync).WithName("ListPersonDecisions").WithSummary("Ask what somebody may")
            .WithDescription("What policy says of every permission on a device, by its id or name; without a device, on everything.").ProducesProblem(Unknown);
        people.MapPatch("/{id:guid}", UpdatePersonAsync).WithName("UpdatePerson").WithSummary("Rename a person")
            .WithDescription("Changes what others call them; their e-mail stays.").ProducesProblem(Bad).ProducesProblem(Unknown);
        people.MapPost("/{id:guid}/disable", DisableAsync).WithName("DisablePerson").WithSummary("Disable a person")
            .WithDescription("Ends their sessions and refuses their tokens, at once; their grants stay. An owner is disabled by who manages owners, the last one by nobody.")
            .ProducesProblem(Unknown).ProducesProblem(Conflict);
        people.MapPost("/{id:guid}/enable", EnableAsync).WithName("EnablePerson").WithSummary("Enable a person")
            .WithDescription("They may sign in again, with the grants that they have.").ProducesProblem(Unknown);
        people.MapDelete("/{id:guid}", RemovePersonAsync).WithName("RemovePerson").WithSummary("Remove a person")
            .WithDescription("Their sessions, tokens, ways in and grants go. Their runs and what the audit trail says of them stay.")
            .ProducesProblem(Unknown).ProducesProblem(Conflict);

        var teams = app.MapGroup("/api/v1/teams").WithTags("Access").RequirePermission(Permissions.PeopleManage).ProducesAccessProblems();
        teams.MapGet("/", ListTeamsAsync).WithName("ListTeams").WithSummary("List teams").WithDescription("By name.").ProducesProblem(Bad);
        teams.MapPost("/", CreateTeamAsync).WithName("CreateTeam").WithSummary("Make a team")
            .WithDescription("It has no members and no grants yet.").ProducesProblem(Bad).ProducesProblem(Conflict);
        teams.MapGet("/{id:guid}", GetTeamAsync).WithName("GetTeam").WithSummary("Look at a team")
            .WithDescription("With its members and grants.").ProducesProblem(Unknown);
        teams.MapPatch("/{id:guid}", UpdateTeamAsync).WithName("UpdateTeam").WithSummary("Rename or describe a team")
            .WithDescription("What is not given stays as it is.").ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        teams.MapDelete("/{id:guid}", RemoveTeamAsync).WithName("RemoveTeam").WithSummary("Remove a team")
            .WithDescription("With its grants; its members stay.").ProducesProblem(Unknown).ProducesProblem(Conflict);
        teams.MapPut("/{id:guid}/members/{personId:guid}", AddMemberAsync).WithName("AddTeamMember").WithSummary("Put a person into a team")
            .WithDescription("It gives them what the team has: nobody gives what they lack.").ProducesProblem(Unknown).ProducesProblem(Conflict);
        teams.MapDelete("/{id:guid}/members/{personId:guid}", RemoveMemberAsync).WithName("RemoveTeamMember").WithSummary("Take a person out of a team")
            .WithDescription("They lose what it gave them, at once.").ProducesProblem(Unknown).ProducesProblem(Conflict);

        var settings = app.MapGroup("/api/v1/settings").WithTags("Access").RequirePermission(Permissions.SettingsManage).ProducesAccessProblems();
        settings.MapGet("/sign-in", GetSettingsAsync).WithName("GetSignInSettings").WithSummary("Look at the settings of sign-in")
            .WithDescription("Who may use a password, which acts need a fresh touch of a passkey, and what counts as many devices.");
        settings.MapPut("/sign-in", UpdateSettingsAsync).WithName("UpdateSignInSettings").WithSummary("Change the settings of sign-in")
            .WithDescription("All of them at once. Owners may always use their passwords, and no act comes to need a passkey while no owner has one.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
    }

    private static async Task<Results<Ok<Page<PersonView>>, ProblemHttpResult>> ListPeopleAsync(
        Actor actor, PersonService people, string? q, string? state, Guid? teamId, string? role, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await people.ListAsync(actor, new(q, state, teamId, role, limit, cursor), cancellationToken)).ToOk();

    private static async Task<Results<Ok<PersonDetails>, ProblemHttpResult>> GetPersonAsync(
        Actor actor, Guid id, PersonService people, CancellationToken cancellationToken) => (await people.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<DecisionView>, ProblemHttpResult>> DecideAsync(
        Actor actor, Guid id, string? permission, string? device, DecisionService decisions, CancellationToken cancellationToken) =>
        (await decisions.DecideAsync(actor, id, permission, device, cancellationToken)).ToOk();

    private static async Task<Results<Ok<IReadOnlyList<DecisionView>>, ProblemHttpResult>> DecideAllAsync(
        Actor actor, Guid id, string? device, DecisionService decisions, CancellationToken cancellationToken) =>
        (await decisions.DecideAllAsync(actor, id, device, cancellationToken)).ToOk();

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> UpdatePersonAsync(
        Actor actor, Guid id, UpdatePerson request, PersonService people, CancellationToken cancellationToken) =>
        (await people.UpdateAsync(actor, id, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> DisableAsync(
        Actor actor, Guid id, PersonService people, CancellationToken cancellationToken) => (await people.DisableAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> EnableAsync(
        Actor actor, Guid id, PersonService people, CancellationToken cancellationToken) => (await people.EnableAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemovePersonAsync(
        Actor actor, Guid id, PersonService people, CancellationToken cancellationToken) => (await people.RemoveAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<Page<TeamView>>, ProblemHttpResult>> ListTeamsAsync(
        Actor actor, TeamService teams, string? q, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await teams.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Created<TeamView>, ProblemHttpResult>> CreateTeamAsync(
        Actor actor, CreateTeam request, TeamService teams, CancellationToken cancellationToken)
    {
        var made = await teams.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/teams/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<TeamDetails>, ProblemHttpResult>> GetTeamAsync(
        Actor actor, Guid id, TeamService teams, CancellationToken cancellationToken) => (await teams.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TeamView>, ProblemHttpResult>> UpdateTeamAsync(
        Actor actor, Guid id, UpdateTeam request, TeamService teams, CancellationToken cancellationToken) =>
        (await teams.UpdateAsync(actor, id, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveTeamAsync(
        Actor actor, Guid id, TeamService teams, CancellationToken cancellationToken) => (await teams.RemoveAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> AddMemberAsync(
        Actor actor, Guid id, Guid personId, TeamService teams, CancellationToken cancellationToken) =>
        (await teams.AddMemberAsync(actor, id, personId, cancellationToken)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveMemberAsync(
        Actor actor, Guid id, Guid personId, TeamService teams, CancellationToken cancellationToken) =>
        (await teams.RemoveMemberAsync(actor, id, personId, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<SignInSettings>, ProblemHttpResult>> GetSettingsAsync(
        Actor actor, SettingsService settings, CancellationToken cancellationToken) => (await settings.GetAsync(actor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<SignInSettings>, ProblemHttpResult>> UpdateSettingsAsync(
        Actor actor, SignInSettings request, SettingsService settings, CancellationToken cancellationToken) =>
        (await settings.UpdateAsync(actor, request, cancellationToken)).ToOk();
}
