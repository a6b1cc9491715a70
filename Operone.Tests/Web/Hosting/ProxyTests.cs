using System.Net;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed class ProxyTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string?> Strangers => new((string?)null, "192.0.2.1", "10.0.0.0/8, 2001:db8::/32");

    public static TheoryData<string> Known => ["127.0.0.1", "10.0.0.0/8,127.0.0.0/8", "::1, 127.0.0.1"];

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task ForwardedFor_FromAStranger_ChangesNothing(string? proxies)
    {
        await using var server = await StartAsync(proxies);
        Assert.Equal("127.0.0.1", await RefusedAddressAsync(server, "203.0.113.7"));
        Assert.Contains(server.Log.Lines, l => l.Contains("Operone:Proxies", StringComparison.Ordinal));

        // Another address with each request is still one peer.
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 25; i++)
        {
            answers.Add(await SignInPageAsync(server, $"203.0.113.{i}"));
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
    }

    [Theory]
    [MemberData(nameof(Known))]
    public async Task ForwardedFor_FromAKnownProxy_IsWhoAsks(string proxies)
    {
        await using var server = await StartAsync(proxies);
        Assert.Equal("203.0.113.7", await RefusedAddressAsync(server, "203.0.113.7"));

        // What the client wrote itself stands before what the proxy adds, and is not believed.
        Assert.Equal("203.0.113.8", await RefusedAddressAsync(server, "127.0.0.1, 203.0.113.8"));

        // Each client has a limit of its own.
        for (var i = 0; i < 25; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await SignInPageAsync(server, $"203.0.113.{i}"));
        }

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 25; i++)
        {
            answers.Add(await SignInPageAsync(server, "198.51.100.1"));
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.Equal(HttpStatusCode.OK, await SignInPageAsync(server, "198.51.100.2"));
    }

    [Fact]
    public async Task ForwardedFor_ThroughTwoKnownProxies_IsTheFirstThatIsNotOne()
    {
        await using var server = await StartAsync("127.0.0.1,10.0.0.0/8");
        Assert.Equal("203.0.113.9", await RefusedAddressAsync(server, "1.2.3.4, 203.0.113.9, 10.1.1.1"));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("proxy.example.org")]
    [InlineData("0.0.0.0/0")]
    [InlineData("::/0")]
    public void Proxies_ThatAreNone_AreSaidByKey(string proxies)
    {
        var app = Operone.Web.Program.Build([$"--Operone:Proxies={proxies}"]);
        Assert.Single(Operone.Web.Hosting.Startup.FindProblems(app.Services), p => p.StartsWith("Operone:Proxies: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_ThroughAProxyOnThisMachine_AreNotOpenToTheWorld()
    {
        await using var server = await StartAsync(null);
        foreach (var header in (string[])["X-Forwarded-For", "Forwarded", "Via", "X-Original-For"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
            request.Headers.TryAddWithoutValidation(header, "203.0.113.7");
            using var response = await server.Anonymous.SendAsync(request, Cancelled);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    private static Task<OperoneServer> StartAsync(string? proxies) =>
        OperoneServer.StartAsync(settings: new() { ["Operone:Proxies"] = proxies, ["Operone:RateLimitScale"] = "1" });

    private static async Task<HttpStatusCode> SignInPageAsync(OperoneServer server, string forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in");
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await server.Anonymous.SendAsync(request, Cancelled);
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
            Assert.EndsWith("/too-many-requests", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
        }

        return response.StatusCode;
    }

    /// <summary>The address that the audit trail has for a request that was refused.</summary>
    private static async Task<string?> RefusedAddressAsync(OperoneServer server, string forwardedFor)
    {
        var path = $"/api/v1/devices/{Guid.NewGuid()}";
        using var client = server.Client(null);
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await client.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        var entry = await Eventually.BecomesAsync(
            async () => (await server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit", Cancelled))!.Items
                .FirstOrDefault(e => e.Target?.Contains(path, StringComparison.Ordinal) == true),
            "an audit entry", 15);
        return entry.RemoteAddress;
    }
}
