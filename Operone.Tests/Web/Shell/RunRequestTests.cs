using System.Net;
using System.Net.Http.Json;
using System.Text;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class RunRequestOnSqlite(SqliteFixture fixture) : RunRequestTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RunRequestOnPostgres(PostgresFixture fixture) : RunRequestTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Runs over REST: what is taken, what is refused, and how it is said.</summary>
public abstract class RunRequestTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Create_AndWait_GivesTheEndAndTheOutput()
    {
        await using var agent = await ConnectEchoAsync("create-wait");
        var run = await CreateAsync(new { command = "say hello", target = new { devices = new[] { agent.Name } } }, "?waitSeconds=10", HttpStatusCode.OK);
        Assert.Equal(RunStatus.Succeeded, run.Status);
        Assert.Equal(1, run.Counts["succeeded"]);
        var execution = Assert.Single(run.Executions!);
        Assert.Equal((agent.Id, agent.Name, 0), (execution.DeviceId, execution.DeviceName, execution.ExitCode));
        Assert.Equal("say hello", Encoding.UTF8.GetString(await OutputAsync(run, agent)));
    }

    [Fact]
    public async Task Create_WithoutWaiting_IsAcceptedWithItsLocation()
    {
        await using var agent = await Server.ConnectAsync("accepted");
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/runs", new { argv = new[] { "ls", "-l" }, target = new { devices = new[] { agent.Id.ToString() } } }, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var run = await Server.Owner.GetFromJsonAsync<RunView>(response.Headers.Location, Cancelled);
        Assert.Equal("ls -l", run!.Command);
        Assert.Equal(["ls", "-l"], (await StartedAsync(agent)).Argv!);
    }

    [Fact]
    public async Task Create_BySelector_ReachesTheDevicesThatMatchAndNoOthers()
    {
        await using var web = await ConnectEchoAsync("sel-web", new() { ["sel"] = "a", ["role"] = "web" });
        await using var db = await ConnectEchoAsync("sel-db", new() { ["sel"] = "a", ["role"] = "db" });
        await using var old = await ConnectEchoAsync("sel-old", new() { ["sel"] = "a", ["role"] = "db", ["retired"] = "yes" });
        var run = await CreateAsync(new { command = "x", target = new { selector = "sel=a,role in (web,db),!retired" } }, "?waitSeconds=10", HttpStatusCode.OK);
        Assert.Equal(["sel-db", "sel-web"], run.Executions!.Select(e => e.DeviceName));
    }

    [Theory]
    [InlineData("""{"target":{"all":true}}""", "command", "give one of")]
    [InlineData("""{"command":"  ","target":{"all":true}}""", "command", "empty")]
    [InlineData("""{"command":"a","argv":["b"],"target":{"all":true}}""", "argv", "only one of")]
    [InlineData("""{"command":"a"}""", "target", "names no device")]
    [InlineData("""{"command":"a","target":{"selector":"env=(prod"}}""", "target.selector", "character 5")]
    [InlineData("""{"command":"a","target":{"all":true},"timeoutSeconds":-1}""", "timeoutSeconds", "over 0")]
    [InlineData("""{"command":"a","target":{"all":true},"timeoutSecs":1}""", "timeoutSecs", "not a known field")]
    [InlineData("""{"command":"a","target":{"all":true,"labels":{}}}""", "target.labels", "not a known field")]
    [InlineData("""{"command":["a"],"target":{"all":true}}""", "command", "wrong type")]
    [InlineData("""{"command":"a","target":{"all":true},"environment":{"A=B":"c"}}""", "environment", "not a name")]
    [InlineData("""{"script":"a","interpreter":" ","target":{"all":true}}""", "interpreter", "empty")]
    [InlineData("""{"command":"a\u0000b","target":{"all":true}}""", "command", "NUL")]
    public async Task Create_BadInput_IsRefusedByTheFieldsName(string json, string field, string message)
    {
        using var response = await Server.Owner.PostAsync("/api/v1/runs", new StringContent(json, Encoding.UTF8, "application/json"), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Contains(message, string.Join(' ', problem.Errors![field]), StringComparison.Ordinal);
        Assert.NotNull(problem.RequestId);
    }

    [Theory]
    [InlineData("{\"command\":", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    public async Task Create_BodyThatIsNotTheJsonExpected_IsRefused(string body, HttpStatusCode status)
    {
        using var response = await Server.Owner.PostAsync("/api/v1/runs", new StringContent(body, Encoding.UTF8, "application/json"), Cancelled);
        Assert.Equal(status, response.StatusCode);
        await OperoneServer.ReadProblemAsync(response);
    }

    [Fact]
    public async Task Create_BodyOverTheLimit_IsRefusedAsTooLarge()
    {
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = new string('a', 5 * 1024 * 1024), target = new { all = true } }, Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("limit", (await OperoneServer.ReadProblemAsync(response)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_ForADeviceThatDoesNotExist_SaysWhichAndRunsNothing()
    {
        await using var agent = await Server.ConnectAsync("known");
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = "a", target = new { devices = new[] { "known", "unknown-1" } } }, Cancelled);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains("'unknown-1'", (await OperoneServer.ReadProblemAsync(response)).Detail, StringComparison.Ordinal);
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Create_ForASelectorThatMatchesNothing_IsAnErrorThatSaysSo()
    {
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = "a", target = new { selector = "no=such" } }, Cancelled);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.EndsWith("target-empty", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_TwiceWithOneKey_RunsOnce()
    {
        await using var agent = await Server.ConnectAsync("idempotent");
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostWithKeyAsync("key-1", "echo one", agent)));
        Assert.Single(runs.Select(r => r.Id).Distinct());
        await StartedAsync(agent);
        Assert.False(agent.Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Create_WithAKeyUsedForAnotherBody_IsRefused()
    {
        await using var agent = await Server.ConnectAsync("idempotent-2");
        await PostWithKeyAsync("key-2", "echo one", agent);
        using var response = await SendWithKeyAsync("key-2", "echo two", agent);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.EndsWith("idempotency-key-reused", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithATokenThatMayOnlyRead_IsForbiddenAndAudited()
    {
        await using var agent = await Server.ConnectAsync("forbidden");
        using var reader = await Server.ClientWithAsync(Permissions.RunsRead);
        using var response = await reader.PostAsJsonAsync("/api/v1/runs", new { command = "a", target = new { devices = new[] { agent.Name } } }, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(Permissions.RunsCreate, (await OperoneServer.ReadProblemAsync(response)).Detail, StringComparison.Ordinal);
        Assert.False(agent.Starts.Reader.TryRead(out _));
        await EventuallyAsync(async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=100", Cancelled))!
            .Items.FirstOrDefault(e => e is { Allowed: false, Actor: "token:test" }), "an audit entry of the denial");
    }

    [Fact]
    public async Task Get_RunThatDoesNotExist_IsNotFound()
    {
        using var response = await Server.Owner.GetAsync($"/api/v1/runs/{Guid.NewGuid()}", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.EndsWith("run-not-found", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_PageByPage_GivesEachRunOnceNewestFirst()
    {
        await using var agent = await ConnectEchoAsync("listed");
        var made = new List<Guid>();
        for (var i = 0; i < 7; i++)
        {
            made.Add((await CreateOnAsync(agent, $"list {i}")).Id);
        }

        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = (await Server.Owner.GetFromJsonAsync<Page<RunView>>($"/api/v1/runs?device=listed&limit=3&cursor={cursor}", Cancelled))!;
            seen.AddRange(page.Items.Select(r => r.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        made.Reverse();
        Assert.Equal(made.Order(), seen.Order());
        Assert.Equal(seen.OrderByDescending(id => id.ToString(), StringComparer.Ordinal), seen);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("cursor=nonsense", "cursor")]
    [InlineData("status=sleeping", "status")]
    public async Task List_BadQuery_IsRefusedByItsName(string query, string field)
    {
        using var response = await Server.Owner.GetAsync($"/api/v1/runs?{query}", Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await OperoneServer.ReadProblemAsync(response)).Errors!.ContainsKey(field));
    }

    private async Task<RunView> PostWithKeyAsync(string key, string command, FakeAgent agent)
    {
        using var response = await SendWithKeyAsync(key, command, agent);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<RunView>(Cancelled))!;
    }

    private async Task<HttpResponseMessage> SendWithKeyAsync(string key, string command, FakeAgent agent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs");
        request.Headers.Add("Idempotency-Key", key);
        request.Content = JsonContent.Create(new { command, target = new { devices = new[] { agent.Name } } });
        return await Server.Owner.SendAsync(request, Cancelled);
    }
}
