using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Devices;

public abstract class AgentTokenTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Token_Good_IsTakenOnce()
    {
        await using var agent = await Server.EnrollAsync("once");
        var token = agent.CreateToken();
        using var first = await MeAsync(token);
        Assert.Equal(agent.Id, (await first.Content.ReadFromJsonAsync<EnrollReply>(Cancelled))!.DeviceId);
        await RefusedAsync(token, "agent-token-replayed");
    }

    [Fact]
    public async Task Token_UsedManyTimesAtOnce_IsTakenOnce()
    {
        await using var agent = await Server.EnrollAsync("race");
        var token = agent.CreateToken();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => MeAsync(token)));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Token_ReplayedAfterARestart_IsRefused()
    {
        await using var server = await Fixture.StartAnotherAsync();
        await using var agent = await server.EnrollAsync("restart");
        var token = agent.CreateToken();
        Assert.Equal(HttpStatusCode.OK, (await MeAsync(token, server)).StatusCode);
        await server.StopAsync();
        await server.StartAgainAsync();
        Assert.EndsWith("/agent-token-replayed", (await OperoneServer.ReadProblemAsync(await MeAsync(token, server))).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_ThatIsNotRight_IsRefusedWithTheReason()
    {
        await using var agent = await Server.EnrollAsync("wrong");
        await using var other = await Server.EnrollAsync("other");
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await RefusedAsync(agent.CreateToken(key: stranger), "agent-token-forged");
        await RefusedAsync(agent.CreateToken(age: TimeSpan.FromMinutes(4)), "agent-token-expired");
        await RefusedAsync(agent.CreateToken(age: TimeSpan.FromMinutes(-3)), "agent-token-too-early");
        await RefusedAsync(agent.CreateToken(lifetime: TimeSpan.FromMinutes(10)), "agent-token-too-long");
        await RefusedAsync(agent.CreateToken(audience: "operone:elsewhere"), "agent-token-wrong-audience");
        await RefusedAsync(agent.CreateToken(subject: other.Id.ToString("D")), "agent-token-malformed");
        await RefusedAsync("not.a.jwt", "agent-token-malformed");
        await RefusedAsync(Unsigned(agent.CreateToken()), "agent-token-malformed");
        await RefusedAsync(OperoneServer.OwnerToken, "agent-token-malformed");
        await RefusedAsync(null, "agent-token-missing");
        await EventuallyAsync(
            async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=500", Cancelled))!.Items
                .FirstOrDefault(e => !e.Allowed && e.Detail!.Contains("not signed with that device's key", StringComparison.Ordinal)),
            "audit of the forgery");

        // A clock that is a minute off is no reason.
        Assert.Equal(HttpStatusCode.OK, (await MeAsync(agent.CreateToken(age: TimeSpan.FromMinutes(2)))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await MeAsync(agent.CreateToken(age: TimeSpan.FromMinutes(-1)))).StatusCode);
    }

    [Fact]
    public async Task Token_OfARemovedDevice_IsRefused()
    {
        await using var agent = await Server.EnrollAsync("removed");
        (await Server.Owner.DeleteAsync($"/api/v1/devices/{agent.Id}", Cancelled)).EnsureSuccessStatusCode();
        await RefusedAsync(agent.CreateToken(), "device-unknown");
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => agent.OpenAsync());
        Assert.Contains("401", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_OfADevice_OpensNothingElse()
    {
        await using var agent = await Server.EnrollAsync("curious");
        using var client = Server.Client(agent.CreateToken());
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Leave_RemovesTheDevice()
    {
        await using var agent = await Server.EnrollAsync("leaver");
        using var client = Server.Client(agent.CreateToken());
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync("/api/v1/agents/me", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Server.Owner.GetAsync($"/api/v1/devices/{agent.Id}", Cancelled)).StatusCode);
    }

    private async Task RefusedAsync(string? token, string code)
    {
        using var response = await MeAsync(token);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.NotEmpty(response.Headers.WwwAuthenticate);
        Assert.EndsWith("/" + code, (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> MeAsync(string? token, OperoneServer? server = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/agents/me");
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await (server ?? Server).Anonymous.SendAsync(request, Cancelled);
    }

    private static string Unsigned(string token)
    {
        // {"alg":"none","typ":"JWT"}
        return $"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{token.Split('.')[1]}.";
    }
}

public sealed class AgentTokensOnSqlite(SqliteFixture fixture) : AgentTokenTests(fixture), IClassFixture<SqliteFixture>;

public sealed class AgentTokensOnPostgres(PostgresFixture fixture) : AgentTokenTests(fixture), IClassFixture<PostgresFixture>;
