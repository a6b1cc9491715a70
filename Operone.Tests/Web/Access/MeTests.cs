using System.Net;
using System.Net.Http.Json;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class MeTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Me_InABrowser_IsThePersonWithWhatTheyHold()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        await Server.GrantAsync(person, BuiltInRoles.Operator, "env=prod");
        await Server.GrantAsync(person, BuiltInRoles.Operator, "secret", GrantEffect.Deny);
        using var browser = await Server.SignInAsync(person);
        var me = (await browser.Client.GetFromJsonAsync<MeView>("/api/v1/me", Cancelled))!;
        Assert.Equal(("person", person.Id, person.Email), (me.Kind, me.Id, me.Name));
        Assert.Equal(["Operator", "Viewer"], me.Roles);
        Assert.Null(me.Token);
        Assert.Equal(SignInMethods.Password, me.Session!.Method);
        var runs = Assert.Single(me.Permissions, p => p.Permission == Permissions.RunsCreate);
        Assert.False(runs.Everywhere);
        Assert.Equal(["env=prod"], runs.On.Select(o => o.Selector));
        Assert.Equal(["secret"], runs.Except.Select(o => o.Selector));
        Assert.DoesNotContain(me.Permissions, p => p.Permission is Permissions.PeopleManage or Permissions.DriversManage);
    }

    [Fact]
    public async Task Me_WithAToken_IsTheTokenWithinItsMaker()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, "env=prod");
        await Server.GrantAsync(person, BuiltInRoles.Operator);
        using var maker = await Server.ClientAsync(person);
        using var made = await maker.PostAsJsonAsync(
            "/api/v1/tokens", new CreateApiToken("ci", [Permissions.RunsRead], 3600, Selector: "role=web"), Cancelled);
        var token = (await made.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!;
        using var client = Server.Client(token.Token);
        var me = (await client.GetFromJsonAsync<MeView>("/api/v1/me", Cancelled))!;
        Assert.Equal(("token", token.Id, "token:ci", person.Email), (me.Kind, me.Id, me.Name, me.Email));
        Assert.Equal((token.Id, TokenKind.Personal), (me.Token!.Id, me.Token.Kind));
        var held = Assert.Single(me.Permissions);
        Assert.Equal((Permissions.RunsRead, false), (held.Permission, held.Everywhere));
        Assert.Contains(new("role=web", token.ExpiresAt), held.On);
    }

    [Fact]
    public async Task Me_AsTheOwner_IsEverythingEverywhere()
    {
        var me = (await Server.Owner.GetFromJsonAsync<MeView>("/api/v1/me", Cancelled))!;
        Assert.Equal(Permissions.All, me.Permissions.Select(p => p.Permission));
        Assert.All(me.Permissions, p => Assert.True(p.Everywhere));
    }

    [Fact]
    public async Task Me_Nobody_Is401() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await Server.Anonymous.GetAsync("/api/v1/me", Cancelled)).StatusCode);

    [Fact]
    public async Task Name_OfOneself_IsChangedInASessionAlone()
    {
        using var client = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        using var refused = await client.PatchAsJsonAsync("/api/v1/me", new UpdateMe("Ada"), Cancelled);
        Assert.EndsWith("/session-only", (await OperoneServer.ReadProblemAsync(refused)).Type, StringComparison.Ordinal);
    }
}

public sealed class MeOnSqlite(SqliteFixture fixture) : MeTests(fixture), IClassFixture<SqliteFixture>;

public sealed class MeOnPostgres(PostgresFixture fixture) : MeTests(fixture), IClassFixture<PostgresFixture>;
