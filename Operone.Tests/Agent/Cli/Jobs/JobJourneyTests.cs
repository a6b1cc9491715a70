using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli.Jobs;

/// <summary><c>operone job</c> against a real node and a real agent: written, run, looked at, agreed to, removed.</summary>
[SupportedOSPlatform("linux")]
public sealed class JobJourneyTests : IAsyncLifetime
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
    public async Task Job_FromAFile_PlacesRunsAndTellsItsHistory()
    {
        var (file, placed) = (_temp["deploy.yaml"], _temp["motd"]);
        await File.WriteAllTextAsync(file, $$"""
            name: deploy
            parameters:
              - {name: version, pattern: '[0-9.]+', required: true}
              - {name: key, type: secret}
            target: {all: true}
            steps:
              - file: {path: {{placed}}, mode: 600, content: "Welcome to $(hostname).\n"}
              - argv: [echo, "version {{"{{version}}"}}"]
            """, TestContext.Current.CancellationToken);
        var wrong = await RunAsync("job", "apply", "-f", file, "--check");
        Assert.Equal(1, wrong.Code);
        Assert.Contains($"{file}:8:", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("write {{version}} alone", wrong.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))
            .Replace("[echo, \"version {{version}}\"]", "[sh, -c, 'echo \"$1 with $PARAM_KEY\"', sh, \"{{version}}\"]", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Contains("created 'deploy', version 1", (await RunAsync("job", "apply", "-f", file)).Error, StringComparison.Ordinal);
        Assert.Contains("unchanged 'deploy', version 1", (await RunAsync("job", "apply", "-f", file)).Error, StringComparison.Ordinal);
        Assert.Contains("must match [0-9.]+", (await RunAsync("job", "run", "deploy", "-p", "version=x")).Error, StringComparison.Ordinal);
        var run = await RunAsync("job", "run", "deploy", "-p", "version=1.10", "--secret", "key", input: "hunter22\n");
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("succeeded: 1 devices", run.Error, StringComparison.Ordinal);
        Assert.Equal("Welcome to $(hostname).\n", await File.ReadAllTextAsync(placed, TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(placed));
        var runs = await RunAsync("runs", "--json");
        Assert.DoesNotContain("hunter22", runs.Output, StringComparison.Ordinal);
        var last = Regex.Match(runs.Output, "\"id\": ?\"([0-9a-f-]{36})\"").Groups[1].Value;
        Assert.Equal("1.10 with ***\n", (await RunAsync("logs", last)).Output);
        var history = (await RunAsync("job", "history", "deploy")).Output;
        Assert.Contains("succeeded", history, StringComparison.Ordinal);
        Assert.Contains("asked for", history, StringComparison.Ordinal);
        Assert.Contains("deploy", (await RunAsync("job", "list")).Output, StringComparison.Ordinal);
        var export = (await RunAsync("job", "export", "deploy")).Output;
        Assert.Contains("updated 'deploy', version 2", (await RunAsync(["job", "apply", "-f", "-"], export.Replace("mode: \"600\"", "mode: \"640\"", StringComparison.Ordinal))).Error, StringComparison.Ordinal);
        Assert.Contains("-      mode: \"600\"\n+      mode: \"640\"", (await RunAsync("job", "versions", "deploy", "--diff", "2")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("job", "delete", "deploy")).Code);
        Assert.NotEqual(0, (await RunAsync("job", "show", "deploy")).Code);
    }

    [Fact]
    public async Task Pipeline_AsAStep_IsJoinedOnItsDevices()
    {
        Assert.Equal(0, (await RunAsync(["job", "apply", "-f", "-"], """
            name: count
            parameters: [{name: lines, default: 1000}, {name: key, type: secret}]
            target: {all: true}
            steps:
              - pipeline: {stages: [{device: web-1, command: 'seq 1 "$PARAM_LINES"'}, {device: web-1, command: 'tail -n 1; echo "$PARAM_KEY" ${#PARAM_KEY}'}]}
            """)).Code);
        var run = await RunAsync(["job", "run", "count", "--secret", "key", "--json"], "hunter22\n");
        Assert.True(run.Code == 0, run.Error);
        var id = Regex.Match(run.Output, "\"kind\": ?\"pipeline\",\\s*\"id\": ?\"([0-9a-f-]{36})\"").Groups[1].Value;
        var pipeline = (await _server!.Owner.GetFromJsonAsync($"/api/v1/pipelines/{id}", OperoneJson.Default.RunView, TestContext.Current.CancellationToken))!;
        Assert.Equal(RunStatus.Succeeded, pipeline.Status);
        Assert.Equal("1000\n*** 8\n", await _server.Owner.GetStringAsync($"/api/v1/runs/{id}/executions/{pipeline.Executions![1].Id}/stdout", TestContext.Current.CancellationToken));

        Assert.Equal(0, (await RunAsync(["job", "apply", "-f", "-"], "name: broken\ntarget: {all: true}\nsteps: [{pipeline: {stages: [{device: web-1, command: exit 7}, {device: web-1, command: cat}]}}]\n")).Code);
        var broken = await RunAsync("job", "run", "broken");
        Assert.NotEqual(0, broken.Code);
        Assert.Contains("stage 1 on web-1: Exited with code 7", broken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Placed_WithoutRoom_SaysWhyItWaits_AndIsGivenUp()
    {
        Assert.Equal(0, (await RunAsync(["job", "apply", "-f", "-"],
            "name: large\ntarget: {all: true}\nplacement: {count: 1, needs: {cpu: 999}}\nlimits: {wait: 3s}\nsteps: [{command: 'true'}]\n")).Code);
        var run = await RunAsync("job", "run", "large");
        Assert.Equal(1, run.Code);
        Assert.Contains("waiting: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("timed-out: 0/1 devices; there was no room within 3s: There is room for 0 of 1: 1 short of CPU.", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(["job", "apply", "-f", "-"], "name: small\ntarget: {all: true}\nplacement: {count: 1, needs: {cpu: 0.1}}\nsteps: [{command: 'true'}]\n")).Code);
        var small = await RunAsync("job", "run", "small");
        Assert.True(small.Code == 0, small.Error);
        Assert.Contains("succeeded: 1 devices", small.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approval_BySomebodyElse_LetsItGoOn()
    {
        Assert.Equal(0, (await RunAsync(["job", "apply", "-f", "-"], "name: careful\ntarget: {all: true}\napproval: {message: sure?}\nsteps: [{command: 'true'}]\n")).Code);
        var id = (await RunAsync("job", "run", "careful", "--detach")).Output.Trim();
        Assert.Contains("sure?", (await RunAsync("job", "approvals")).Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await RunAsync("job", "approve", id)).Code);
        using var client = await _server!.ClientAsync(await _server!.CreatePersonAsync(BuiltInRoles.Operator));
        var token = client.DefaultRequestHeaders.Authorization!.Parameter!;
        Assert.Contains("It is not what you looked at", (await RunAsync(["job", "approve", id, "--hash", "000000"], "", token)).Error, StringComparison.Ordinal);
        var yes = await RunAsync(["job", "approve", id], "", token);
        Assert.True(yes.Code == 0, yes.Error);
        await Eventually.BecomesAsync(async () => (await RunAsync("job", "history", "careful", "--status", "succeeded")).Output.Contains(id, StringComparison.Ordinal), "it has run", 30);
        Assert.NotEqual(0, (await RunAsync("job", "retry", id)).Code);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] args) => RunAsync(args, "");

    private Task<(int Code, string Output, string Error)> RunAsync(string a, string b, string c, string d, string e, string f, string g, string input) => RunAsync([a, b, c, d, e, f, g], input);

    private async Task<(int Code, string Output, string Error)> RunAsync(string[] args, string input, string? token = null)
    {
        using var terminal = new FakeTerminal { InputIsRedirected = input.Length > 0, Input = Encoding.UTF8.GetBytes(input), Time = TimeProvider.System };
        terminal.Variables["OPERONE_URL"] = _server!.Url;
        terminal.Variables["OPERONE_TOKEN"] = token ?? OperoneServer.OwnerToken;
        var code = await terminal.RunAsync(args);
        return (code, terminal.Output, terminal.Error);
    }
}
