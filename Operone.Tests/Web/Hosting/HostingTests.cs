using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed class HostingTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/install.sh")]
    [InlineData("/install.ps1")]
    public async Task PublicAddress_WithoutACredential_Answers(string path) =>
        Assert.Equal(HttpStatusCode.OK, (await Server.Anonymous.GetAsync(path, Cancelled)).StatusCode);

    [Fact]
    public async Task Metrics_FromAfar_NeedAPermission()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await FromAfarAsync(Server.Anonymous, "/metrics")).StatusCode);
        using var other = await Server.ClientWithAsync(Permissions.RunsRead);
        Assert.Equal(HttpStatusCode.Forbidden, (await FromAfarAsync(other, "/metrics")).StatusCode);
        using var reader = await Server.ClientWithAsync(Permissions.EventsRead);

        // The exporter answers out of its memory for a moment after another request.
        await EventuallyAsync(
            async () =>
            {
                var text = await (await FromAfarAsync(reader, "/metrics")).Content.ReadAsStringAsync(Cancelled);
                return text.Contains("operone_agents_connected", StringComparison.Ordinal) && text.Contains("dotnet_", StringComparison.Ordinal);
            },
            "our own metrics and the runtime's");
    }

    [Fact]
    public async Task OpenApi_EveryOperation_IsWhole()
    {
        using var document = JsonDocument.Parse(await Server.Anonymous.GetStringAsync("/openapi/v1.json", Cancelled));
        var wrong = new List<string>();
        var described = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var name = $"{operation.Name.ToUpperInvariant()} {path.Name}";
                described.Add(path.Name.TrimEnd('/'));
                foreach (var part in (string[])["summary", "description", "operationId", "responses"])
                {
                    if (!operation.Value.TryGetProperty(part, out var value) || value.ToString().Length == 0)
                    {
                        wrong.Add($"{name} has no {part}");
                    }
                }

                foreach (var response in operation.Value.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] is '4' or '5'))
                {
                    if (!response.Value.TryGetProperty("content", out var content) || !content.TryGetProperty("application/problem+json", out _))
                    {
                        wrong.Add($"{name}: {response.Name} is no problem");
                    }
                }
            }
        }

        // Each route of the API is in it.
        wrong.AddRange(Routes().Select(r => r.RoutePattern.RawText!).Where(r => r.StartsWith("/api/v1", StringComparison.Ordinal))
            .Select(r => System.Text.RegularExpressions.Regex.Replace(r, @"\{\**(\w+)(:\w+)?\}", "{$1}").TrimEnd('/'))
            .Where(r => !described.Contains(r)).Select(r => $"{r} is not described"));
        Assert.Empty(wrong);
        Assert.True(document.RootElement.GetProperty("components").GetProperty("securitySchemes").TryGetProperty("bearer", out _));
    }

    [Fact]
    public async Task EveryEndpoint_NeedsACredentialOrIsKnownToBeOpen()
    {
        // Open on purpose: what a machine without an agent needs, health, the description of the API and of jobs, and enrolment itself.
        string[] open = ["/health/", "/api/v1/schemas/", "/api/v1/hooks/", "/install.", "/downloads/", "/openapi/", "/api/{", "/api/scalar", "/api/favicon.svg", "/api/v1/agents/enroll"];
        var wrong = Routes().Where(r => r.RoutePattern.RawText is { } path && (path.StartsWith("/api", StringComparison.Ordinal) || path.StartsWith("/hubs", StringComparison.Ordinal)))
            .Where(r => !open.Any(o => r.RoutePattern.RawText!.StartsWith(o, StringComparison.Ordinal)))
            .Where(r => r.RoutePattern.RawText!.Trim('/') != "api")
            .Where(r => r.Metadata.GetMetadata<IAllowAnonymous>() is not null
                || (r.Metadata.GetMetadata<Operone.Web.Access.RequiredPermission>() is null
                    && r.Metadata.GetMetadata<Operone.Web.Access.SignedInIsEnough>() is null && r.Metadata.GetOrderedMetadata<IAuthorizeData>().All(a => a.Policy is null)))
            .Select(r => r.RoutePattern.RawText);
        Assert.Empty(wrong);

        // What names nothing, such as a page, needs somebody who is signed in.
        Assert.NotNull(await Server.Services.GetRequiredService<IAuthorizationPolicyProvider>().GetFallbackPolicyAsync());
    }

    [Fact]
    public async Task Body_OverTheLimit_Is413()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tokens")
        {
            Content = new StringContent("{\"name\":\"" + new string('x', 8 * 1024 * 1024) + "\"}", null, "application/json"),
        };
        request.Headers.ExpectContinue = true;
        request.Headers.Authorization = Server.Owner.DefaultRequestHeaders.Authorization;

        // the client sends its body all the same where it is not answered within a second
        using var patient = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(60) }) { BaseAddress = new Uri(Server.Url) };
        using var response = await patient.SendAsync(request, Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(413, problem.Status);
    }

    [Theory]
    [InlineData("application/json", "{", 400, "malformed-json")]
    [InlineData("text/plain", "{}", 415, null)]
    [InlineData("application/json", "[]", 400, null)]
    public async Task Body_ThatIsNotTheJson_IsAProblem(string type, string body, int status, string? code)
    {
        using var response = await Server.Owner.PostAsync("/api/v1/tokens", new StringContent(body, null, type), Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(status, problem.Status);
        Assert.EndsWith(code ?? "", problem.Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Downloads_ServeTheAgentsWithTheirHash()
    {
        var agents = Directory.CreateDirectory(Path.Combine(Server.Folder, "agents", "linux-x64"));
        await File.WriteAllTextAsync(Path.Combine(agents.FullName, "operone"), "the agent", Cancelled);
        await using var server = await OperoneServer.StartAsync(settings: new() { ["Operone:AgentsDirectory"] = agents.Parent!.FullName });
        Assert.Equal("the agent", await server.Anonymous.GetStringAsync("/downloads/operone-linux-x64", Cancelled));
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("the agent"u8));
        Assert.Equal($"{hash}  operone-linux-x64\n", await server.Anonymous.GetStringAsync("/downloads/operone-linux-x64.sha256", Cancelled));
        foreach (var wrong in (string[])["operone-linux-arm64", "operone-..%2f..%2foperone", "operone-linux-x64.sha256.sha256"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await server.Anonymous.GetAsync($"/downloads/{wrong}", Cancelled)).StatusCode);
        }
    }

    [Fact]
    public async Task InstallScript_NamesTheServerThatWasAsked()
    {
        var script = await Server.Anonymous.GetStringAsync("/install.sh", Cancelled);
        Assert.Contains($"server='{Server.Url}'", script, StringComparison.Ordinal);
        await using var proxied = await OperoneServer.StartAsync(settings: new() { ["Operone:Proxies"] = "127.0.0.1" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/install.sh");
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Host = "operone.example.org";
        using var response = await proxied.Anonymous.SendAsync(request, Cancelled);
        Assert.Contains("server='https://operone.example.org'", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_AllWrong_AreSaidAtOnceByKey()
    {
        var app = Operone.Web.Program.Build(
        [
            "--Operone:PublicUrl=nowhere", "--Operone:AgentsDirectory=/does/not/exist", "--Operone:SecretsDirectory=/does/not/exist", "--Operone:Devices:TelemetrySeconds=0",
            "--Operone:Setup:OwnerEmail=me@example.org", "--Operone:Setup:OwnerPassword=short",
            "--Operone:Proxies=10.0.0.0/33", "--Operone:AllowedOrigins=ops.example.org", "--Operone:RateLimitScale=0",
        ]);
        var problems = Startup.FindProblems(app.Services);
        foreach (var key in (string[])["Operone:PublicUrl", "Operone:AgentsDirectory", "Operone:SecretsDirectory", "Operone:Devices:TelemetrySeconds", "Operone:Setup:OwnerPassword",
            "Operone:Proxies", "Operone:AllowedOrigins", "Operone:RateLimitScale"])
        {
            Assert.Single(problems, p => p.StartsWith(key + ":", StringComparison.Ordinal));
        }
    }

    private IEnumerable<RouteEndpoint> Routes() => Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private static async Task<HttpResponseMessage> FromAfarAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        return await client.SendAsync(request, Cancelled);
    }

    [Fact]
    public async Task Settings_ThatLieInFiles_AreTaken()
    {
        var secrets = Directory.CreateTempSubdirectory("operone-secrets-").FullName;
        await File.WriteAllTextAsync(Path.Combine(secrets, "Operone__PublicUrl"), "https://from-a-file.example\n", TestContext.Current.CancellationToken);
        await using var server = await OperoneServer.StartAsync(settings: new() { ["Operone:SecretsDirectory"] = secrets });
        Assert.Equal("https://from-a-file.example", server.Services.GetRequiredService<IOptions<OperoneOptions>>().Value.PublicUrl);
        Directory.Delete(secrets, recursive: true);
    }
}
