using System.Net;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Devices;

public abstract class CordonTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Cordoned_IsPassedByWithItsReason_TakesFromWhoNamesIt_AndOpensAgain()
    {
        await using var open = await ConnectEchoAsync("cordon-open", new() { ["cordon"] = "a" });
        await using var shut = await ConnectEchoAsync("cordon-shut", new() { ["cordon"] = "a" });
        var view = await PostAsync("cordon-shut", "cordon", new("new disk"));
        Assert.Equal((DeviceIntake.Cordoned, "new disk"), (view.Cordon!.Intake, view.Cordon.Reason));
        Assert.Equal(["cordon-shut"], await NamesAsync("selector=cordon%3Da&intake=cordoned"));
        Assert.Equal(["cordon-open"], await NamesAsync("selector=cordon%3Da&intake=open"));

        var run = await CreateAsync(new { command = "true", target = new { selector = "cordon=a" } });
        Assert.Equal(["cordon-open"], run.Executions!.Select(e => e.DeviceName));
        var skipped = Assert.Single(run.Skipped!);
        Assert.Equal("cordon-shut", skipped.Name);
        Assert.EndsWith(": new disk", skipped.Reason, StringComparison.Ordinal);
        Assert.Equal("cordon-shut", (await CreateOnAsync(shut)).Executions!.Single().DeviceName);

        await PostAsync("cordon-open", "cordon", new());
        using var none = await Server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { selector = "cordon=a" } }, Cancelled);
        var problem = await OperoneServer.ReadProblemAsync(none);
        Assert.EndsWith("target-cordoned", problem.Type, StringComparison.Ordinal);
        Assert.Contains("cordon-shut is cordoned by", problem.Detail, StringComparison.Ordinal);

        Assert.Null((await PostAsync("cordon-shut", "uncordon", null)).Cordon);
        Assert.Equal(["cordon-shut"], (await CreateAsync(new { command = "true", target = new { selector = "cordon=a" } })).Executions!.Select(e => e.DeviceName));
    }

    [Fact]
    public async Task Draining_FinishesWhatItHas_TakesNothingNew_AndIsThenDrained()
    {
        await using var agent = await Server.ConnectAsync("drain-a", new() { ["drain"] = "a" });
        var run = await CreateOnAsync(agent);
        var start = await StartedAsync(agent);
        Assert.Equal(DeviceIntake.Draining, (await PostAsync("drain-a", "drain", new("moves house"))).Cordon!.Intake);
        using var named = await Server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { devices = new[] { "drain-a" } } }, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, named.StatusCode);
        var problem = await OperoneServer.ReadProblemAsync(named);
        Assert.Contains("drain-a is draining by", problem.Detail, StringComparison.Ordinal);

        // A cordon is less than a drain: it changes nothing.
        Assert.Equal(DeviceIntake.Draining, (await PostAsync("drain-a", "cordon", new())).Cordon!.Intake);
        await agent.ReportAsync(Report(start.ExecutionId, Succeeded()));
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(run.Id, 15)).Status);
        var drained = await EventuallyAsync(
            async () => await DeviceAsync("drain-a") is { Cordon.Intake: DeviceIntake.Drained } done ? done : null, "the device is drained", 30);
        Assert.Equal("moves house", drained.Cordon!.Reason);
        var events = await EventuallyAsync(
            async () => await Server.Owner.GetStringAsync("/api/v1/events?limit=500", Cancelled) is { } all && all.Contains("device.drained", StringComparison.Ordinal) ? all : null,
            "the events tell of it");
        Assert.Contains("device.drain-started", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cordon_WithoutDevicesManage_IsRefused_AndOfAnUnknownDevice_IsNotFound()
    {
        await using var agent = await Server.EnrollAsync("cordon-not-mine");
        using var reads = await Server.ClientWithAsync(Permissions.DevicesRead);
        using var refused = await reads.PostAsJsonAsync("/api/v1/devices/cordon-not-mine/cordon", new CordonDevice(), Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var unknown = await Server.Owner.PostAsJsonAsync("/api/v1/devices/cordon-nowhere/drain", new CordonDevice(), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var longer = await Server.Owner.PostAsJsonAsync("/api/v1/devices/cordon-not-mine/drain", new CordonDevice(new string('x', 201)), Cancelled);
        Assert.Contains("reason", (await OperoneServer.ReadProblemAsync(longer)).Errors!.Keys);
    }

    private async Task<DeviceView> PostAsync(string device, string act, CordonDevice? request)
    {
        using var response = await Server.Owner.PostAsJsonAsync($"/api/v1/devices/{device}/{act}", request, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<DeviceView>(Cancelled))!;
    }

    private async Task<DeviceView?> DeviceAsync(string name) => await Server.Owner.GetFromJsonAsync<DeviceView>($"/api/v1/devices/{name}", Cancelled);

    private async Task<IEnumerable<string>> NamesAsync(string query) =>
        (await Server.Owner.GetFromJsonAsync<Page<DeviceView>>($"/api/v1/devices?{query}", Cancelled))!.Items.Select(d => d.Name);
}

public sealed class CordonOnSqlite(SqliteFixture fixture) : CordonTests(fixture), IClassFixture<SqliteFixture>;

public sealed class CordonOnPostgres(PostgresFixture fixture) : CordonTests(fixture), IClassFixture<PostgresFixture>;
