using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>Nodes that lose each other.</summary>
[SupportedOSPlatform("linux")]
public sealed class NodesApartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Redis_ThatIsKilled_LeavesEachNodeItsOwnDevices_AndAllAreBackWithIt()
    {
        await using var nodes = new NodesFixture();
        await nodes.InitializeAsync();
        await nodes.Redis.KillAsync();
        await BecomesAsync(nodes.First, "second", DeviceStatus.Offline, 40);
        await BecomesAsync(nodes.Second, "first", DeviceStatus.Offline, 40);
        Assert.Equal(RunStatus.Succeeded, (await RunAsync(nodes.First, "first")).Status);

        await nodes.Redis.StartAgainAsync();
        await BecomesAsync(nodes.First, "second", DeviceStatus.Online, 60);
        Assert.Equal(RunStatus.Succeeded, (await RunAsync(nodes.First, "second")).Status);
        Assert.Equal(RunStatus.Succeeded, (await RunAsync(nodes.Second, "first")).Status);

        // one that stops says so
        await nodes.Second.StopAsync();
        await BecomesAsync(nodes.First, "second", DeviceStatus.Offline, 5);
        await nodes.Second.StartAgainAsync();
        await BecomesAsync(nodes.First, "second", DeviceStatus.Online, 60);
        Assert.Equal(RunStatus.Succeeded, (await RunAsync(nodes.First, "second")).Status);
    }

    private static Task BecomesAsync(OperoneServer node, string device, DeviceStatus status, double seconds) => Eventually.BecomesAsync(
        async () => (await node.Owner.GetFromJsonAsync<DeviceView>($"/api/v1/devices/{device}", Cancelled))?.Status == status, $"{device} {status}", seconds);

    private static async Task<RunView> RunAsync(OperoneServer node, string device)
    {
        using var response = await node.Owner.PostAsJsonAsync(
            "/api/v1/runs?waitSeconds=60", new CreateRun { Command = "true", Target = new() { Devices = [device] } }, OperoneJson.Default.CreateRun, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
    }
}
