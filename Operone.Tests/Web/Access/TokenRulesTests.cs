using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>Who may make, see and end which tokens, and that none exceeds its maker.</summary>
public abstract class TokenRulesTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Tokens_OfOthers_DoNotExistForWhoMayNotManage()
    {
        using var mine = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
        using var other = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
        var token = await MakeAsync(mine, new("mine", [Permissions.RunsRead]));

        Assert.Equal(HttpStatusCode.OK, (await mine.GetAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.PatchAsJsonAsync($"/api/v1/tokens/{token.Id}", new RenameApiToken("x"), Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
        Assert.DoesNotContain(await ListAsync(other), t => t.Id == token.Id);
        Assert.Contains(await ListAsync(mine), t => t.Id == token.Id);
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync("/api/v1/tokens?all=true", Cancelled)).StatusCode);
        Assert.Contains(await ListAsync(Server.Owner, "?all=true&limit=500"), t => t.Id == token.Id);
        Assert.DoesNotContain(await ListAsync(Server.Owner, "?limit=500"), t => t.Id == token.Id);
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task List_ByText_FindsNamesAndOwners()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(person);
        var token = await MakeAsync(client, new("Nightly Backup", [Permissions.RunsRead]));
        Assert.Equal(token.Id, Assert.Single(await ListAsync(Server.Owner, "?all=true&q=nightly%20back")).Id);
        Assert.Contains(await ListAsync(Server.Owner, $"?all=true&q={person.Email.ToUpperInvariant()}"), t => t.Id == token.Id);
        Assert.Empty(await ListAsync(client, "?q=nothing-like-it"));
    }

    [Fact]
    public async Task Rename_OwnToken_IsSeenAtOnceAndInItsName()
    {
        using var maker = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
        var token = await MakeAsync(maker, new("before", [Permissions.RunsRead, Permissions.TokensCreate]));
        using var client = Server.Client(token.Token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        using var renamed = await client.PatchAsJsonAsync($"/api/v1/tokens/{token.Id}", new RenameApiToken(" after "), Cancelled);
        Assert.Equal("after", (await renamed.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!.Name);
        var made = await MakeAsync(client, new("child", [Permissions.RunsRead]));
        Assert.Equal("token:after", made.CreatedBy);
        using var wrong = await client.PatchAsJsonAsync($"/api/v1/tokens/{token.Id}", new RenameApiToken(""), Cancelled);
        Assert.Equal(["name"], (await OperoneServer.ReadProblemAsync(wrong)).Errors!.Keys);
    }

    [Fact]
    public async Task PersonalToken_WithASelector_ReachesThoseDevicesAlone()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var maker = await Server.ClientAsync(person);
        var token = await MakeAsync(maker, new("narrow", [Permissions.DevicesRead], Selector: " env in (prod) "));
        Assert.Equal("env=prod", token.Selector);
        var snapshot = Server.Services.GetRequiredService<AccessDirectory>().Current;
        await using var db = Server.OpenDatabase();
        var subject = snapshot.OfToken(await db.Set<ApiToken>().SingleAsync(t => t.Id == token.Id, Cancelled));
        var now = DateTimeOffset.UtcNow;
        Assert.True(Policy.Decide(subject, Permissions.DevicesRead, new Dictionary<string, string> { ["env"] = "prod" }, now).Allowed);
        Assert.False(Policy.Decide(subject, Permissions.DevicesRead, new Dictionary<string, string> { ["env"] = "test" }, now).Allowed);
        Assert.False(Policy.Decide(subject, Permissions.RunsRead, new Dictionary<string, string> { ["env"] = "prod" }, now).Allowed);
    }

    [Fact]
    public async Task Token_MadeByAToken_NeverHasMoreThanThatOne()
    {
        using var person = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator));
        var parent = await MakeAsync(person, new(
            "parent", [Permissions.DevicesRead, Permissions.RunsRead, Permissions.TokensCreate], 3600));
        using var client = Server.Client(parent.Token);

        // For no longer, and with nothing that it lacks itself.
        Assert.Equal(["expiresInSeconds"], await FieldsAsync(client, new("child", [Permissions.RunsRead])));
        Assert.Equal(["expiresInSeconds"], await FieldsAsync(client, new("child", [Permissions.RunsRead], 7200)));
        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(client, new("child", [Permissions.RunsCreate], 600)));
        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(client, new("child", Kind: TokenKind.Service)));
        var child = await MakeAsync(client, new("child", [Permissions.RunsRead], 600));
        Assert.Equal(parent.OwnerId, child.OwnerId);
        Assert.Equal("token:parent", child.CreatedBy);

        // One for some devices makes none for others.
        var narrow = await MakeAsync(person, new("narrow", [Permissions.DevicesRead, Permissions.TokensCreate]));
        Assert.Equal(HttpStatusCode.Created, await CreateAsync(Server.Client(narrow.Token), new("child", [Permissions.DevicesRead], Selector: "env=prod")));
    }

    [Fact]
    public async Task Token_WithoutTheRightToMakeTokens_NeitherMakesNorSeesNorEndsAny()
    {
        using var person = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator));
        var token = await MakeAsync(person, new("reads", [Permissions.RunsRead]));
        using var client = Server.Client(token.Token);
        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(client, new("child", [Permissions.RunsRead])));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/v1/tokens", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Viewer_SeesTheirOwnTokensAndMakesNone()
    {
        using var browser = await Server.SignInAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/api/v1/tokens", Cancelled)).StatusCode);
        using var client = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(client, new("x", [Permissions.RunsRead])));
    }

    [Fact]
    public async Task Token_OfSomebodyWhoIsDisabled_EndsAndComesBackWithThem()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(person);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        await ChangeAsync(person, p => p.DisabledAt = DateTimeOffset.UtcNow);
        Assert.NotEqual(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        await EventuallyAsync(async () => (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode == HttpStatusCode.Unauthorized, "unknown", 5);
    }

    [Fact]
    public async Task Token_AfterItsMakerLostAPermission_LacksItToo()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(person);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        await Server.GrantAsync(person, BuiltInRoles.Viewer, effect: GrantEffect.Deny);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task ServiceToken_WithARole_HasItAndNoMoreThanItsMaker()
    {
        var admin = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var client = await Server.ClientAsync(admin);
        var token = await MakeAsync(client, new("deploy", Kind: TokenKind.Service, Role: "operator", ExpiresInSeconds: 3600));
        Assert.Equal(TokenKind.Service, token.Kind);
        Assert.Equal(("Operator", "", token.ExpiresAt), (Assert.Single(token.Roles).Role, token.Roles[0].Selector, token.Roles[0].Until));
        Assert.Empty(token.Permissions);
        using var service = Server.Client(token.Token);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await service.GetAsync("/api/v1/audit", Cancelled)).StatusCode);

        // Its maker lost it, and so it does.
        await Server.GrantAsync(admin, BuiltInRoles.Viewer, effect: GrantEffect.Deny);
        Assert.Equal(HttpStatusCode.Forbidden, (await service.GetAsync("/api/v1/runs", Cancelled)).StatusCode);

        // Revoked, it leaves no grant behind.
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
        Assert.Empty(Server.Services.GetRequiredService<AccessDirectory>().Current.GrantsOf(token.Id));
    }

    [Fact]
    public async Task ServiceToken_WithoutARole_MayNothing()
    {
        var token = await MakeAsync(Server.Owner, new("empty", Kind: TokenKind.Service));
        using var service = Server.Client(token.Token);
        Assert.Equal(HttpStatusCode.Forbidden, (await service.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task ServiceToken_WithARoleThatItsMakerLacks_IsRefused()
    {
        using var admin = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Administrator));
        using var refused = await admin.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("up", Kind: TokenKind.Service, Role: "Owner"), Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(refused);
        Assert.Equal(403, problem.Status);
        Assert.Contains(Permissions.OwnersManage, problem.Detail, StringComparison.Ordinal);
        using var viewer = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(viewer, new("x", Kind: TokenKind.Service, Role: "Viewer")));
    }

    [Fact]
    public async Task Create_WithFieldsThatDoNotGoTogether_NamesThemAll()
    {
        Assert.Equal(["permissions", "role"], await FieldsAsync(Server.Owner, new("x", [Permissions.RunsRead], Kind: TokenKind.Service, Role: "Emperor")));
        Assert.Equal(["selector"], await FieldsAsync(Server.Owner, new("x", Kind: TokenKind.Service, Selector: "env=prod")));
        Assert.Equal(["role", "selector"], await FieldsAsync(Server.Owner, new("x", [Permissions.RunsRead], Role: "Viewer", Selector: "env in")) is { } both
            ? both.Order(StringComparer.Ordinal) : []);
    }

    [Fact]
    public async Task Token_Revoked_CutsItsStreamWithinFiveSeconds()
    {
        var token = await MakeAsync(Server.Owner, new("stream", [Permissions.EventsRead]));
        using var client = Server.Client(token.Token);
        using var response = await client.GetAsync("/api/v1/events/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var stream = await response.Content.ReadAsStreamAsync(Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            var buffer = new byte[4096];
            while (await stream.ReadAsync(buffer, limit.Token) > 0)
            {
                // what it was sent before
            }

            throw new IOException("ended");
        });
    }

    [Fact]
    public async Task Token_Used_ShowsWhenAndFromWhere()
    {
        var token = await MakeAsync(Server.Owner, new("used", [Permissions.RunsRead]));
        Assert.Null(token.LastUsedAt);
        using var client = Server.Client(token.Token);
        await client.GetAsync("/api/v1/runs", Cancelled);
        var seen = await EventuallyAsync(
            async () => await Server.Owner.GetFromJsonAsync<ApiTokenView>($"/api/v1/tokens/{token.Id}", Cancelled) is { LastUsedAt: not null } used ? used : null,
            "the use is stored", 40);
        Assert.Equal("127.0.0.1", seen.LastUsedAddress);
        Assert.Equal(0, seen.LastUsedAt!.Value.Ticks % TimeSpan.TicksPerMinute);
    }

    [Fact]
    public async Task MaxDays_Set_HoldsForEveryToken()
    {
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:Tokens:MaxDays"] = "30" });
        Assert.Equal(["expiresInSeconds"], await FieldsAsync(server.Owner, new("x", [Permissions.RunsRead])));
        Assert.Equal(["expiresInSeconds"], await FieldsAsync(server.Owner, new("x", [Permissions.RunsRead], (30 * 24 * 3600) + 1)));
        Assert.Equal(HttpStatusCode.Created, await CreateAsync(server.Owner, new("x", [Permissions.RunsRead], 30 * 24 * 3600)));
    }

    [Fact]
    public async Task Upkeep_RemovesWhatEndedLongAgoAndNothingElse()
    {
        var old = await MakeAsync(Server.Owner, new("old", Kind: TokenKind.Service, Role: "Viewer", ExpiresInSeconds: 60));
        var recent = await MakeAsync(Server.Owner, new("recent", [Permissions.RunsRead], 60));
        await using var db = Server.OpenDatabase();
        var long_ = DateTimeOffset.UtcNow - TokenUpkeep.Keep - TimeSpan.FromMinutes(1);
        await db.Set<ApiToken>().Where(t => t.Id == old.Id).ExecuteUpdateAsync(set => set.SetProperty(t => t.ExpiresAt, long_), Cancelled);
        var yesterday = DateTimeOffset.UtcNow.AddDays(-1);
        await db.Set<ApiToken>().Where(t => t.Id == recent.Id).ExecuteUpdateAsync(set => set.SetProperty(t => t.ExpiresAt, yesterday), Cancelled);

        var upkeep = Server.Services.GetServices<Operone.Web.Hosting.IRecurringJob>().OfType<TokenUpkeep>().Single();
        await upkeep.RunAsync(Cancelled);
        await upkeep.RunAsync(Cancelled);
        Assert.False(await db.Set<ApiToken>().AnyAsync(t => t.Id == old.Id, Cancelled));
        Assert.False(await db.Set<Grant>().AnyAsync(g => g.SubjectId == old.Id, Cancelled));
        Assert.True(await db.Set<ApiToken>().AnyAsync(t => t.Id == recent.Id, Cancelled));
    }

    private async Task ChangeAsync(TestPerson person, Action<Person> change)
    {
        await using var begun = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled);
        change(await begun.Db.Set<Person>().SingleAsync(p => p.Id == person.Id, Cancelled));
        Assert.Null(await begun.CommitAsync(Cancelled));
    }

    private static async Task<HttpStatusCode> CreateAsync(HttpClient client, CreateApiToken request)
    {
        using var answer = await client.PostAsJsonAsync("/api/v1/tokens", request, Cancelled);
        return answer.StatusCode;
    }

    private static async Task<IEnumerable<string>> FieldsAsync(HttpClient client, CreateApiToken request)
    {
        using var answer = await client.PostAsJsonAsync("/api/v1/tokens", request, Cancelled);
        return (await OperoneServer.ReadProblemAsync(answer)).Errors!.Keys;
    }

    private static async Task<ApiTokenView> MakeAsync(HttpClient client, CreateApiToken request)
    {
        using var answer = await client.PostAsJsonAsync("/api/v1/tokens", request, Cancelled);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Cancelled));
        return (await answer.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!;
    }

    private static async Task<IReadOnlyList<ApiTokenView>> ListAsync(HttpClient client, string query = "?limit=500") =>
        (await client.GetFromJsonAsync<Page<ApiTokenView>>($"/api/v1/tokens{query}", Cancelled))!.Items;
}

public sealed class TokenRulesOnSqlite(SqliteFixture fixture) : TokenRulesTests(fixture), IClassFixture<SqliteFixture>;

public sealed class TokenRulesOnPostgres(PostgresFixture fixture) : TokenRulesTests(fixture), IClassFixture<PostgresFixture>;
