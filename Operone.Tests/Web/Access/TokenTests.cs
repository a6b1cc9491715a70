using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class TokenTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Token_WithoutThePermission_IsRefusedWithItsNameAndAudited()
    {
        using var reader = await Server.ClientWithAsync(Permissions.DevicesRead);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
        using var response = await reader.PostAsJsonAsync("/api/v1/enrollment-tokens", new { name = "x" }, Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(403, problem.Status);
        Assert.Contains(Permissions.DevicesManage, problem.Detail, StringComparison.Ordinal);
        var denial = await EventuallyAsync(async () => (await AuditAsync()).FirstOrDefault(e => !e.Allowed && e.Target == "POST /api/v1/enrollment-tokens"), "denial");
        Assert.Equal("token:test", denial.Actor);
        Assert.Equal("127.0.0.1", denial.RemoteAddress);
    }

    [Theory]
    [InlineData(null, "credential-missing")]
    [InlineData("Basic b3duZXI6b3duZXI=", "credential-malformed")]
    [InlineData("Bearer ", "credential-malformed")]
    [InlineData("Bearer op_nobody-has-this-token-0123456789abcdef", "token-unknown")]
    [InlineData("Bearer opr_0000000000000000000000000000000000000000000000000", "token-unknown")]
    [InlineData("Bearer opr_", "token-unknown")]
    public async Task Request_WithoutAGoodCredential_IsToldWhy(string? header, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/devices");
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", header);
        }

        using var response = await Server.Anonymous.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.First().Scheme);
        Assert.EndsWith("/" + code, (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_Expired_IsRefused()
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("short", [Permissions.RunsRead], 1), Cancelled);
        var token = (await made.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!;
        using var client = Server.Client(token.Token);
        await EventuallyAsync(async () => (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode == HttpStatusCode.Unauthorized, "expired");
        Assert.EndsWith("/token-expired", (await OperoneServer.ReadProblemAsync(await client.GetAsync("/api/v1/runs", Cancelled))).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_Revoked_IsRefusedAtOnce()
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("gone soon", [Permissions.RunsRead]), Cancelled);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var token = (await made.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!;
        using var client = Server.Client(token.Token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/runs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Server.Owner.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Create_WithAPermissionThatTheMakerLacks_IsRefused()
    {
        using var maker = await Server.ClientWithAsync(Permissions.TokensCreate);
        using var response = await maker.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("more", [Permissions.RunsCreate]), Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(403, problem.Status);
        Assert.Contains("nobody can give what they lack", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"","permissions":["runs.read"]}""", "name")]
    [InlineData("""{"name":"x","permissions":[]}""", "permissions")]
    [InlineData("""{"name":"x","permissions":["runs.dance"]}""", "permissions")]
    [InlineData("""{"name":"x","permissions":["runs.read"],"expiresInSeconds":-1}""", "expiresInSeconds")]
    [InlineData("""{"name":"x","permissions":["runs.read"],"colour":"red"}""", "colour")]
    [InlineData("""{"name":7,"permissions":["runs.read"]}""", "name")]
    public async Task Create_WithAWrongField_NamesIt(string body, string field)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var response = await Server.Owner.PostAsync("/api/v1/tokens", content, Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(400, problem.Status);
        Assert.Equal([field], problem.Errors!.Keys);
    }

    [Fact]
    public async Task Tokens_AreStoredAsHashesAlone()
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("hashed", [Permissions.RunsRead]), Cancelled);
        var token = (await made.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!;
        Assert.Matches($"^{TokenText.Pattern}$", token.Token!);
        await using var db = Server.OpenDatabase();
        var stored = await db.Set<ApiToken>().SingleAsync(t => t.Id == token.Id, Cancelled);
        Assert.Equal(SecretText.Hash(token.Token!), stored.Hash);
        var list = await Server.Owner.GetStringAsync("/api/v1/tokens?limit=500", Cancelled);
        Assert.DoesNotContain(token.Token!, list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ByPages_GivesEachTokenOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            (await Server.ClientWithAsync(Permissions.RunsRead)).Dispose();
        }

        var seen = new List<Guid>();
        for (string? cursor = null, next = "?limit=2"; next is not null; next = cursor is null ? null : $"?limit=2&cursor={cursor}")
        {
            var page = await Server.Owner.GetFromJsonAsync<Page<ApiTokenView>>($"/api/v1/tokens{next}", Cancelled);
            seen.AddRange(page!.Items.Select(t => t.Id));
            Assert.InRange(page.Items.Count, 1, 2);
            cursor = page.NextCursor;
        }

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Equal(seen.OrderByDescending(i => i), seen);
        var all = await Server.Owner.GetFromJsonAsync<Page<ApiTokenView>>("/api/v1/tokens?limit=500", Cancelled);
        Assert.Superset(seen.Take(5).ToHashSet(), all!.Items.Select(t => t.Id).ToHashSet());
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("limit=many", "limit")]
    [InlineData("cursor=xyz", "cursor")]
    public async Task List_WithABadPage_NamesTheParameter(string query, string field)
    {
        using var response = await Server.Owner.GetAsync($"/api/v1/tokens?{query}", Cancelled);
        Assert.Equal([field], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    [Fact]
    public async Task UnknownPath_IsAProblem()
    {
        using var response = await Server.Owner.GetAsync("/api/v1/nothing", Cancelled);
        Assert.Equal(404, (await OperoneServer.ReadProblemAsync(response)).Status);
    }

    private async Task<IReadOnlyList<AuditEntryView>> AuditAsync() =>
        (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=500", Cancelled))!.Items;
}

public sealed class TokensOnSqlite(SqliteFixture fixture) : TokenTests(fixture), IClassFixture<SqliteFixture>;

public sealed class TokensOnPostgres(PostgresFixture fixture) : TokenTests(fixture), IClassFixture<PostgresFixture>;
