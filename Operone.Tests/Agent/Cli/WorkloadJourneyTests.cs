using System.Runtime.Versioning;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary><c>operone workload</c> against a real node and a real agent: written, looked at, steered, removed.</summary>
[SupportedOSPlatform("linux")]
public sealed class WorkloadJourneyTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private OperoneServer? _server;
    private AgentUnderTest? _agent;

    public async ValueTask InitializeAsync()
    {
        _server = await OperoneServer.StartAsync();
        _agent = await AgentUnderTest.EnrolAndRunAsync(_server, _temp["a"], "web-1");
    }

    public async ValueTask DisposeAsync()
    {
        await _agent!.DisposeAsync();
        await _server!.DisposeAsync();
        _temp.Dispose();
    }

    [Fact]
    public async Task Workload_FromAFile_RunsIsSteeredAndRemoved()
    {
        var file = _temp["shop.yaml"];
        await File.WriteAllTextAsync(file, "name: shop\ncomand: x\n", TestContext.Current.CancellationToken);
        var wrong = await RunAsync("workload", "apply", "-f", file, "--check");
        Assert.Equal(1, wrong.Code);
        Assert.Contains($"{file}:2:1: comand: there is no field 'comand'", wrong.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, "name: shop\ncommand: echo hello; exec sleep 600\ntarget: {all: true}\ncount: 1\n", TestContext.Current.CancellationToken);
        Assert.Contains("created 'shop', version 1", (await RunAsync("workload", "apply", "-f", file)).Error, StringComparison.Ordinal);
        Assert.Contains("unchanged 'shop', version 1", (await RunAsync("workload", "apply", "-f", file)).Error, StringComparison.Ordinal);
        await Eventually.BecomesAsync(async () => (await RunAsync("workload", "show", "shop")).Output.Contains("healthy", StringComparison.Ordinal), "it is well", 60);
        await Eventually.BecomesAsync(async () => (await RunAsync("workload", "logs", "shop", "web-1")).Output == "hello\n", "it has written", 60);
        await Eventually.BecomesAsync(async () => (await RunAsync("workload", "list")).Output.Contains("1 of 1 well", StringComparison.Ordinal), "the list says so", 60);
        Assert.Contains("to have 2 instances", (await RunAsync("workload", "scale", "shop", "2")).Error, StringComparison.Ordinal);
        await Eventually.BecomesAsync(async () => (await RunAsync("workload", "show", "shop")).Error.Contains("There is room for 0 of 1", StringComparison.Ordinal), "one waits", 60);
        Assert.NotEqual(0, (await RunAsync("workload", "move", "shop", "web-1", "web-1")).Code);
        Assert.Contains("count: 1", (await RunAsync("workload", "export", "shop")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("workload", "stop", "shop")).Code);
        Assert.Equal(0, (await RunAsync("workload", "remove", "shop")).Code);
        await Eventually.BecomesAsync(async () => (await RunAsync("workload", "show", "shop")).Code != 0, "it is gone", 60);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var terminal = new FakeTerminal { InputIsRedirected = false, Time = TimeProvider.System };
        terminal.Variables["OPERONE_URL"] = _server!.Url;
        terminal.Variables["OPERONE_TOKEN"] = OperoneServer.OwnerToken;
        var code = await terminal.RunAsync(args);
        return (code, terminal.Output, terminal.Error);
    }
}
