using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary>Runs that Operone places, and cordons, from the command line, against a real node and a real agent.</summary>
[SupportedOSPlatform("linux")]
public sealed class PlacementJourneyTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private OperoneServer? _server;
    private AgentUnderTest? _agent;

    public async ValueTask InitializeAsync()
    {
        _server = await OperoneServer.StartAsync();
        _agent = await AgentUnderTest.EnrolAndRunAsync(_server, _temp["a"], "worker");
        await _server.WaitForOnlineAsync("worker");

        // An agent tells how large its machine is a moment after it has connected: until then nothing fits.
        await Eventually.BecomesAsync(
            async () => (await _server.Owner.GetFromJsonAsync("/api/v1/devices/worker", OperoneJson.Default.DeviceView))?.Facts is not null, "the size of the worker is known", 30);
    }

    public async ValueTask DisposeAsync()
    {
        await _agent!.DisposeAsync();
        await _server!.DisposeAsync();
        _temp.Dispose();
    }

    [Fact]
    public async Task Run_OnAnyOne_RunsThere_AndIsHeldToWhatItNeeds()
    {
        var (code, output, error) = await RunAsync("run", "--all", "--any", "1", "--cpu", "0.5", "--memory", "256Mi", "--", "echo placed");
        Assert.True(code == 0, error);
        Assert.Equal("placed\n", output);

        // What takes more memory than it has reserved is ended.
        (code, _, error) = await RunAsync("run", "--all", "--any", "1", "--memory", "48Mi", "--", "head -c 400000000 /dev/zero | tail; echo survived");
        Assert.True(code != 0 || !error.Contains("survived", StringComparison.Ordinal));
        Assert.Contains("memory", error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Run_WithoutRoom_SaysWhy_IsListed_AndGoesOnWhenThereIs()
    {
        var cores = int.Parse((await RunAsync("run", "-d", "worker", "--", "nproc")).Output, System.Globalization.CultureInfo.InvariantCulture);
        var all = $"{cores}";
        var (_, first, _) = await RunAsync("run", "--detach", "--all", "--any", "1", "--cpu", all, "--", "sleep 600");
        var second = RunAsync("run", "--all", "--any", "1", "--cpu", "0.25", "--", "echo at last");
        await Eventually.BecomesAsync(async () => (await RunAsync("runs", "--status", "queued")).Output.Contains("short of CPU", StringComparison.Ordinal), "the queue tells why");
        Assert.Contains(first.Trim(), (await RunAsync("resources", "--reservations", "-d", "worker")).Output, StringComparison.Ordinal);
        Assert.Contains("worker", (await RunAsync("resources")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("cancel", first.Trim())).Code);
        var (code, output, error) = await second;
        Assert.True(code == 0, error);
        Assert.Equal("at last\n", output);
        Assert.Contains("waiting for room: There is room for 0 of 1: 1 short of CPU.", error, StringComparison.Ordinal);
        Assert.Contains("placed on worker", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cordon_IsSaid_AndADrainedDeviceTakesNothing()
    {
        Assert.Contains("worker is cordoned", (await RunAsync("devices", "cordon", "worker", "--reason", "new disk")).Error, StringComparison.Ordinal);
        Assert.Contains("cordoned", (await RunAsync("devices")).Output, StringComparison.Ordinal);
        var (code, _, error) = await RunAsync("run", "--all", "true");
        Assert.NotEqual(0, code);
        Assert.Contains("new disk", error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("run", "-d", "worker", "true")).Code);

        Assert.Contains("worker is draining", (await RunAsync("devices", "drain", "worker")).Error, StringComparison.Ordinal);
        await Eventually.BecomesAsync(async () => (await RunAsync("devices", "--intake", "drained")).Output.Contains("worker", StringComparison.Ordinal), "it is drained", 30);
        (code, _, error) = await RunAsync("run", "-d", "worker", "true");
        Assert.NotEqual(0, code);
        Assert.Contains("operone devices uncordon worker", error, StringComparison.Ordinal);
        Assert.Contains("worker is open", (await RunAsync("devices", "uncordon", "worker")).Error, StringComparison.Ordinal);
        Assert.Contains("1 CPU", (await RunAsync("devices", "reserve", "worker", "--cpu", "1")).Error, StringComparison.Ordinal);
        var run = JsonDocument.Parse((await RunAsync("run", "--json", "--all", "true")).Output).RootElement;
        Assert.Equal(RunStatus.Succeeded.ToText(), run.GetProperty("status").GetString());
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var terminal = new FakeTerminal { Time = TimeProvider.System };
        terminal.Variables["OPERONE_URL"] = _server!.Url;
        terminal.Variables["OPERONE_TOKEN"] = OperoneServer.OwnerToken;
        var code = await terminal.RunAsync(args);
        return (code, terminal.Output, terminal.Error);
    }
}
