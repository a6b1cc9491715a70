using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed class RateLimitTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Doors_KnockedAtTooOften_Are429WithATimeToWait()
    {
        await using var server = await OperoneServer.StartAsync(settings: new() { ["Operone:RateLimitScale"] = "1" });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await HoldsBackAsync(() => server.Anonymous.PostAsync("/sign-in", new FormUrlEncodedContent([]), Cancelled), 20);
        await HoldsBackAsync(() => server.Anonymous.PostAsJsonAsync("/api/v1/agents/enroll", FakeAgent.Request("ope_wrong", "x", key), Cancelled), 100);
        await HoldsBackAsync(() => server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("x", [Permissions.RunsRead]), Cancelled), 60);

        // One door's limit is not another's.
        Assert.Equal(HttpStatusCode.OK, (await server.Owner.GetAsync("/api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Enrolment_WithOneTokenFromEverywhere_IsHeldBack()
    {
        await using var server = await OperoneServer.StartAsync(settings: new() { ["Operone:RateLimitScale"] = "0.1", ["Operone:Proxies"] = "127.0.0.1" });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var body = FakeAgent.Request("ope_0123456789abcdefghijklmnopqrstuv", "x", key);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 250 && !answers.Contains(HttpStatusCode.TooManyRequests); i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/agents/enroll") { Content = JsonContent.Create(body) };
            request.Headers.Add("X-Forwarded-For", $"203.0.113.{i}");
            using var response = await server.Anonymous.SendAsync(request, Cancelled);
            answers.Add(response.StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
        Assert.True(answers.Count > 90, $"{answers.Count}");
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void Address_OfOneUser_IsOnePartition(string address, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), RateLimits.Subnet(IPAddress.Parse(address)));

    private static async Task HoldsBackAsync(Func<Task<HttpResponseMessage>> knock, int burst)
    {
        for (var i = 0; i < burst; i++)
        {
            using var answer = await knock();
            Assert.NotEqual(HttpStatusCode.TooManyRequests, answer.StatusCode);
        }

        for (var i = 0; ; i++)
        {
            using var answer = await knock();
            if (answer.StatusCode != HttpStatusCode.TooManyRequests)
            {
                Assert.True(i < burst * 3, "It is never held back.");
                continue;
            }

            Assert.True(answer.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
            Assert.EndsWith("/too-many-requests", (await OperoneServer.ReadProblemAsync(answer)).Type, StringComparison.Ordinal);
            return;
        }
    }
}
