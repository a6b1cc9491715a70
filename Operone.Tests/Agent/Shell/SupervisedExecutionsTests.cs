using System.Runtime.Versioning;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

/// <summary>Supervised executions as an agent has them, and what becomes of them when agents and hosts die.</summary>
[SupportedOSPlatform("linux")]
public sealed class SupervisedExecutionsTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string State => _temp["s"];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task State_IsToldWhenItChangesAndAfterEachReconnect()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = Request("[ -e $LOG ] && exec sleep 1000; touch $LOG; exit 3");
        agent.All.Start(request);
        var state = await StateAsync(agent.Hub, request, s => s is { Starts: 2, Health: HealthState.Healthy });
        Assert.Equal((SupervisedPhase.Running, 3, "Exited with code 3."), (state.Phase, state.LastExitCode, state.LastReason));
        agent.Disconnect();
        var next = new FakeShellHub();
        next[request.ExecutionId].IsStrict = false;
        await agent.ConnectAsync(next);
        Assert.Equal(state, await StateAsync(next, request, _ => true));
        agent.All.Cancel(new CancelExecution(request.ExecutionId, 0));
        Assert.Equal(ExecutionStatus.Cancelled, (await agent.EndOfAsync(request.ExecutionId)).End!.Status);
        await agent.GoneAsync(request.ExecutionId);
    }

    [Fact]
    public async Task Command_ThatEndsWhileNoAgentRuns_IsStartedAgainAndTheNextAgentTellsOfIt()
    {
        await using var server = await AgentServer.StartAsync();
        var request = Request("echo $$ >> $LOG; exec sleep 1000");
        server.Shell[request.ExecutionId].IsStrict = false;
        await using (var first = await AgentUnderTest.EnrolAndRunAsync(server, State))
        {
            await server.Agents.StartExecution(request);
            await StateAsync(server.Shell, request, s => s is { Starts: 1, Health: HealthState.Healthy });
            await first.KillAsync();
        }

        foreach (var start in (int[])[1, 2])
        {
            Processes.Kill(int.Parse((await LogAsync(start))[^1], System.Globalization.CultureInfo.InvariantCulture));
            await LogAsync(start + 1);
        }

        await using var second = await AgentUnderTest.RunAsync(server, State);
        var state = await StateAsync(server.Shell, request, s => s is { Starts: 3, Health: HealthState.Healthy });
        Assert.Equal((137, "Ended by signal 9 (SIGKILL)."), (state.LastExitCode, state.LastReason));
        await server.Agents.CancelExecution(new CancelExecution(request.ExecutionId, 0));
        await Eventually.BecomesAsync(() => Task.FromResult(server.Shell[request.ExecutionId].End), "an end", 30);
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
    }

    [Fact]
    public async Task Host_ThatIsKilled_IsReplacedAndNothingRunsTwice()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        // the old tree ignores being asked, and a part of it has left its session
        var request = Request("echo run >> $LOG; echo up; (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &); trap '' TERM; while :; do sleep 1; done")
            with
        { Supervision = new() { StopGraceSeconds = 0.3 } };
        agent.All.Start(request);
        await StateAsync(agent.Hub, request, s => s is { Starts: 1, Health: HealthState.Healthy });
        var old = await Eventually.BecomesAsync(() => Task.FromResult(Processes.OfExecution(request.ExecutionId) is { Count: >= 2 } tree ? tree : null), "a tree", 30);
        for (var round = 1; round <= 2; round++)
        {
            // what its host has not stored yet would die with it
            var printed = string.Concat(Enumerable.Repeat("up\n", round));
            await Eventually.BecomesAsync(() => Task.FromResult(agent.Hub[request.ExecutionId].Text == printed), "the output of this start", 30);
            Processes.Kill(Processes.Holding(agent.FolderOf(request.ExecutionId).Claimed)!.Value);
            await StateAsync(agent.Hub, request, s => s.Starts == round + 1 && s.Health == HealthState.Healthy);
        }

        Assert.Empty(Processes.OfExecution(request.ExecutionId).Intersect(old));
        Assert.Equal(["run", "run", "run"], await LogAsync(3));
        await Eventually.BecomesAsync(() => Task.FromResult(agent.Hub[request.ExecutionId].Text == "up\nup\nup\n"), "the output of all starts", 30);
        Assert.Contains("Its host ended before it did", agent.Hub[request.ExecutionId].Errors, StringComparison.Ordinal);
        agent.All.Cancel(new CancelExecution(request.ExecutionId, 0));
        Assert.Equal(ExecutionStatus.Cancelled, (await agent.EndOfAsync(request.ExecutionId)).End!.Status);
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
    }

    [Fact]
    public async Task Folder_OfADeviceThatWasRestarted_IsHostedAgainWithItsOutputAndItsCount()
    {
        var request = Request("echo again; exec sleep 1000");
        Directory.CreateDirectory($"{_temp.Path}/x");
        var folder = new Operone.Agent.Shell.ExecutionFolder($"{_temp.Path}/x/{request.ExecutionId:N}");
        folder.Create(request);
        await File.WriteAllTextAsync(folder.Claimed, "", TestContext.Current.CancellationToken);
        // a frame that the power cut has cut short comes after a whole one; the process's number is somebody else's by now
        await File.WriteAllBytesAsync(folder.Output, [1, 4, 0, 0, 0, .. "old\n"u8, 1, 9, 0, 0, 0, .. "half"u8], TestContext.Current.CancellationToken);
        folder.TryWriteNote(new(
            new(7, SupervisedPhase.Running, HealthState.Healthy, DateTimeOffset.UtcNow), 0, null, "another boot", Environment.ProcessId, 1));

        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        await StateAsync(agent.Hub, request, s => s is { Starts: 8, Health: HealthState.Healthy });
        await Eventually.BecomesAsync(() => Task.FromResult(agent.Hub[request.ExecutionId].Text == "old\nagain\n"), "the output", 30);
        agent.All.Cancel(new CancelExecution(request.ExecutionId, 0));
        await agent.EndOfAsync(request.ExecutionId);
    }

    [Fact]
    public async Task Output_WhoseNewestIsKept_GoesOnPastItsLimitAndSaysWhatIsMissing()
    {
        const long Limit = 256 * 1024;
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        var request = Request("seq -f 'line %07.0f' 1 200000; touch $LOG; while [ -e $LOG ]; do sleep 0.1; done; seq -f 'line %07.0f' 200001 400000; echo done; exec sleep 1000")
            with
        { KeepsNewest = true, OutputLimitBytes = Limit };
        var folder = agent.FolderOf(request.ExecutionId);
        agent.All.Start(request);
        // nobody takes it: the device has the newest, and no more than it may
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(_temp["log"])), "all of the first half", 60);
        Assert.InRange(OnDisk(), Limit / 2, Limit * 2);
        await agent.ConnectAsync();
        await Eventually.BecomesAsync(() => Task.FromResult(agent.Hub[request.ExecutionId].Text.EndsWith("line 0200000\n", StringComparison.Ordinal)), "its last line", 60);
        var missing = agent.Hub[request.ExecutionId].Missing;
        Assert.InRange(missing, (200_000 * 13) - (Limit * 2), (200_000 * 13) - (Limit / 2));
        // what is acknowledged goes but for the file that is written to
        await Eventually.BecomesAsync(() => Task.FromResult(Directory.GetFiles(folder.Path, "output*").Length == 1), "one file", 30);

        // another agent goes on where the server is
        agent.Disconnect();
        await using var next = new ExecutionsUnderTest(_temp.Path);
        await next.ConnectAsync(agent.Hub);
        File.Delete(_temp["log"]);
        var stored = agent.Hub[request.ExecutionId];
        await Eventually.BecomesAsync(() => Task.FromResult(stored.Text.EndsWith("line 0400000\ndone\n", StringComparison.Ordinal)), "the last line of all", 60);
        Assert.Equal((400_000 * 13) + 5, stored.Stdout.Length);
        Assert.Equal(stored.Missing, stored.Stdout.Count(b => b == 0) + 0L);
        Assert.Equal("", stored.Errors);
        next.All.Cancel(new CancelExecution(request.ExecutionId, 0));
        Assert.Equal(ExecutionStatus.Cancelled, (await next.EndOfAsync(request.ExecutionId)).End!.Status);
        await next.GoneAsync(request.ExecutionId);

        long OnDisk() => Directory.GetFiles(folder.Path, "output*").Sum(f => new FileInfo(f) is { Exists: true } file ? file.Length : 0);
    }

    [Theory]
    [InlineData("a secret", RestartMode.Always)]
    [InlineData(null, RestartMode.Never)]
    public async Task Host_ThatIsKilledAndCannotBeReplaced_LeavesALostExecutionAndNothingThatRuns(string? secret, RestartMode mode)
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = Request("(setsid sleep 1000 &); trap '' TERM; while :; do sleep 1; done") with
        {
            Masks = secret is null ? null : [secret],
            Supervision = new() { Restart = new() { Mode = mode }, StopGraceSeconds = 0.3 },
        };
        agent.All.Start(request);
        await StateAsync(agent.Hub, request, s => s.Health == HealthState.Healthy);
        Processes.Kill(Processes.Holding(agent.FolderOf(request.ExecutionId).Claimed)!.Value);
        var end = (await agent.EndOfAsync(request.ExecutionId)).End!;
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
        Assert.Equal(ExecutionStatus.Lost, end.Status);
        Assert.EndsWith("What was left of the command was ended.", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lease_WithoutTheServer_EndsTheCommandThoughTheAgentIsDead()
    {
        await using var server = await AgentServer.StartAsync();
        var request = Request("echo run >> $LOG; exec sleep 1000") with { Supervision = new() { LeaseSeconds = 10 } };
        var folder = new Operone.Agent.Shell.ExecutionFolder($"{State}/x/{request.ExecutionId:N}");
        await using (var agent = await AgentUnderTest.EnrolAndRunAsync(server, State))
        {
            await server.Agents.StartExecution(request);
            await StateAsync(server.Shell, request, s => s.Health == HealthState.Healthy);
            // while the server answers, it goes on for longer than the lease
            var first = File.GetLastWriteTimeUtc($"{State}/heard");
            await Eventually.BecomesAsync(() => Task.FromResult(File.GetLastWriteTimeUtc($"{State}/heard") - first > TimeSpan.FromSeconds(11)), "beats", 60);
            Assert.Null(folder.ReadEnd());
            await agent.KillAsync();
        }

        var end = await Eventually.BecomesAsync(() => Task.FromResult(folder.ReadEnd()), "an end", 60);
        Assert.Equal((ExecutionStatus.Failed, "Ended by the device itself: nothing was heard of the server for 10 seconds."), (end.Status, end.Reason));
        Assert.True(SupervisionRules.IsFence(end.Reason));
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
        Assert.Single(await LogAsync(1));
    }

    [Fact]
    public async Task Lease_IsWaitedForBeforeAnythingIsStarted()
    {
        var request = Request("echo run >> $LOG; exec sleep 1000") with { Supervision = new() { LeaseSeconds = 3600 } };
        using var host = HostUnderTest.StartIn(Directory.CreateDirectory($"{_temp.Path}/x").FullName, request);
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(host.Folder.Socket)), "a host that waits", 30);
        // an agent that comes now keeps the lease, though there may be no request any more
        await Eventually.BecomesAsync(() => Task.FromResult(host.Folder.ReadNote() is { LeaseSeconds: 3600, State: { Starts: 0, Phase: SupervisedPhase.Waiting } }), "a note", 30);
        Assert.Empty(Processes.OfExecution(host.Id));
        await File.WriteAllTextAsync(_temp["heard"], "", TestContext.Current.CancellationToken);
        await Eventually.BecomesAsync(() => Task.FromResult(host.Folder.ReadNote() is { State.Health: HealthState.Healthy }), "a start", 30);
        host.Process.Kill();
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var second = host.Start();
        await Eventually.BecomesAsync(() => Task.FromResult(host.Folder.ReadNote() is { State.Phase: SupervisedPhase.Waiting }), "a second host that waits", 30);
        Assert.Empty(Processes.OfExecution(host.Id));
        File.SetLastWriteTimeUtc(_temp["heard"], DateTime.UtcNow);
        await Eventually.BecomesAsync(() => Task.FromResult(host.Folder.ReadNote() is { State: { Starts: 2, Health: HealthState.Healthy } }), "a second start", 30);
        using var link = Operone.Agent.Shell.Hosts.Connect(host.Folder);
        link.Cancel(TimeSpan.Zero);
        await host.EndAsync();
    }

    [Fact]
    public async Task Start_WithASupervisionThatIsNotValid_IsRefusedInWords()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = Request("true") with { Supervision = new() { Health = new() { HttpUrl = "http://example.org/" } } };
        agent.All.Start(request);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(ExecutionStatus.Refused, stored.End!.Status);
        Assert.Contains("supervision.health.httpUrl", stored.End.Reason, StringComparison.Ordinal);
    }

    private StartExecution Request(string command) =>
        HostUnderTest.Request(command) with { Supervision = new() { Restart = new() { PauseSeconds = 0.1 } }, Environment = new Dictionary<string, string> { ["LOG"] = _temp["log"] } };

    private Task<string[]> LogAsync(int lines) => Eventually.BecomesAsync(
        async () => File.Exists(_temp["log"]) && await File.ReadAllLinesAsync(_temp["log"], TestContext.Current.CancellationToken) is { } all && all.Length >= lines ? all : null, $"{lines} lines", 30);

    private static Task<SupervisionState> StateAsync(FakeShellHub hub, StartExecution request, Func<SupervisionState, bool> which) =>
        Eventually.BecomesAsync(
            () => Task.FromResult(hub[request.ExecutionId].Supervision is { } state && which(state) ? state : null),
            () => $"such a state, but {hub[request.ExecutionId].Supervision} and {hub[request.ExecutionId].End}", 30);
}
