using System.Net;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class TeamTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Teams = "/api/v1/teams";

    [Fact]
    public async Task Member_HasWhatTheTeamHas_UntilTheyLeave()
    {
        var team = await MakeAsync("members");
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        await Server.Owner.DoAsync(HttpMethod.Put, $"{Teams}/{team.Id}/members/{person.Id}");
        await Server.Owner.DoAsync(HttpMethod.Put, $"{Teams}/{team.Id}/members/{person.Id}");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        await GiveAsync(team, "Viewer");
        await client.DoAsync(HttpMethod.Get, "/api/v1/runs");
        var details = await Server.Owner.SendAsync<TeamDetails>(HttpMethod.Get, $"{Teams}/{team.Id}");
        Assert.Equal([person.Email], details.Members.Select(m => m.Name));
        Assert.Equal((1, "Viewer"), (details.Team.Members, details.Team.Roles.Single().Name));
        Assert.Equal("Viewer", details.Grants.Single().Role);
        var theirs = await Server.Owner.SendAsync<PersonDetails>(HttpMethod.Get, $"/api/v1/people/{person.Id}");
        Assert.Equal((SubjectKind.Team, team.Name), (theirs.Grants.Single().SubjectKind, theirs.Grants.Single().Subject));

        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Teams}/{team.Id}/members/{person.Id}");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "member-not-found", HttpMethod.Delete, $"{Teams}/{team.Id}/members/{person.Id}");
        await Server.AuditedAsync("team.add-member", true, $"{person.Email} joined");
        await Server.HappenedAsync(EventTypes.TeamUpdated, team.Name);
    }

    [Fact]
    public async Task Team_IsRenamedListedAndRemovedWithItsGrants()
    {
        var team = await MakeAsync("renamed");
        var renamed = await Server.Owner.SendAsync<TeamView>(HttpMethod.Patch, $"{Teams}/{team.Id}", new UpdateTeam($"{team.Name}-2", "What for"));
        Assert.Equal(($"{team.Name}-2", "What for"), (renamed.Name, renamed.Description));
        Assert.Equal([team.Id], (await Server.Owner.SendAsync<Page<TeamView>>(HttpMethod.Get, $"{Teams}?q={renamed.Name}")).Items.Select(t => t.Id));
        var grant = await GiveAsync(team with { Name = renamed.Name }, "Viewer");
        var person = await Server.CreatePersonAsync();
        await Server.Owner.DoAsync(HttpMethod.Put, $"{Teams}/{team.Id}/members/{person.Id}");
        using var client = await Server.ClientAsync(person);
        await client.DoAsync(HttpMethod.Get, "/api/v1/runs");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Teams}/{team.Id}");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "grant-not-found", HttpMethod.Get, $"/api/v1/grants/{grant.Id}");
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "team-not-found", HttpMethod.Get, $"{Teams}/{team.Id}");
        await Server.HappenedAsync(EventTypes.TeamRemoved, renamed.Name);
    }

    [Fact]
    public async Task Add_ToATeamWithMoreThanTheAdderHas_IsRefused()
    {
        var managers = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var manager = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(managers.Name, manager);
        using var client = await Server.ClientAsync(manager);
        var team = await MakeAsync("mighty");
        await GiveAsync(team, "Operator", "env=prod");
        // Themselves above all.
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Put, $"{Teams}/{team.Id}/members/{manager.Id}");
        await Server.AuditedAsync("team.add-member", false, "cannot give it");
        await Server.Owner.DoAsync(HttpMethod.Put, $"{Teams}/{team.Id}/members/{manager.Id}");
        await client.DoAsync(HttpMethod.Put, $"{Teams}/{team.Id}/members/{(await Server.CreatePersonAsync()).Id}");
    }

    [Fact]
    public async Task LeavingATeamThatDenies_IsForWhoCouldGiveIt()
    {
        var managers = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var manager = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        await Server.Owner.GiveAsync(managers.Name, manager);
        var team = await MakeAsync("denied");
        await GiveAsync(team, "Viewer", "env=secret", GrantEffect.Deny);
        await Server.Owner.DoAsync(HttpMethod.Put, $"{Teams}/{team.Id}/members/{manager.Id}");
        using var client = await Server.ClientAsync(manager);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Delete, $"{Teams}/{team.Id}/members/{manager.Id}");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Delete, $"{Teams}/{team.Id}");
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "owner-denied", HttpMethod.Put, $"{Teams}/{team.Id}/members/{owner.Id}");
    }

    [Fact]
    public async Task Create_WithWrongFields_NamesThemAll()
    {
        var problem = await Server.Owner.RefusedAsync(
            HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Teams, new CreateTeam(new string('x', 64), new string('x', 501)));
        Assert.Equal(["description", "name"], problem.Errors!.Keys.Order());
        var team = await MakeAsync("taken");
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "name-taken", HttpMethod.Post, Teams, new CreateTeam(team.Name.ToUpperInvariant()));
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "person-not-found", HttpMethod.Put, $"{Teams}/{team.Id}/members/{Guid.NewGuid()}");
    }

    private Task<TeamView> MakeAsync(string name) => Server.Owner.SendAsync<TeamView>(HttpMethod.Post, Teams, new CreateTeam(AccessApi.Unique(name)));

    private Task<GrantView> GiveAsync(TeamView team, string role, string selector = "", GrantEffect effect = GrantEffect.Allow) =>
        Server.Owner.SendAsync<GrantView>(HttpMethod.Post, "/api/v1/grants", new CreateGrant(role, SubjectKind.Team, team.Name, selector, effect));
}

public sealed class TeamsOnSqlite(SqliteFixture fixture) : TeamTests(fixture), IClassFixture<SqliteFixture>;

public sealed class TeamsOnPostgres(PostgresFixture fixture) : TeamTests(fixture), IClassFixture<PostgresFixture>;
