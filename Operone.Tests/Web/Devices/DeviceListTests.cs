using System.Net;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Devices;

public abstract class DeviceListTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task List_BySelectorStatusAndText_GivesThoseThatMeetAll()
    {
        await using var web = await Server.ConnectAsync("list-web", new() { ["list"] = "yes", ["role"] = "web" });
        await using var db = await Server.EnrollAsync("list-db", new() { ["list"] = "yes", ["role"] = "db" });
        Assert.Equal(["list-db", "list-web"], await NamesAsync("selector=list%3Dyes"));
        Assert.Equal(["list-web"], await NamesAsync("selector=list%3Dyes&status=online"));
        Assert.Equal(["list-db"], await NamesAsync("selector=list%3Dyes&status=offline"));
        Assert.Equal(["list-db"], await NamesAsync("selector=list,role+notin+(web,x)"));
        Assert.Equal(["list-web"], await NamesAsync("selector=list&q=ROLE%3Dw"));
        Assert.Equal(["list-db", "list-web"], await NamesAsync("q=list-"));
        Assert.Empty(await NamesAsync("q=nothing-has-this"));
    }

    [Fact]
    public async Task List_ByPages_GivesEachDeviceOnceByName()
    {
        var token = await Server.CreateEnrollmentTokenAsync(uses: 7, labels: new() { ["paged"] = "" });
        foreach (var name in (string[])["pb", "PA", "pd", "PC", "pe", "pg", "PF"])
        {
            await FakeAgent.EnrollAsync(Server, token.Token!, name);
        }

        var seen = new List<string>();
        for (string? cursor = ""; ;)
        {
            var page = await Server.Owner.GetFromJsonAsync<Page<DeviceView>>($"/api/v1/devices?selector=paged&limit=3&cursor={cursor}", Cancelled);
            seen.AddRange(page!.Items.Select(d => d.Name));
            if (page.NextCursor is null)
            {
                break;
            }

            cursor = page.NextCursor;
        }

        Assert.Equal(["PA", "pb", "PC", "pd", "pe", "PF", "pg"], seen);
    }

    [Theory]
    [InlineData("selector=env%3D%3Dprod%2C%2C", "selector", "character 11")]
    [InlineData("selector=env+in+prod", "selector", "character 8")]
    [InlineData("status=sleeping", "status", "online or offline")]
    [InlineData("limit=0", "limit", "1 to 500")]
    [InlineData("cursor=!!", "cursor", "cursor")]
    public async Task List_WithABadParameter_NamesItAndThePlace(string query, string field, string says)
    {
        using var response = await Server.Owner.GetAsync($"/api/v1/devices?{query}", Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(400, problem.Status);
        Assert.Contains(says, Assert.Single(problem.Errors![field]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_NameAndLabels_AreTakenAndFoundAtOnce()
    {
        await using var agent = await Server.EnrollAsync("before", new() { ["a"] = "1" });
        using var response = await Server.Owner.PatchAsJsonAsync("/api/v1/devices/before", new { name = "after", labels = new { b = "2" } }, Cancelled);
        response.EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.NotFound, (await Server.Owner.GetAsync("/api/v1/devices/before", Cancelled)).StatusCode);
        Assert.Equal(["after"], await NamesAsync("selector=b%3D2"));
        Assert.Equal(agent.Id, (await Server.Owner.GetFromJsonAsync<DeviceView>("/api/v1/devices/AFTER", Cancelled))!.Id);

        // What is not given stays.
        (await Server.Owner.PatchAsJsonAsync("/api/v1/devices/after", new { name = "After" }, Cancelled)).EnsureSuccessStatusCode();
        Assert.Equal(["After"], await NamesAsync("selector=b%3D2"));
    }

    [Fact]
    public async Task Update_ToANameThatIsTaken_IsAConflict()
    {
        await using var one = await Server.EnrollAsync("taken-1");
        await using var two = await Server.EnrollAsync("taken-2");
        using var response = await Server.Owner.PatchAsJsonAsync("/api/v1/devices/taken-2", new { name = "TAKEN-1" }, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.EndsWith("/device-name-taken", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
        Assert.NotNull(await Server.Owner.GetFromJsonAsync<DeviceView>("/api/v1/devices/taken-2", Cancelled));
    }

    [Theory]
    [InlineData("""{"nam":"x"}""", "nam")]
    [InlineData("""{"name":"not a name"}""", "name")]
    [InlineData("""{"labels":{"a":"b c"}}""", "labels")]
    [InlineData("""{"labels":"all"}""", "labels")]
    public async Task Update_WithAWrongField_NamesIt(string body, string field)
    {
        using var response = await Server.Owner.PatchAsync("/api/v1/devices/whichever", new StringContent(body, null, "application/json"), Cancelled);
        Assert.Equal([field], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    [Theory]
    [InlineData("GET", "/api/v1/devices/nobody")]
    [InlineData("DELETE", "/api/v1/devices/nobody")]
    [InlineData("GET", "/api/v1/devices/nobody/telemetry")]
    [InlineData("GET", "/api/v1/devices/01a20757-b83d-76d0-93ed-f94a9df22f0a")]
    public async Task AnyAct_OnAnUnknownDevice_IsNotFound(string method, string path)
    {
        using var response = await Server.Owner.SendAsync(new HttpRequestMessage(new(method), path), Cancelled);
        Assert.EndsWith("/device-not-found", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restart_Keeps_DevicesAndTheirLabels()
    {
        await using var server = await Fixture.StartAnotherAsync();
        await using var agent = await server.ConnectAsync("kept", new() { ["k"] = "v" });
        await server.StopAsync();
        await server.StartAgainAsync();
        var page = await server.Owner.GetFromJsonAsync<Page<DeviceView>>("/api/v1/devices?selector=k%3Dv", Cancelled);
        Assert.Equal(DeviceStatus.Offline, Assert.Single(page!.Items).Status);
        await agent.ConnectAsync();
        Assert.Equal(DeviceStatus.Online, (await server.Owner.GetFromJsonAsync<DeviceView>("/api/v1/devices/kept", Cancelled))!.Status);
    }

    private async Task<IEnumerable<string>> NamesAsync(string query) =>
        (await Server.Owner.GetFromJsonAsync<Page<DeviceView>>($"/api/v1/devices?{query}", Cancelled))!.Items.Select(d => d.Name);
}

public sealed class DeviceListOnSqlite(SqliteFixture fixture) : DeviceListTests(fixture), IClassFixture<SqliteFixture>;

public sealed class DeviceListOnPostgres(PostgresFixture fixture) : DeviceListTests(fixture), IClassFixture<PostgresFixture>;
