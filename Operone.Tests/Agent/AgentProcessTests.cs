using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent;

/// <summary>Real agents against a server of the test's own.</summary>
[SupportedOSPlatform("linux")]
public sealed class AgentProcessTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string State => _temp["s"];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Enrol_WithAGoodToken_KeepsIdentityForItsOwnerAlone()
    {
        await using var server = await AgentServer.StartAsync();
        var (code, output, _) = await AgentUnderTest.CallAsync(State, "enroll", "--server", $"{server.Address}", "--token", "ope_good.PIN", "--name", "web-1", "--label", "env=prod");
        Assert.Equal(0, code);
        Assert.Contains("Enrolled as web-1", output, StringComparison.Ordinal);
        var request = Assert.Single(server.Enrolments);
        Assert.Equal(("ope_good", "web-1", "prod"), (request.Token, request.Name, request.Labels!["env"]));
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(OwnerOnly, File.GetUnixFileMode($"{State}/device.key"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode($"{State}/identity.json"));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(State));

        var again = await AgentUnderTest.CallAsync(State, "enroll", "--server", $"{server.Address}", "--token", "ope_good");
        Assert.Equal(1, again.Code);
        Assert.Contains("enrolled already", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enrol_ThatIsRefused_SaysWhyAndKeepsNothing()
    {
        await using var server = await AgentServer.StartAsync();
        var (code, _, error) = await AgentUnderTest.CallAsync(State, "enroll", "--server", $"{server.Address}", "--token", "ope_spent");
        Assert.Equal((1, "operone: The token is spent. Make a new one."), (code, error.Trim()));
        Assert.False(File.Exists($"{State}/identity.json"));
    }

    [Fact]
    public async Task Enrol_WithWrongArguments_TellsAllOfThem()
    {
        var (code, _, error) = await AgentUnderTest.CallAsync(State, "enroll", "--server", "ftp://x", "--token", "x", "--name", "a b", "--label", "c");
        Assert.Equal(2, code);
        Assert.All(["--server", "--token", "--name", "--label"], option => Assert.Contains($"  {option}: ", error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agent_Running_TellsFactsAndTelemetryAndRunsCommands()
    {
        await using var server = await AgentServer.StartAsync();
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, State);
        Assert.True(server.Hellos.TryPeek(out var hello));
        Assert.Equal(Environment.MachineName, hello.Facts.HostName);
        Assert.True(hello.Facts is { MemoryBytes: > 0, CpuCount: > 0, Disks.Count: > 0, BootedAt: not null });
        var sample = await Eventually.BecomesAsync(() => Task.FromResult(server.Telemetry.ElementAtOrDefault(1)), "telemetry", 30);
        Assert.True(sample is { MemoryUsedBytes: > 0, Processes: > 1, Disks.Count: > 0, CpuPercent: >= 0 and <= 100 });

        var request = HostUnderTest.Request("echo hello");
        await server.Agents.StartExecution(request);
        await Eventually.BecomesAsync(() => Task.FromResult(server.Shell[request.ExecutionId].End), "an end", 30);
        Assert.Equal("hello\n", server.Shell[request.ExecutionId].Text);

        var (code, output, _) = await AgentUnderTest.CallAsync(State, "status", "--json");
        var status = JsonDocument.Parse(output).RootElement;
        Assert.Equal((0, "renamed", true), (code, status.GetProperty("deviceName").GetString(), status.GetProperty("connected").GetBoolean()));
    }

    [Fact]
    public async Task Agent_KilledInMidOutput_LosesNothingAndRunsNothingTwice()
    {
        await using var server = await AgentServer.StartAsync();
        var request = HostUnderTest.Request($"echo run >> {_temp["count"]}; i=0; while [ $i -lt 60 ]; do seq 500; i=$((i+1)); sleep 0.05; done");
        server.Shell[request.ExecutionId].IsStrict = false;
        await using (var first = await AgentUnderTest.EnrolAndRunAsync(server, State))
        {
            await server.Agents.StartExecution(request);
            await Eventually.BecomesAsync(() => Task.FromResult(server.Shell[request.ExecutionId].Stdout.Length > 5000), "output", 30);
            await first.KillAsync();
        }

        await using var second = await AgentUnderTest.RunAsync(server, State);
        await server.Agents.StartExecution(request);
        await Eventually.BecomesAsync(() => Task.FromResult(server.Shell[request.ExecutionId].End), "an end", 60);
        Assert.Equal(string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Range(1, 500).Select(n => $"{n}\n")), 60)), server.Shell[request.ExecutionId].Text);
        Assert.Equal("run\n", await File.ReadAllTextAsync(_temp["count"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Agent_Stopped_LeavesCommandsAlone()
    {
        await using var server = await AgentServer.StartAsync();
        var request = HostUnderTest.Request($"sleep 2; touch {_temp["done"]}");
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, State);
        await server.Agents.StartExecution(request);
        await Eventually.BecomesAsync(() => Task.FromResult(server.Shell[request.ExecutionId].StartedAt is not null), "a start", 30);
        var (code, log) = await agent.StopAsync();
        Assert.Equal(0, code);
        Assert.Contains("1 executions go on", log, StringComparison.Ordinal);
        var folder = new Operone.Agent.Shell.ExecutionFolder($"{State}/x/{request.ExecutionId:N}");
        await Eventually.BecomesAsync(() => Task.FromResult(folder.ReadEnd()), "an end", 30);
        Assert.True(File.Exists(_temp["done"]));
    }

    [Fact]
    public async Task Agent_OnAFolderThatIsInUse_RefusesToRun()
    {
        await using var server = await AgentServer.StartAsync();
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, State);
        var (code, _, error) = await AgentUnderTest.CallAsync(State, "run");
        Assert.Equal(1, code);
        Assert.Contains("An agent runs already", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_ToldToLeave_DeletesItsIdentityAndEnds()
    {
        await using var server = await AgentServer.StartAsync();
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, State);
        await Eventually.BecomesAsync(() => Task.FromResult(!server.Telemetry.IsEmpty), "telemetry", 30);
        await server.Agents.Leave("An operator removed it.");
        var (code, log) = await agent.EndAsync();
        Assert.Equal(78, code);
        Assert.Contains("An operator removed it.", log, StringComparison.Ordinal);
        Assert.False(File.Exists($"{State}/identity.json"));
        Assert.False(File.Exists($"{State}/device.key"));
        Assert.Equal(78, (await AgentUnderTest.CallAsync(State, "run")).Code);
    }

    [Fact]
    public async Task Agent_ThatIsRefused_SaysSoAndStays()
    {
        await using var server = await AgentServer.StartAsync();
        server.Refusal = "Protocol 1 is too old: upgrade the agent.";
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, State);
        await Eventually.BecomesAsync(
            async () => (await AgentUnderTest.CallAsync(State, "status")).Output.Contains("upgrade the agent", StringComparison.Ordinal), "a refusal in the status", 30);
        Assert.Equal(0, (await agent.StopAsync()).Code);
    }

    [Fact]
    public async Task Leave_TellsTheServerAndDeletesTheIdentity()
    {
        await using var server = await AgentServer.StartAsync();
        await AgentUnderTest.CallAsync(State, "enroll", "--server", $"{server.Address}", "--token", "ope_good");
        var (code, output, _) = await AgentUnderTest.CallAsync(State, "leave");
        Assert.Equal(0, code);
        Assert.Contains("has left", output, StringComparison.Ordinal);
        Assert.StartsWith("Bearer ey", Assert.Single(server.Left), StringComparison.Ordinal);
        Assert.Equal(78, (await AgentUnderTest.CallAsync(State, "leave")).Code);
    }

    [Fact]
    public async Task Leave_WithoutAServer_NeedsForce()
    {
        await using (var server = await AgentServer.StartAsync())
        {
            await AgentUnderTest.CallAsync(State, "enroll", "--server", $"{server.Address}", "--token", "ope_good");
        }

        var (code, _, error) = await AgentUnderTest.CallAsync(State, "leave");
        Assert.Equal(1, code);
        Assert.Contains("--force", error, StringComparison.Ordinal);
        Assert.True(File.Exists($"{State}/identity.json"));
        Assert.Equal(0, (await AgentUnderTest.CallAsync(State, "leave", "--force")).Code);
        Assert.False(File.Exists($"{State}/identity.json"));
    }
}
