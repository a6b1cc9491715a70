using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>Two nodes as real processes, one of which is killed with its agents' work under way.</summary>
[SupportedOSPlatform("linux")]
public sealed class NodeKilledTests : IAsyncDisposable
{
    private readonly TempFolder _temp = new();
    private readonly List<IAsyncDisposable> _parts = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Node_KilledInMidRun_ItsAgentsMove_NoOutputIsLost_AndNothingRunsTwice()
    {
        var (first, second, front) = await StartAsync();
        var token = await EnrollmentTokenAsync(first);
        await AgentAsync(front, token, "moves");
        await OnlineAsync(second, "moves");

        // Asked of the second node, on a device of the first.
        var command = $"echo ran >> {_temp["count"]}; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line-$i; if [ $((i % 300)) = 0 ]; then sleep 0.5; fi; done";
        var run = await PostAsync(second, new() { Command = command, Target = new() { Devices = ["moves"] } });
        var output = $"/api/v1/runs/{run.Id}/executions/{run.Executions![0].Id}/stdout";
        await Eventually.BecomesAsync(async () => (await second.Owner.GetStringAsync(new Uri(output, UriKind.Relative), Cancelled)).Contains("line-300\n", StringComparison.Ordinal), "some output", 60);

        await first.KillAsync();
        front.Target = second.Port;
        var ended = await EndedAsync(second, run.Id);
        Assert.Equal(RunStatus.Succeeded, ended.Status);
        Assert.Equal(
            string.Concat(Enumerable.Range(1, 3000).Select(i => $"line-{i}\n")), await second.Owner.GetStringAsync(new Uri(output, UriKind.Relative), Cancelled));
        Assert.Equal("ran\n", await File.ReadAllTextAsync(_temp["count"], Cancelled));

        // What was asked for while nobody had the device runs once it is back; and the node that comes back reaches it at the other.
        await first.StartAgainAsync();
        await OnlineAsync(first, "moves");
        var again = await PostAsync(first, new() { Command = "echo from-the-first", Target = new() { Devices = ["moves"] } }, wait: 60);
        Assert.Equal(RunStatus.Succeeded, again.Status);
    }

    [Fact]
    public async Task Node_KilledWithRunsUnderWayOnBoth_EachRunEndsOnce()
    {
        var (first, second, front) = await StartAsync();
        var token = await EnrollmentTokenAsync(first, 2);
        await AgentAsync(front, token, "moves");
        await using var stays = new TcpGate(second.Port);
        await AgentAsync(stays, token, "stays");
        await OnlineAsync(second, "moves");
        await OnlineAsync(first, "stays");

        // Half of them are asked of the node that is killed: what it has accepted is stored.
        var runs = new List<RunView>();
        for (var i = 0; i < 20; i++)
        {
            runs.Add(await PostAsync(i % 2 == 0 ? first : second, new()
            {
                Command = $"echo {i} >> {_temp["count"]}; sleep 1; echo over",
                Target = new() { Devices = ["moves", "stays"] },
            }));
        }

        await first.KillAsync();
        front.Target = second.Port;
        foreach (var run in runs)
        {
            var ended = await EndedAsync(second, run.Id);
            Assert.Equal(RunStatus.Succeeded, ended.Status);
        }

        // once on each of the two devices, which are on one machine here
        var lines = await File.ReadAllLinesAsync(_temp["count"], Cancelled);
        Assert.Equal(Enumerable.Range(0, 20).SelectMany(i => (string[])[$"{i}", $"{i}"]).Order(StringComparer.Ordinal), lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Node_KilledWhileItPlacesRuns_EachIsPlacedAndRunsOnce_AndNothingStaysReserved()
    {
        var (first, second, front) = await StartAsync();
        var token = await EnrollmentTokenAsync(first, 2);
        await AgentAsync(front, token, "moves");
        await using var stays = new TcpGate(second.Port);
        await AgentAsync(stays, token, "stays");
        await OnlineAsync(second, "moves");
        await OnlineAsync(first, "stays");

        // Each device has room for one at a time: most of them wait when the node dies, some are reserved and not told yet.
        var cpu = (Environment.ProcessorCount * 500) + 1;
        var runs = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PostAsync(i % 3 == 0 ? second : first, new()
        {
            Command = $"echo {i} >> {_temp["count"]}; sleep 0.2",
            Target = new() { All = true },
            Placement = new() { Count = 1, Needs = new(cpu) },
        })));
        await first.KillAsync();
        front.Target = second.Port;
        foreach (var run in runs)
        {
            var ended = await EndedAsync(second, run.Id);
            Assert.Equal(RunStatus.Succeeded, ended.Status);
            Assert.Single(ended.Executions!);
        }

        var lines = await File.ReadAllLinesAsync(_temp["count"], Cancelled);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"{i}").Order(StringComparer.Ordinal), lines.Order(StringComparer.Ordinal));
        var left = await second.Owner.GetFromJsonAsync("/api/v1/resources/reservations", OperoneJson.Default.PageReservationView, Cancelled);
        Assert.Empty(left!.Items);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }

        _temp.Dispose();
    }

    private async Task<(NodeProcess First, NodeProcess Second, TcpGate Front)> StartAsync()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "Redis is not installed (apt-get install redis-server)");
        var (missing, database) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var redis = Keep(await RedisServer.StartAsync());
        var settings = new Dictionary<string, string> { ["ConnectionStrings__Operone"] = database!, ["ConnectionStrings__Redis"] = redis.Connection };
        var first = Keep(await NodeProcess.StartAsync(settings));
        var second = Keep(await NodeProcess.StartAsync(settings));
        return (first, second, Keep(new TcpGate(first.Port)));
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private async Task AgentAsync(TcpGate at, string token, string name)
    {
        var server = $"http://127.0.0.1:{at.Port}";
        var (code, _, error) = await AgentUnderTest.CallAsync(_temp[name], "enroll", "--server", server, "--token", token, "--name", name);
        Assert.True(code == 0, error);
        Keep(AgentUnderTest.Run(_temp[name]));
    }

    private static async Task<string> EnrollmentTokenAsync(NodeProcess node, int uses = 1)
    {
        using var response = await node.Owner.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("test", null, uses), Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<EnrollmentTokenView>(Cancelled))!.Token!;
    }

    private static Task<RunView> EndedAsync(NodeProcess node, Guid id) => Eventually.BecomesAsync(
        async () => await node.Owner.GetFromJsonAsync($"/api/v1/runs/{id}", OperoneJson.Default.RunView, Cancelled) is { EndedAt: not null } over ? over : null, "the run's end", 120);

    private static Task OnlineAsync(NodeProcess node, string device) => Eventually.BecomesAsync(
        async () => (await node.Owner.GetAsync(new Uri($"/api/v1/devices/{device}", UriKind.Relative), Cancelled)) is { IsSuccessStatusCode: true } answer
            && (await answer.Content.ReadFromJsonAsync<DeviceView>(Cancelled))?.Status == DeviceStatus.Online, $"{device} online", 60);

    private static async Task<RunView> PostAsync(NodeProcess node, CreateRun request, int wait = 0)
    {
        using var response = await node.Owner.PostAsJsonAsync($"/api/v1/runs?waitSeconds={wait}", request, OperoneJson.Default.CreateRun, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
    }
}
