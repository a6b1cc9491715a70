using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed class OriginTests(OriginTests.Fixed fixture) : ServerTests(fixture), IClassFixture<OriginTests.Fixed>
{
    /// <summary>A node that is reached at a public address, and lets one other site in.</summary>
    public sealed class Fixed() : ServerFixture(
        Database.Sqlite, new() { ["Operone:PublicUrl"] = "https://ops.example.org/", ["Operone:AllowedOrigins"] = "https://portal.example.org, http://[::1]:8080" });

    private const string Own = "own";

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://ops.example.org")]
    [InlineData("https://ops.example.org:444")]
    [InlineData("https://ops.example.org.evil.example")]
    [InlineData("https://ops.example.org@evil.example")]
    [InlineData("https://ops.example.org/path")]
    [InlineData("file://")]
    [InlineData("not an origin")]
    [InlineData("https://127.0.0.1")]
    public async Task LiveConnection_FromAPageOfAnotherSite_IsRefusedAndNoted(string origin)
    {
        foreach (var (method, path) in ((string, string)[])[("POST", "/_blazor/negotiate"), ("GET", "/_blazor"), ("GET", "/hubs/agent"), ("POST", "/hubs/agent/negotiate"), ("GET", "/channels/x")])
        {
            using var response = await SendAsync(method, path, origin);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            Assert.EndsWith("/origin-refused", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
        }

        foreach (var path in (string[])["/_blazor", "/hubs/agent", "/", "/anything/at/all"])
        {
            using var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("Origin", origin);
            socket.Options.CollectHttpResponseDetails = true;
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri(Server.Url.Replace("http", "ws", StringComparison.Ordinal) + path), Cancelled));
            Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
        }

        var entry = await EventuallyAsync(
            async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=500", Cancelled))!.Items
                .FirstOrDefault(e => e.Detail?.Contains("Operone:AllowedOrigins", StringComparison.Ordinal) == true),
            "an audit entry");
        Assert.Equal(("access.use", false, "anonymous"), (entry.Action, entry.Allowed, entry.Actor));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Own)]
    [InlineData("https://ops.example.org")]
    [InlineData("https://portal.example.org")]
    [InlineData("HTTPS://Portal.Example.org:443")]
    [InlineData("http://[::1]:8080")]
    public async Task LiveConnection_FromOurPages_GoesOn(string? origin)
    {
        using var response = await SendAsync("POST", "/_blazor/negotiate?negotiateVersion=1", origin);
        Assert.NotEqual(HttpStatusCode.Forbidden, response.StatusCode);
        using var hub = await SendAsync("GET", "/hubs/agent", origin);
        Assert.Equal(HttpStatusCode.Unauthorized, hub.StatusCode);
    }

    [Fact]
    public async Task LiveConnection_WithTwoOrigins_NeedsBothToBeOurs()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/hubs/agent");
        request.Headers.Add("Origin", ["https://ops.example.org", "https://evil.example"]);
        using var response = await Server.Anonymous.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example", null, false)]
    [InlineData("null", null, false)]
    [InlineData(null, "cross-site", false)]
    [InlineData(null, "same-site", false)]
    [InlineData("https://evil.example", "cross-site", false)]
    [InlineData(Own, "cross-site", false)]
    [InlineData("https://portal.example.org", "same-site", true)]
    [InlineData("https://portal.example.org", null, true)]
    [InlineData(Own, "same-origin", true)]
    [InlineData(Own, null, true)]
    [InlineData(null, null, true)]
    public async Task Form_WithCookies_IsTakenFromOurPagesAlone(string? origin, string? site, bool taken)
    {
        using var console = new TestBrowser(Server);
        var form = await console.ReadHiddenAsync("/sign-in");
        (form["Email"], form["Password"]) = (OperoneServer.OwnerEmail, OperoneServer.OwnerPassword);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = new FormUrlEncodedContent(form) };
        Add(request, origin);
        if (site is not null)
        {
            request.Headers.Add("Sec-Fetch-Site", site);
        }

        using var response = await console.Client.SendAsync(request, Cancelled);
        Assert.Equal(taken ? HttpStatusCode.Redirect : HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task ProgramWithoutCookies_IsNotHeldUp()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tokens") { Content = JsonContent.Create(new CreateApiToken("x", [Permissions.RunsRead])) };
        request.Headers.Add("Origin", "https://elsewhere.example");
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var response = await Server.Owner.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Theory]
    [InlineData("https://example.org", "https://example.org")]
    [InlineData("https://example.org:443/", "https://example.org")]
    [InlineData("http://EXAMPLE.org:80", "http://example.org")]
    [InlineData("https://xn--bcher-kva.example", "https://xn--bcher-kva.example")]
    [InlineData("https://bücher.example", "https://xn--bcher-kva.example")]
    [InlineData("http://[::1]:5080", "http://[::1]:5080")]
    [InlineData("ftp://example.org", null)]
    [InlineData("https://user@example.org", null)]
    [InlineData("https://example.org/?q", null)]
    [InlineData("https://example.org/#f", null)]
    [InlineData("https://", null)]
    [InlineData("", null)]
    [InlineData("null", null)]
    public void Origin_OfAText_IsSchemeHostAndPort(string text, string? expected) => Assert.Equal(expected, Origin.Parse(text)?.ToString());

    private Task<HttpResponseMessage> SendAsync(string method, string path, string? origin)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        Add(request, origin);
        return Server.Anonymous.SendAsync(request, Cancelled);
    }

    private void Add(HttpRequestMessage request, string? origin)
    {
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin == Own ? Server.Url : origin);
        }
    }
}
