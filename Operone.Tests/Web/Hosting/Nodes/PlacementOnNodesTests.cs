using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>Runs that two nodes place on the same devices.</summary>
[SupportedOSPlatform("linux")]
public sealed class PlacementOnNodesTests(NodesFixture nodes) : IClassFixture<NodesFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_PlacedByBothNodesAtOnce_TakeNoMoreThanThereIs_AndAllEnd()
    {
        var first = await SizedAsync(nodes.First, "first");
        await SizedAsync(nodes.Second, "second");

        // Each takes the better half of a device: one at a time has room on it.
        var cpu = (first.Capacity!.CpuMillis / 2) + 1;
        using var stop = new CancellationTokenSource();
        var watch = WatchAsync(stop.Token);
        var runs = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PlaceAsync(i % 2 == 0 ? nodes.First : nodes.Second, cpu)));
        foreach (var run in runs)
        {
            await Eventually.BecomesAsync(
                async () => (await nodes.First.Owner.GetFromJsonAsync<RunView>($"/api/v1/runs/{run.Id}?waitSeconds=5", Cancelled))!.Status == RunStatus.Succeeded, $"{run.Id} has ended", 90);
        }

        await stop.CancelAsync();
        Assert.True(await watch <= first.Capacity.CpuMillis, "a device was given to two at once");
    }

    [Fact]
    public async Task Cordon_AtOneNode_CountsAtTheOther()
    {
        await SizedAsync(nodes.First, "first");
        using var cordoned = await nodes.First.Owner.PostAsJsonAsync("/api/v1/devices/second/cordon", new CordonDevice("moves"), Cancelled);
        await Eventually.BecomesAsync(
            async () => (await ResourcesAsync(nodes.Second, "second")).Intake == DeviceIntake.Cordoned, "the other node knows of it");
        var run = await PlaceAsync(nodes.Second, 10);
        Assert.Equal("first", run.Executions!.Single().DeviceName);
        using var opened = await nodes.Second.Owner.PostAsync(new Uri("/api/v1/devices/second/uncordon", UriKind.Relative), null, Cancelled);
        Assert.True(opened.IsSuccessStatusCode);
    }

    private static async Task<RunView> PlaceAsync(OperoneServer node, long cpu)
    {
        using var response = await node.Owner.PostAsJsonAsync(
            "/api/v1/runs", new CreateRun { Command = "true", Target = new(All: true), Placement = new() { Count = 1, Needs = new(cpu) } }, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<RunView>(Cancelled))!;
    }

    /// <summary>The most that was seen to be reserved on a device.</summary>
    private async Task<long> WatchAsync(CancellationToken stop)
    {
        var most = 0L;
        while (!stop.IsCancellationRequested)
        {
            var page = await nodes.Second.Owner.GetFromJsonAsync<Page<DeviceResourcesView>>("/api/v1/resources", Cancelled);
            most = Math.Max(most, page!.Items.Max(d => d.Reserved.CpuMillis));
        }

        return most;
    }

    private static Task<DeviceResourcesView> SizedAsync(OperoneServer node, string name) => Eventually.BecomesAsync(
        async () => await ResourcesAsync(node, name) is { Capacity: not null } known ? known : null, $"it is known what {name} has", 30);

    private static async Task<DeviceResourcesView> ResourcesAsync(OperoneServer node, string name) =>
        (await node.Owner.GetFromJsonAsync<Page<DeviceResourcesView>>("/api/v1/resources", Cancelled))!.Items.Single(d => d.Name == name);
}
