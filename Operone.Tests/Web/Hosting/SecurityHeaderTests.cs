using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Operone.Tests.Hosting;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed partial class SecurityHeaderTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    [Theory]
    [InlineData("/health/live")]
    [InlineData("/sign-in")]
    [InlineData("/api/")]
    [InlineData("/api/v1/devices")]
    [InlineData("/no-such-page")]
    [InlineData("/operone.svg")]
    [InlineData("/error")]
    public async Task Answer_OfAnySort_CarriesTheHeaders(string path)
    {
        using var response = await GetAsync(path);
        Assert.Equal("nosniff", One(response, "X-Content-Type-Options"));
        Assert.Equal("DENY", One(response, "X-Frame-Options"));
        Assert.Equal("same-origin", One(response, "Referrer-Policy"));
        Assert.Equal("same-origin", One(response, "Cross-Origin-Opener-Policy"));
        Assert.Equal("same-origin", One(response, "Cross-Origin-Resource-Policy"));
        Assert.Equal("none", One(response, "X-Permitted-Cross-Domain-Policies"));
        Assert.False(response.Headers.Contains("Server"));
        var policy = Policy(response);
        Assert.Equal("'none'", policy["frame-ancestors"]);
        Assert.DoesNotContain("unsafe", policy.GetValueOrDefault("script-src", policy["default-src"]), StringComparison.Ordinal);
        Assert.DoesNotContain("'self'", policy.GetValueOrDefault("script-src", policy["default-src"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/setup")]
    [InlineData("/api/")]
    public async Task Page_WithScripts_GivesEachTheNonceOfThisAnswer(string path)
    {
        var nonces = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            using var response = await GetAsync(path);
            var nonce = Nonce().Match(Policy(response)["script-src"]).Groups[1].Value;
            Assert.True(nonces.Add(nonce), "The nonce was used before.");
            Assert.True(Convert.FromBase64String(nonce).Length >= 16);
            var scripts = Script().Matches(await response.Content.ReadAsStringAsync(Cancelled));
            Assert.NotEmpty(scripts);
            Assert.All(scripts, s => Assert.Equal(nonce, WebUtility.HtmlDecode(Regex.Match(s.Value, "nonce=\"([^\"]*)\"").Groups[1].Value)));
        }
    }

    [Fact]
    public async Task Console_SignedIn_HasNoncesAndIsNotKept()
    {
        using var console = await TestBrowser.SignedInAsync(Server);
        foreach (var path in (string[])["/devices", "/", "/access/tokens", "/denied"])
        {
            using var response = await console.Client.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(response.Headers.CacheControl!.NoStore);
            var nonce = Nonce().Match(Policy(response)["script-src"]).Groups[1].Value;
            var page = await response.Content.ReadAsStringAsync(Cancelled);
            Assert.All(Script().Matches(page), s => Assert.Equal(nonce, WebUtility.HtmlDecode(Regex.Match(s.Value, "nonce=\"([^\"]*)\"").Groups[1].Value)));
            Assert.DoesNotMatch(Handler(), page);
        }
    }

    [Fact]
    public async Task Api_Data_IsNotKept()
    {
        foreach (var path in (string[])["/api/v1/devices", "/api/v1/tokens", "/api/v1/audit", "/api/v1/nothing"])
        {
            using var response = await Server.Owner.GetAsync(path, Cancelled);
            Assert.True(response.Headers.CacheControl!.NoStore, path);
        }

        using var asset = await Server.Anonymous.GetAsync("/operone.svg", Cancelled);
        Assert.True(asset.Headers.CacheControl is null or { NoStore: false });
    }

    [Fact]
    public async Task Failure_OfThePage_KeepsTheHeaders()
    {
        await using var server = await OperoneServer.StartAsync(
            configure: builder => builder.Services.AddSingleton<Microsoft.AspNetCore.Authentication.IClaimsTransformation, FailsOnce>());
        using var response = await server.Owner.GetAsync("/devices", Cancelled);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("DENY", One(response, "X-Frame-Options"));
        Assert.Contains("'nonce-", Policy(response)["script-src"], StringComparison.Ordinal);
    }

    [Fact]
    public void Forms_LeadElsewhere_WhereThisAnswerSaysSo()
    {
        var context = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        context.Request.Path = "/sign-in";
        Assert.Contains("form-action 'self';", SecurityHeaders.Policy(context), StringComparison.Ordinal);
        context.AllowFormsTo("https://accounts.example.com");
        context.AllowFormsTo("https://id.example.org:8443/");
        Assert.Contains("form-action 'self' https://accounts.example.com https://id.example.org:8443;", SecurityHeaders.Policy(context), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => context.AllowFormsTo("https://a.example; script-src *"));
    }

    [Theory]
    [InlineData("operone.example.org", "https", null, "max-age=31536000")]
    [InlineData("operone.example.org", "https", "true", "max-age=31536000; includeSubDomains")]
    [InlineData("operone.example.org", "http", "true", null)]
    [InlineData("localhost", "https", "true", null)]
    [InlineData("127.0.0.1", "https", null, null)]
    public async Task Hsts_OnHttpsAlone(string host, string scheme, string? subdomains, string? expected)
    {
        await using var server = await OperoneServer.StartAsync(settings: new() { ["Operone:Proxies:0"] = "127.0.0.1", ["Operone:HstsSubdomains"] = subdomains });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in") { Headers = { Host = host } };
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        request.Headers.Add("X-Forwarded-Proto", scheme);
        using var response = await server.Anonymous.SendAsync(request, Cancelled);
        Assert.Equal(expected, response.Headers.TryGetValues("Strict-Transport-Security", out var values) ? Assert.Single(values) : null);
    }

    private async Task<HttpResponseMessage> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "text/html" } } };
        return await Server.Anonymous.SendAsync(request, Cancelled);
    }

    private static string One(HttpResponseMessage response, string header) => Assert.Single(response.Headers.GetValues(header));

    private static Dictionary<string, string> Policy(HttpResponseMessage response) => One(response, "Content-Security-Policy")
        .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .ToDictionary(d => d.Split(' ')[0], d => d[(d.Split(' ')[0].Length + 1)..]);

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Script();

    // An event handler in an attribute would need 'unsafe-inline'.
    [GeneratedRegex("<[^>]*\\son(click|load|error|submit|change|input|key\\w+)=")]
    private static partial Regex Handler();

    private sealed class FailsOnce : Microsoft.AspNetCore.Authentication.IClaimsTransformation
    {
        private int _calls;

        public Task<System.Security.Claims.ClaimsPrincipal> TransformAsync(System.Security.Claims.ClaimsPrincipal principal) =>
            Interlocked.Increment(ref _calls) == 1 ? throw new InvalidDataException("For the test.") : Task.FromResult(principal);
    }
}
