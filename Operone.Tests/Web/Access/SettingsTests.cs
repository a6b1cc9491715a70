using System.Net;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class SettingsTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Settings = "/api/v1/settings/sign-in";

    [Fact]
    public async Task Settings_Changed_CountAtOnceAndAreToldOf()
    {
        var before = await Server.Owner.SendAsync<SignInSettings>(HttpMethod.Get, Settings);
        Assert.Empty(before.StepUpActs!);
        var changed = await Server.Owner.SendAsync<SignInSettings>(HttpMethod.Put, Settings, new SignInSettings(PasswordSignIn.Owners, [], 30, 25));
        Assert.Equal((PasswordSignIn.Owners, 30, 25), (changed.Passwords, changed.StepUpMinutes, changed.ManyDevices));
        Assert.Equal(PasswordSignIn.Owners, Server.Service<AccessDirectory>().Current.Settings.Passwords);
        await Server.AuditedAsync("settings.change", true, "passwords for owners");
        await Server.HappenedAsync(EventTypes.SettingsChanged, "sign-in");
        // Owners always may.
        (await TestBrowser.SignedInAsync(Server)).Dispose();
        await Server.Owner.DoAsync(HttpMethod.Put, Settings, before);
    }

    [Fact]
    public async Task StepUp_WithoutAnOwnersPasskey_IsRefused()
    {
        await Server.Owner.RefusedAsync(HttpStatusCode.Conflict, "nobody-could-step-up", HttpMethod.Put, Settings, new SignInSettings(StepUpActs: [DangerousActs.ChangeAccess]));
        await Server.AuditedAsync("settings.change", false, "passkey");
    }

    [Fact]
    public async Task StepUp_ForChangesOfAccess_IsAskedOfThem()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var person = await server.CreatePersonAsync();
        await using (var change = await server.Service<AccessDirectory>().BeginAsync(Cancelled))
        {
            (await change.Db.Set<AccessState>().SingleAsync(Cancelled)).Settings = new(StepUpActs: [DangerousActs.ChangeAccess]);
            Assert.Null(await change.CommitAsync(Cancelled));
        }

        var acts = new (HttpMethod Method, string Path, object? Body)[]
        {
            (HttpMethod.Post, "/api/v1/grants", new CreateGrant("Viewer", SubjectKind.Person, person.Email)),
            (HttpMethod.Post, "/api/v1/roles", new CreateRole("x", [Permissions.RunsRead])),
            (HttpMethod.Patch, $"/api/v1/roles/{BuiltInRoles.Viewer.Id}", new UpdateRole(StepUpActs: [])),
            (HttpMethod.Post, "/api/v1/teams", new CreateTeam("x")),
            (HttpMethod.Post, $"/api/v1/people/{person.Id}/disable", null),
            (HttpMethod.Delete, $"/api/v1/people/{person.Id}", null),
            (HttpMethod.Put, Settings, new SignInSettings()),
        };
        foreach (var (method, path, body) in acts)
        {
            await server.Owner.RefusedAsync(HttpStatusCode.Forbidden, "step-up-impossible", method, path, body);
        }
    }

    [Fact]
    public async Task Change_WithWrongFields_NamesThemAll()
    {
        var problem = await Server.Owner.RefusedAsync(HttpStatusCode.BadRequest, "invalid-input", HttpMethod.Put, Settings, new SignInSettings(StepUpActs: ["dance"], StepUpMinutes: 0, ManyDevices: 0));
        Assert.Equal(["manyDevices", "stepUpActs", "stepUpMinutes"], problem.Errors!.Keys.Order());
    }

    [Fact]
    public async Task Change_ByWhoMayNot_IsRefusedAndAudited()
    {
        var role = await Server.Owner.MakeRoleAsync(AccessApi.Unique("managers"), Permissions.PeopleManage);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person);
        using var client = await Server.ClientAsync(person);
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Put, Settings, new SignInSettings());
        await client.RefusedAsync(HttpStatusCode.Forbidden, "permission-missing", HttpMethod.Get, Settings);
    }
}

public sealed class SettingsOnSqlite(SqliteFixture fixture) : SettingsTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SettingsOnPostgres(PostgresFixture fixture) : SettingsTests(fixture), IClassFixture<PostgresFixture>;
