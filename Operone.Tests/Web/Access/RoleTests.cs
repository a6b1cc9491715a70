using System.Net;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class RoleTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Roles = "/api/v1/roles";

    [Fact]
    public async Task Role_OfOnesOwn_IsMadeChangedAndRemoved()
    {
        var role = await Server.Owner.MakeRoleAsync(AccessApi.Unique("deployers"), Permissions.RunsCreate, Permissions.DevicesRead, Permissions.DevicesRead);
        Assert.Equal([Permissions.DevicesRead, Permissions.RunsCreate], role.Permissions);
        Assert.Equal((false, 0), (role.IsBuiltIn, role.Grants));
        await Server.HappenedAsync(EventTypes.RoleCreated, role.Name);

        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        var grant = await Server.Owner.GiveAsync(role.Name, person);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/runs");
        var changed = await Server.Owner.SendAsync<RoleView>(HttpMethod.Patch, $"{Roles}/{role.Id}",
            new UpdateRole(Permissions: [Permissions.RunsRead], Description: "Looks", StepUpActs: [DangerousActs.RunOnMany], TokenForbiddenActs: [DangerousActs.OpenTerminal]));
        Assert.Equal((role.Name, "Looks", 1), (changed.Name, changed.Description, changed.Grants));
        Assert.Equal([DangerousActs.RunOnMany], changed.StepUpActs);
        Assert.Equal([DangerousActs.OpenTerminal], changed.TokenForbiddenActs);
        // For everybody who has it, at once.
        await client.DoAsync(HttpMethod.Get, "/api/v1/runs");
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, "/api/v1/devices");
        var entry = await Server.AuditedAsync("role.update", true, role.Name);
        Assert.Contains("+runs.read; -devices.read; -runs.create", entry.Detail, StringComparison.Ordinal);

        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "role-in-use", HttpMethod.Delete, $"{Roles}/{role.Id}");
        Assert.Contains(person.Email, problem.Detail, StringComparison.Ordinal);
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/grants/{grant.Id}");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"{Roles}/{role.Id}");
        await Server.HappenedAsync(EventTypes.RoleRemoved, role.Name);
        await Server.Owner.RefusedAsync(HttpStatusCode.NotFound, "role-not-found", HttpMethod.Get, $"{Roles}/{role.Id}");
    }

    [Fact]
    public async Task BuiltInRole_KeepsItsPermissions_AndTakesActs()
    {
        var id = BuiltInRoles.Operator.Id;
        foreach (var change in new[] { new UpdateRole(Name: "Boss"), new UpdateRole(Permissions: [Permissions.RunsRead]), new UpdateRole(Description: "x") })
        {
            await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "role-built-in", HttpMethod.Patch, $"{Roles}/{id}", change);
        }

        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "role-built-in", HttpMethod.Delete, $"{Roles}/{id}");
        var set = await Server.Owner.SendAsync<RoleView>(HttpMethod.Patch, $"{Roles}/{id}", new UpdateRole(TokenForbiddenActs: [DangerousActs.OpenTerminal]));
        Assert.Equal([DangerousActs.OpenTerminal], set.TokenForbiddenActs);
        Assert.Equal(BuiltInRoles.Operator.Permissions.Names, set.Permissions);
        await Server.Owner.DoAsync(HttpMethod.Patch, $"{Roles}/{id}", new UpdateRole(TokenForbiddenActs: []));

        // Who manages people, and no settings, does not.
        var managers = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var manager = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(managers.Name, manager);
        using var client = await Server.ClientAsync(manager);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Patch, $"{Roles}/{id}", new UpdateRole(StepUpActs: []));
    }

    [Fact]
    public async Task Update_ThatGivesSomebodyMoreThanTheEditorHas_IsRefused()
    {
        var managers = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var manager = await Server.CreatePersonAsync(BuiltInRoles.Viewer, "env=prod");
        await Server.Owner.GiveAsync(managers.Name, manager);
        using var client = await Server.ClientAsync(manager);

        // Of themselves.
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Patch, $"{Roles}/{managers.Id}",
            new UpdateRole(Permissions: [Permissions.PeopleManage, Permissions.RunsCreate]));
        await Server.AuditedAsync("role.update", false, $"lacks {Permissions.RunsCreate}");

        // What they have on env=prod, to somebody who has the role on everything.
        var role = await client.MakeRoleAsync(AccessApi.Unique("readers"), Permissions.DevicesRead);
        await client.SendAsync<RoleView>(HttpMethod.Patch, $"{Roles}/{role.Id}", new UpdateRole(Permissions: [Permissions.DevicesRead, Permissions.RunsRead]));
        await Server.Owner.GiveAsync(role.Name, await Server.CreatePersonAsync());
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Patch, $"{Roles}/{role.Id}",
            new UpdateRole(Permissions: [Permissions.DevicesRead, Permissions.RunsRead, Permissions.JobsRead]));

        // To take from a role that denies is to give.
        var denied = await Server.Owner.MakeRoleAsync(AccessApi.Unique("denied"), Permissions.RunsCreate, Permissions.RunsRead);
        await Server.Owner.GiveAsync(denied.Name, await Server.CreatePersonAsync(BuiltInRoles.Operator), effect: GrantEffect.Deny);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Patch, $"{Roles}/{denied.Id}", new UpdateRole(Permissions: [Permissions.RunsRead]));
    }

    [Fact]
    public async Task Create_OfWhatTheMakerLacks_IsRefused()
    {
        var managers = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var manager = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(managers.Name, manager);
        using var client = await Server.ClientAsync(manager);
        var problem = await client.RefusedAsync(HttpStatusCode.Forbidden, "beyond-own", HttpMethod.Post, Roles, new CreateRole("all", Permissions.All));
        Assert.Contains(Permissions.OwnersManage, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithWrongFields_NamesThemAll()
    {
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Post, Roles,
            new CreateRole(" ", ["runs.dance"], new string('x', 501), ["dance"], ["sing"]));
        Assert.Equal(["description", "name", "permissions", "stepUpActs", "tokenForbiddenActs"], problem.Errors!.Keys.Order());
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "name-taken", HttpMethod.Post, Roles, new CreateRole(" vIEWER ", [Permissions.RunsRead]));
    }

    [Fact]
    public async Task Roles_AreSeenByEverybodyWhoIsSignedIn_WithoutWhoHasThem()
    {
        var person = await Server.CreatePersonAsync();
        using var client = await Server.ClientAsync(person);
        var page = await client.SendAsync<Page<RoleView>>(HttpMethod.Get, Roles + "?limit=500");
        Assert.Superset(BuiltInRoles.All.Select(r => r.Name).ToHashSet(), page.Items.Select(r => r.Name).ToHashSet());
        Assert.All(page.Items, r => Assert.Null(r.Grants));
        Assert.Equal("Viewer", (await client.SendAsync<RoleView>(HttpMethod.Get, Roles + "/viewer")).Name);
        await Server.Anonymous.RefusedAsync(HttpStatusCode.Unauthorized, "credential-missing", HttpMethod.Get, Roles);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Post, Roles, new CreateRole("x", [Permissions.RunsRead]));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Patch, $"{Roles}/{Guid.NewGuid()}", new UpdateRole("x"));
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Delete, $"{Roles}/{Guid.NewGuid()}");
    }
}

public sealed class RolesOnSqlite(SqliteFixture fixture) : RoleTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RolesOnPostgres(PostgresFixture fixture) : RoleTests(fixture), IClassFixture<PostgresFixture>;
