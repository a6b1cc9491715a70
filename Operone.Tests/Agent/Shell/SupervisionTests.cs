using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Agent.Shell.Sandbox;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

/// <summary>Real hosts that care for a command, without an agent.</summary>
[SupportedOSPlatform("linux")]
public sealed class SupervisionTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Command_ThatNeverLasts_IsStartedAgainWithGrowingPausesUntilItHasBeenOftenEnough()
    {
        var result = await HostUnderTest.RunAsync(Request(
            "date +%s%N >> $LOG; echo out; (setsid sleep 1000 &); exit 3", new() { Restart = new() { PauseSeconds = 0.2, MaxRestarts = 3 } }));
        Assert.Equal((ExecutionStatus.Failed, 3), (result.End.Status, result.End.ExitCode));
        Assert.Contains("3 times", result.End.Reason, StringComparison.Ordinal);
        Assert.Contains("Exited with code 3.", result.End.Reason, StringComparison.Ordinal);
        Assert.Equal("out\nout\nout\nout\n", result.Text);
        var errors = Encoding.UTF8.GetString(result.Stderr);
        Assert.Contains("operone: Exited with code 3. It is started again in 0.2 s, for start 2.\n", errors, StringComparison.Ordinal);
        Assert.Contains("in 0.4 s, for start 3.\n", errors, StringComparison.Ordinal);
        Assert.Contains("in 0.8 s, for start 4.\n", errors, StringComparison.Ordinal);
        var starts = (await File.ReadAllLinesAsync(_temp["log"], TestContext.Current.CancellationToken)).Select(l => long.Parse(l, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(4, starts.Length);
        for (var i = 1; i < starts.Length; i++)
        {
            Assert.True(starts[i] - starts[i - 1] >= 0.19e9 * (1 << (i - 1)), "a pause is too short");
        }
    }

    [Fact]
    public async Task Command_ThatLeavesChildren_IsNotStartedBesideThem()
    {
        // each start says whether it finds the child of the one before
        var request = Request(
            $"for p in $(cat {_temp["pids"]} 2>/dev/null); do kill -0 $p 2>/dev/null && echo alive; done; setsid sleep 1000 & echo $! >> {_temp["pids"]}; exit 1",
            new() { Restart = new() { PauseSeconds = 0.1, MaxPauseSeconds = 0.1, MaxRestarts = 3 } });
        using var host = HostUnderTest.Start(request);
        var result = await host.EndAsync();
        Assert.Equal("", result.Text);
        Assert.Equal(4, (await File.ReadAllLinesAsync(_temp["pids"], TestContext.Current.CancellationToken)).Length);
        Assert.Empty(Processes.OfExecution(host.Id));
    }

    [Theory]
    [InlineData(RestartMode.OnFailure, "echo run >> $LOG; [ $(wc -l < $LOG) = 3 ]", ExecutionStatus.Succeeded, 3)]
    [InlineData(RestartMode.Never, "echo run >> $LOG; exit 5", ExecutionStatus.Failed, 1)]
    public async Task Policy_ThatSaysSo_EndsWithTheCommand(RestartMode mode, string command, ExecutionStatus status, int starts)
    {
        var result = await HostUnderTest.RunAsync(Request(command, new() { Restart = new() { Mode = mode, PauseSeconds = 0.1 } }));
        Assert.Equal(status, result.End.Status);
        Assert.Equal(starts, (await File.ReadAllLinesAsync(_temp["log"], TestContext.Current.CancellationToken)).Length);
    }

    [Fact]
    public async Task Cancel_WhileItWaits_EndsIt()
    {
        using var host = HostUnderTest.Start(Request("exit 4", new() { Restart = new() { PauseSeconds = 3600, MaxPauseSeconds = 3600 } }));
        var state = await StateAsync(host, s => s.Phase == SupervisedPhase.Waiting);
        Assert.Equal((1, 4, "Exited with code 4."), (state.Starts, state.LastExitCode, state.LastReason));
        Assert.InRange((state.NextStartAt!.Value - state.At).TotalSeconds, 3500, 3700);
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromSeconds(5));
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Cancelled, "Cancelled. Exited with code 4."), (result.End.Status, result.End.Reason));
    }

    [Fact]
    public async Task Cancel_OfARunningCommand_IsNotFollowedByAnotherStart()
    {
        using var host = HostUnderTest.Start(Request("echo run >> $LOG; exec sleep 1000", new()));
        await StateAsync(host, s => s is { Phase: SupervisedPhase.Running, Health: HealthState.Healthy });
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.FromSeconds(5));
        var result = await host.EndAsync();
        Assert.Equal((ExecutionStatus.Cancelled, 143), (result.End.Status, result.End.ExitCode));
        Assert.Single(await File.ReadAllLinesAsync(_temp["log"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Program_ThatIsNotThereAtFirst_FailsAndOneThatIsGoneLaterIsTriedAgain()
    {
        var missing = await HostUnderTest.RunAsync(HostUnderTest.Request() with { Argv = [_temp["no"]], Supervision = new() });
        Assert.Equal((ExecutionStatus.Failed, 127), (missing.End.Status, missing.End.ExitCode));

        await File.WriteAllTextAsync(_temp["p"], "#!/bin/sh\nrm $0\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(_temp["p"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var gone = await HostUnderTest.RunAsync(HostUnderTest.Request() with { Argv = [_temp["p"]], Supervision = new() { Restart = new() { PauseSeconds = 0.1, MaxRestarts = 2 } } });
        Assert.Equal((ExecutionStatus.Failed, 127), (gone.End.Status, gone.End.ExitCode));
        Assert.Contains("2 times", gone.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timeout_AppliesToEachStart()
    {
        var result = await HostUnderTest.RunAsync(Request(
            "exec sleep 1000", new() { Restart = new() { PauseSeconds = 0.1, MaxRestarts = 1 } }) with
        { TimeoutSeconds = 0.3 });
        Assert.Equal(ExecutionStatus.Failed, result.End.Status);
        Assert.Contains("Took longer than 0.3 seconds.", result.End.Reason, StringComparison.Ordinal);
        var errors = Encoding.UTF8.GetString(result.Stderr);
        Assert.Contains("It is started again in 0.1 s, for start 2.\n", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("for start 3", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ThatIsAProgram_FindsTheUnhealthyAndHasThemStartedAgain()
    {
        // the second start is well, or one after it where that was too slow for its checks
        var request = Request("echo run >> $LOG; exec sleep 1000", new()
        {
            Restart = new() { PauseSeconds = 0.1 },
            Health = new() { Argv = ["sh", "-c", "[ $(cat $LOG | wc -l) -ge 2 ]"], IntervalSeconds = 0.2, Failures = 2, StartSeconds = 0 },
        });
        using var host = HostUnderTest.Start(request);
        var state = await StateAsync(host, s => s is { Health: HealthState.Healthy });
        Assert.True(state.Starts >= 2, $"{state.Starts}");
        Assert.Equal(SupervisedPhase.Running, state.Phase);
        Assert.Contains("Unhealthy: 2 checks in a row failed. The last one: Exited with code 1.", state.LastReason, StringComparison.Ordinal);
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.Zero);
        Assert.Equal(ExecutionStatus.Cancelled, (await host.EndAsync()).End.Status);
    }

    [Fact]
    public async Task Check_ThatHangs_CountsAsFailedAndKeepsNobodyWaiting()
    {
        var request = Request("exec sleep 1000", new()
        {
            Restart = new() { PauseSeconds = 3600, MaxPauseSeconds = 3600 },
            Health = new() { Argv = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], IntervalSeconds = 0.2, TimeoutSeconds = 0.3, Failures = 2, StartSeconds = 0 },
        });
        using var host = HostUnderTest.Start(request);
        var state = await StateAsync(host, s => s.Phase == SupervisedPhase.Waiting);
        Assert.Equal(HealthState.Unhealthy, state.Health);
        Assert.Contains("The check took longer than 0.3 s.", state.LastReason, StringComparison.Ordinal);
        Assert.Empty(Processes.OfExecution(host.Id));
        using var link = Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.Zero);
        Assert.Equal(ExecutionStatus.Cancelled, (await host.EndAsync()).End.Status);
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", null)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n", null)]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", "status 503")]
    [InlineData("SSH-2.0-x\r\n", "not HTTP")]
    [InlineData("", "gave no answer within 0.5 s")]
    public async Task Check_ByHttp_GoesByTheFirstLineOfTheAnswer(string answer, string? problem)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var asked = new TaskCompletionSource<string>();
        var serving = ServeAsync(listener, answer, asked, over.Token);
        using var host = HostUnderTest.Start(Request("exec sleep 1000", new()
        {
            Restart = new() { Mode = RestartMode.Never },
            Health = new() { HttpUrl = $"http://localhost:{port}/well?x=1", IntervalSeconds = 0.2, TimeoutSeconds = answer.Length == 0 ? 0.5 : 30, Failures = 1, StartSeconds = 0 },
        }));
        if (problem is null)
        {
            await StateAsync(host, s => s.Health == HealthState.Healthy);
        }
        else
        {
            var result = await host.EndAsync();
            Assert.Equal(ExecutionStatus.Failed, result.End.Status);
            Assert.Contains(problem, result.End.Reason, StringComparison.Ordinal);
        }

        Assert.StartsWith($"GET /well?x=1 HTTP/1.1\r\nHost: localhost:{port}\r\n", await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), over.Token), StringComparison.Ordinal);
        await over.CancelAsync();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task Check_ByTcp_WaitsForThePort()
    {
        var port = PostgresServer.FreePort();
        using var listener = new TcpListener(IPAddress.Loopback, port);
        using var host = HostUnderTest.Start(Request("exec sleep 1000", new()
        {
            Restart = new() { Mode = RestartMode.Never },
            Health = new() { TcpPort = port, IntervalSeconds = 0.2, Failures = 3, StartSeconds = 60 },
        }));
        await StateAsync(host, s => s.Phase == SupervisedPhase.Running);
        listener.Start();
        await StateAsync(host, s => s.Health == HealthState.Healthy);
        listener.Stop();
        var result = await host.EndAsync();
        Assert.Contains($"Nothing takes connections at port {port}.", result.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Isolated_WithKeptWork_FindsItAgainAtEachStart()
    {
        Sandboxes.Require();
        var request = HostUnderTest.Request() with
        {
            Script = "echo run >> log; cat log; echo; [ $(wc -l < log) = 3 ]",
            Sandbox = new SandboxSpec(SandboxKind.Isolated, KeepWork: true, Limits: new SandboxLimits(MemoryBytes: 256L << 20, Processes: 20)),
            Supervision = new() { Restart = new() { Mode = RestartMode.OnFailure, PauseSeconds = 0.1 } },
        };
        using var host = HostUnderTest.Start(request);
        var result = await host.EndAsync();
        Directory.Delete(host.State + "-work", recursive: true);
        Assert.True(result.End.Status == ExecutionStatus.Succeeded, $"{result.End} {Encoding.UTF8.GetString(result.Stderr)}");
        Assert.Equal("run\n\nrun\nrun\n\nrun\nrun\nrun\n\n", result.Text);
    }

    [Fact]
    public async Task Output_OverItsLimit_SaysSoOnce()
    {
        var result = await HostUnderTest.RunAsync(Request(
            "seq 1000; exit 1", new() { Restart = new() { PauseSeconds = 0.1, MaxRestarts = 2 } }) with
        { OutputLimitBytes = 100 });
        Assert.StartsWith("1\n2\n3\n", result.Text, StringComparison.Ordinal);
        Assert.Equal("operone: The limit of this output is reached: what is printed from here on is not kept.\n", Encoding.UTF8.GetString(result.Stderr));
        Assert.True(result.End.DiscardedBytes > 10_000);
    }

    private StartExecution Request(string command, Supervision how) =>
        HostUnderTest.Request(command) with { Supervision = how, Environment = new Dictionary<string, string> { ["LOG"] = _temp["log"] } };

    /// <summary>Answers whoever asks, one after the other.</summary>
    private static async Task ServeAsync(TcpListener listener, string answer, TaskCompletionSource<string> asked, CancellationToken cancel)
    {
        var buffer = new byte[4096];
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync(cancel);
            asked.TrySetResult(Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer, cancel)));
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), cancel);
            await client.GetStream().ReadAtLeastAsync(buffer, 1, throwOnEndOfStream: false, cancel); // until it has gone
        }
    }

    private static Task<SupervisionState> StateAsync(HostUnderTest host, Func<SupervisionState, bool> which) =>
        Eventually.BecomesAsync(
            () => Task.FromResult(host.Folder.ReadNote()?.State is { } state && which(state) ? state : null),
            () => $"such a state, but {host.Folder.ReadNote()?.State} and {host.Folder.ReadEnd()}", 30);
}
