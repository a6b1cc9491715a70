using System.Runtime.Versioning;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

/// <summary>An agent's executions with real hosts and a server that does as the test says.</summary>
[SupportedOSPlatform("linux")]
public sealed class ExecutionsTests : IDisposable
{
    private const string Numbers = "i=0; while [ $i -lt 40 ]; do seq 1000; i=$((i+1)); sleep 0.02; done";

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Start_OfAShortCommand_IsAFewReportsAndLeavesNoFolder()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var first = ExecutionsUnderTest.Request("true"); // its host has to start
        agent.All.Start(first);
        await agent.EndOfAsync(first.ExecutionId);
        await agent.GoneAsync(first.ExecutionId);

        var request = ExecutionsUnderTest.Request("echo hello");
        agent.All.Start(request);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(("hello\n", ExecutionStatus.Succeeded), (stored.Text, stored.End!.Status));
        Assert.NotNull(stored.StartedAt);
        Assert.InRange(stored.Reports, 1, 3); // its start, its output and its end may each be told alone
        await agent.GoneAsync(request.ExecutionId);
    }

    [Fact]
    public async Task Folder_UsedAgain_ShowsNothingOfTheLastExecution()
    {
        await using (var agent = new ExecutionsUnderTest(_temp.Path))
        {
            await agent.ConnectAsync();
            (string, string, int)[] four = [("echo long; sleep 0.1; seq 1000 >&2", "long\n", 0), ("true", "", 0), ("echo x; exit 3", "x\n", 3), ("sleep 0.1", "", 0)];

            // a folder that its host still holds when it is to be kept is deleted instead: on a busy machine that may be any of them
            for (var round = 0; round < 10 && (round == 0 || Directory.GetDirectories($"{_temp.Path}/x").Length == 0); round++)
            {
                foreach (var (command, text, code) in four)
                {
                    var request = ExecutionsUnderTest.Request(command);
                    agent.All.Start(request);
                    var stored = await agent.EndOfAsync(request.ExecutionId);
                    Assert.Equal((text, code), (stored.Text, stored.End!.ExitCode));
                    await agent.GoneAsync(request.ExecutionId);
                }
            }

            Assert.NotEmpty(Directory.GetDirectories($"{_temp.Path}/x"));
        }

        await using var next = new ExecutionsUnderTest(_temp.Path);
        Assert.Empty(next.All.Inventory().ExecutionIds);
        Assert.Empty(Directory.GetDirectories($"{_temp.Path}/x"));
    }

    [Fact]
    public async Task Start_Twice_RunsOnceAlsoAfterItsEnd()
    {
        var request = ExecutionsUnderTest.Request($"echo run >> {_temp["count"]}; sleep 0.2");
        await using (var agent = new ExecutionsUnderTest(_temp.Path))
        {
            await agent.ConnectAsync();
            agent.All.Start(request);
            agent.All.Start(request);
            await agent.EndOfAsync(request.ExecutionId);
            await agent.GoneAsync(request.ExecutionId);
            agent.All.Start(request);
            Assert.Equal(0, agent.All.Count);
        }

        await using var next = new ExecutionsUnderTest(_temp.Path);
        next.All.Start(request);
        Assert.Equal(0, next.All.Count);
        Assert.Equal("run\n", await File.ReadAllTextAsync(_temp["count"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Start_ThatIsNotValid_IsRefusedInWords()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request("true") with { Argv = ["true"], TimeoutSeconds = -1 };
        agent.All.Start(request);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(ExecutionStatus.Refused, stored.End!.Status);
        Assert.Contains("command and argv", stored.End.Reason, StringComparison.Ordinal);
        Assert.Contains("timeoutSeconds", stored.End.Reason, StringComparison.Ordinal);
        await agent.GoneAsync(request.ExecutionId);
    }

    [Fact]
    public async Task Start_WhereTheFolderCannotBeMade_IsRefusedInWords()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request("true");
        await File.WriteAllTextAsync(agent.PathOf(request.ExecutionId), "in the way", TestContext.Current.CancellationToken);
        agent.All.Start(request);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(ExecutionStatus.Refused, stored.End!.Status);
        Assert.Contains("could not store the request", stored.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_OfAnUnknownExecution_EndsItAndItsLateStartDoesNothing()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request($"touch {_temp["ran"]}");
        agent.All.Cancel(new CancelExecution(request.ExecutionId));
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(ExecutionStatus.Cancelled, stored.End!.Status);
        await agent.GoneAsync(request.ExecutionId);
        agent.All.Start(request);
        Assert.Equal(0, agent.All.Count);
        Assert.False(File.Exists(_temp["ran"]));
    }

    [Fact]
    public async Task Cancel_OfARunningExecution_EndsItsTree()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request("(setsid sleep 1000 &); echo up; sleep 1000");
        agent.All.Start(request);
        await Eventually.BecomesAsync(() => Task.FromResult(agent.Hub[request.ExecutionId].Text == "up\n"), "output", 30);
        agent.All.Cancel(new CancelExecution(request.ExecutionId));
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(ExecutionStatus.Cancelled, stored.End!.Status);
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
    }

    [Fact]
    public async Task Output_WithoutAcknowledgement_StopsAtTheWindow()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync(acknowledge: false);
        var request = ExecutionsUnderTest.Request("head -c 12000000 /dev/zero");
        agent.All.Start(request);
        await Eventually.BecomesAsync(() => Task.FromResult(agent.FolderOf(request.ExecutionId).ReadEnd()), "an end on disk", 30);
        await Eventually.BecomesAsync(
            () => Task.FromResult(agent.Hub[request.ExecutionId].Stdout.Length > ProtocolVersion.WindowBytes - ProtocolVersion.MaxReportBytes), "a full window", 30);
        Assert.InRange(agent.Hub[request.ExecutionId].Stdout.Length, 1, ProtocolVersion.WindowBytes);
        Assert.Null(agent.Hub[request.ExecutionId].End);

        agent.Hub.Acknowledge = agent.All.Acknowledge;
        agent.All.Acknowledge(agent.Hub[request.ExecutionId].Acknowledgement(request.ExecutionId));
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal(12_000_000, stored.Stdout.Length);
    }

    [Fact]
    public async Task Output_ToldToRewind_IsSentAgainFromThere()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        var request = ExecutionsUnderTest.Request(Numbers);
        var refused = 0;
        agent.Hub.Instead = report =>
        {
            // the third piece does not fit: something before it was lost
            if (report.Output is null || ++refused != 3)
            {
                return false;
            }

            var stored = agent.Hub[report.ExecutionId];
            stored.CutTo(1234);
            agent.All.Acknowledge(stored.Acknowledgement(report.ExecutionId) with { Rewind = true });
            return true;
        };
        await agent.ConnectAsync();
        agent.All.Start(request);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.True(refused > 3);
        Assert.Equal(NumbersText(), stored.Text);
    }

    [Fact]
    public async Task Connection_LostInMidOutput_GoesOnWhereTheServerStands()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        var request = ExecutionsUnderTest.Request($"{Numbers}; until [ -e {_temp["go"]} ]; do sleep 0.05; done; echo over");
        agent.All.Start(request);
        var server = new FakeShellHub();
        for (var i = 0; i < 5; i++)
        {
            var before = server[request.ExecutionId].Stdout.Length;
            await agent.ConnectAsync(server);
            await Eventually.BecomesAsync(() => Task.FromResult(server[request.ExecutionId].Stdout.Length > before), "more output", 30);
            agent.Disconnect();
            server[request.ExecutionId].CutTo(Math.Max(0, server[request.ExecutionId].Stdout.Length - 500));
        }

        await agent.ConnectAsync(server);
        await File.WriteAllTextAsync(_temp["go"], "", TestContext.Current.CancellationToken);
        Assert.Equal($"{NumbersText()}over\n", (await agent.EndOfAsync(request.ExecutionId)).Text);
    }

    [Fact]
    public async Task Agent_ThatIsReplaced_FollowsWhatRuns()
    {
        var request = ExecutionsUnderTest.Request($"echo run >> {_temp["count"]}; {Numbers}");
        var server = new FakeShellHub();
        await using (var first = new ExecutionsUnderTest(_temp.Path))
        {
            await first.ConnectAsync(server);
            first.All.Start(request);
            await Eventually.BecomesAsync(() => Task.FromResult(server[request.ExecutionId].Stdout.Length > 10_000), "output", 30);
            first.All.Disconnect();
        }

        await using var second = new ExecutionsUnderTest(_temp.Path);
        await second.ConnectAsync(server);
        Assert.Equal(NumbersText(), (await second.EndOfAsync(request.ExecutionId)).Text);
        Assert.Equal("run\n", await File.ReadAllTextAsync(_temp["count"], TestContext.Current.CancellationToken));
        await second.GoneAsync(request.ExecutionId);
    }

    [Fact]
    public async Task Host_ThatIsKilled_LeavesALostExecutionWithItsOutput()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request("echo before; sleep 1000");
        agent.All.Start(request);
        await Eventually.BecomesAsync(() => Task.FromResult(agent.Hub[request.ExecutionId].Text == "before\n"), "output", 30);
        Processes.Kill(Processes.Holding(agent.FolderOf(request.ExecutionId).Claimed)!.Value);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.Equal((ExecutionStatus.Lost, (int?)null), (stored.End!.Status, stored.End.ExitCode));
        Assert.Contains("host process ended", stored.End.Reason, StringComparison.Ordinal);
        Assert.Equal("before\n", stored.Text);
        foreach (var pid in Processes.OfExecution(request.ExecutionId))
        {
            Processes.Kill(pid);
        }
    }

    [Fact]
    public async Task Folder_ClaimedByNobodyAlive_IsLost()
    {
        var request = ExecutionsUnderTest.Request($"touch {_temp["ran"]}");
        var folder = new Operone.Agent.Shell.ExecutionFolder($"{_temp.Path}/x/{request.ExecutionId:N}");
        Directory.CreateDirectory($"{_temp.Path}/x");
        folder.Create(request);
        await File.WriteAllTextAsync(folder.Claimed, "", TestContext.Current.CancellationToken);

        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        Assert.Equal(ExecutionStatus.Lost, (await agent.EndOfAsync(request.ExecutionId)).End!.Status);
        Assert.False(File.Exists(_temp["ran"]));
    }

    [Fact]
    public async Task Folder_ClaimedByNobody_IsStarted()
    {
        var request = ExecutionsUnderTest.Request("echo started");
        Directory.CreateDirectory($"{_temp.Path}/x/not-an-execution");
        new Operone.Agent.Shell.ExecutionFolder($"{_temp.Path}/x/{request.ExecutionId:N}").Create(request);
        Directory.CreateDirectory($"{_temp.Path}/x/{Guid.NewGuid():N}"); // an agent died while it made this one

        await using var agent = new ExecutionsUnderTest(_temp.Path);
        Assert.Equal([request.ExecutionId], agent.All.Inventory().ExecutionIds);
        await agent.ConnectAsync();
        Assert.Equal("started\n", (await agent.EndOfAsync(request.ExecutionId)).Text);
    }

    [Fact]
    public async Task Execution_ThatTheServerDoesNotWant_IsEndedAndDeleted()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        agent.Hub.Instead = report =>
        {
            agent.All.Acknowledge(new ExecutionAcknowledgement(report.ExecutionId, 0, 0, false, Problem: "it is not yours"));
            return true;
        };
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request("echo up; sleep 1000");
        agent.All.Start(request);
        await agent.GoneAsync(request.ExecutionId);
        Assert.Empty(Processes.OfExecution(request.ExecutionId));
    }

    [Fact]
    public async Task Hosts_ThatCannotBeStarted_AreTriedAgainAndThenTheExecutionFails()
    {
        var starter = new FailingHostStarter();
        await using var agent = new ExecutionsUnderTest(_temp.Path, starter);
        await agent.ConnectAsync();
        var request = ExecutionsUnderTest.Request("true");
        agent.All.Start(request);
        var stored = await agent.EndOfAsync(request.ExecutionId);
        Assert.True(starter.Calls > 1);
        Assert.Equal((ExecutionStatus.Failed, "The device could not start a process: no more processes."), (stored.End!.Status, stored.End.Reason));
    }

    [Fact]
    public async Task Executions_ManyAtOnce_AllEndWithTheirOutput()
    {
        await using var agent = new ExecutionsUnderTest(_temp.Path);
        await agent.ConnectAsync();
        var requests = Enumerable.Range(0, 40).Select(i => ExecutionsUnderTest.Request($"echo {i}")).ToList();
        requests.ForEach(agent.All.Start);
        for (var i = 0; i < requests.Count; i++)
        {
            Assert.Equal($"{i}\n", (await agent.EndOfAsync(requests[i].ExecutionId)).Text);
        }
    }

    private static string NumbersText() => string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Range(1, 1000).Select(n => $"{n}\n")), 40));

    private sealed class FailingHostStarter : Operone.Agent.Platforms.IHostStarter
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public System.Net.Sockets.Socket? StartWaiting()
        {
            Interlocked.Increment(ref _calls);
            throw new IOException("The device could not start a process: no more processes.");
        }

        public void StartFor(string folder) => throw new NotSupportedException();
    }
}
