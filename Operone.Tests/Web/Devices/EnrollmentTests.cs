using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Devices;

public abstract class EnrollmentTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Enroll_WithTheSameName_GetsANumber()
    {
        var token = await Server.CreateEnrollmentTokenAsync(uses: 3, labels: new() { ["env"] = "prod" });
        var agents = new[]
        {
            await FakeAgent.EnrollAsync(Server, token.Token!, "same", new() { ["env"] = "dev", ["rack"] = "7" }),
            await FakeAgent.EnrollAsync(Server, token.Token!, "Same"),
            await FakeAgent.EnrollAsync(Server, token.Token!, "same"),
        };
        Assert.Equal(["same", "Same-2", "same-3"], agents.Select(a => a.Name));
        var device = await Server.Owner.GetFromJsonAsync<DeviceView>("/api/v1/devices/SAME", Cancelled);
        Assert.Equal(agents[0].Id, device!.Id);
        Assert.Equal(new Dictionary<string, string> { ["env"] = "prod", ["rack"] = "7" }, device.Labels);
        Assert.Equal(DeviceStatus.Offline, device.Status);
    }

    [Fact]
    public async Task Enroll_ManyAtOnceWithFewUses_TakesThatManyAlone()
    {
        var token = await Server.CreateEnrollmentTokenAsync(uses: 5);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => EnrollAsync(token.Token!, "racer")));
        Assert.Equal(5, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        var names = await Task.WhenAll(answers.Where(a => a.IsSuccessStatusCode).Select(a => a.Content.ReadFromJsonAsync<EnrollReply>(Cancelled)));
        Assert.Equal(5, names.Select(n => n!.Name).Distinct().Count());
    }

    [Fact]
    public async Task Enroll_Again_WithTheSameKeyAndToken_GivesTheSameDevice()
    {
        var token = await Server.CreateEnrollmentTokenAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var first = await EnrollAsync(token.Token!, "again", key);
        var second = await EnrollAsync(token.Token!, "again", key);
        Assert.Equal((await first.Content.ReadFromJsonAsync<EnrollReply>(Cancelled))!.DeviceId, (await second.Content.ReadFromJsonAsync<EnrollReply>(Cancelled))!.DeviceId);
    }

    [Fact]
    public async Task Enroll_WithATokenThatIsNotGood_IsToldWhyAndAudited()
    {
        var spent = await Server.CreateEnrollmentTokenAsync();
        await FakeAgent.EnrollAsync(Server, spent.Token!, "last");
        var revoked = await Server.CreateEnrollmentTokenAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/enrollment-tokens/{revoked.Id}", Cancelled)).StatusCode);
        var expired = await Server.CreateEnrollmentTokenAsync(expiresInSeconds: 1);
        await Task.Delay(1100, Cancelled);

        foreach (var (token, code) in new[]
        {
            (spent.Token!, "enrollment-token-spent"), (revoked.Token!, "enrollment-token-revoked"),
            (expired.Token!, "enrollment-token-expired"), ("ope_nobody-made-this", "enrollment-token-unknown"),
        })
        {
            var problem = await OperoneServer.ReadProblemAsync(await EnrollAsync(token, $"for-{code}"));
            Assert.Equal(401, problem.Status);
            Assert.EndsWith(code, problem.Type, StringComparison.Ordinal);
            await EventuallyAsync(
                async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=500", Cancelled))!.Items
                    .FirstOrDefault(e => e.Action == "device.enroll" && !e.Allowed && e.Target == $"for-{code}"),
                $"audit of {code}");
        }
    }

    [Fact]
    public async Task Enroll_WithWrongFields_NamesAllOfThem()
    {
        using var response = await Server.Anonymous.PostAsJsonAsync("/api/v1/agents/enroll",
            new EnrollRequest("", "not a name", new Dictionary<string, string> { ["-"] = "x" }, "AAAA"), Cancelled);
        Assert.Equal(["labels", "name", "publicKey", "token"], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys.Order());
    }

    [Fact]
    public async Task Enroll_WithAKeyOfAnotherCurve_IsRefused()
    {
        var token = await Server.CreateEnrollmentTokenAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Equal(["publicKey"], (await OperoneServer.ReadProblemAsync(await EnrollAsync(token.Token!, "p384", key))).Errors!.Keys);
    }

    [Fact]
    public async Task Enroll_TooOftenFromOneAddress_IsHeldBack()
    {
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:RateLimitScale"] = "1" });
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 130 && !statuses.Contains(HttpStatusCode.TooManyRequests); i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/agents/enroll") { Content = JsonContent.Create(new { token = "ope_guess" }) };
            using var response = await server.Anonymous.SendAsync(request, Cancelled);
            statuses.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.NotNull(response.Headers.RetryAfter);
                Assert.EndsWith("/too-many-requests", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
            }
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
    }

    [Fact]
    public async Task Tokens_AreListedWithUsesLeftAndWithoutTheirText()
    {
        var token = await Server.CreateEnrollmentTokenAsync(uses: 4);
        Assert.Matches("^curl -fsSL http://[^ ]+/install.sh \\| sh -s -- --token ope_[A-Za-z0-9_-]{43}$", token.InstallCommand);
        await FakeAgent.EnrollAsync(Server, token.Token!, "listed");
        var listed = (await Server.Owner.GetFromJsonAsync<Page<EnrollmentTokenView>>("/api/v1/enrollment-tokens?limit=500", Cancelled))!.Items.Single(t => t.Id == token.Id);
        Assert.Equal(3, listed.UsesLeft);
        Assert.Null(listed.Token);
        Assert.Null(listed.InstallCommand);
    }

    [Theory]
    [InlineData("""{"name":"x","uses":0}""", "uses")]
    [InlineData("""{"name":"x","expiresInSeconds":0}""", "expiresInSeconds")]
    [InlineData("""{"uses":1}""", "name")]
    [InlineData("""{"name":"x","labels":{"a b":"c"}}""", "labels")]
    [InlineData("""{"name":"x","expires":1}""", "expires")]
    public async Task CreateToken_WithAWrongField_NamesIt(string body, string field)
    {
        using var response = await Server.Owner.PostAsync("/api/v1/enrollment-tokens", new StringContent(body, null, "application/json"), Cancelled);
        Assert.Equal([field], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    private async Task<HttpResponseMessage> EnrollAsync(string token, string name, ECDsa? key = null)
    {
        using var own = key is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        return await Server.Anonymous.PostAsJsonAsync("/api/v1/agents/enroll", FakeAgent.Request(token, name, key ?? own!), Cancelled);
    }
}

public sealed class EnrollmentOnSqlite(SqliteFixture fixture) : EnrollmentTests(fixture), IClassFixture<SqliteFixture>;

public sealed class EnrollmentOnPostgres(PostgresFixture fixture) : EnrollmentTests(fixture), IClassFixture<PostgresFixture>;
