using System.Collections.Concurrent;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

public sealed class JobRunsOnSqlite(SqliteFixture fixture) : JobRunTests(fixture), IClassFixture<SqliteFixture>;

public sealed class JobRunsOnPostgres(PostgresFixture fixture) : JobRunTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Runs of jobs: steps, rollouts, retries, pauses, cancels, what is left over, and one at a time.</summary>
public abstract class JobRunTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Run_TwoStepsOnThreeDevices_DoesEachOnceInOrder()
    {
        var mark = Mark("steps");
        var started = new ConcurrentQueue<string>();
        var fleet = await FleetAsync(mark, 3, (i, start) =>
        {
            started.Enqueue($"{i} {start.Command}");
            return Succeeded();
        });
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: one}}, {{command: two}}]\n");
        var run = await RunAsync(mark);
        Assert.Equal(("asked for", 1, 3), (run.Cause, run.Version, run.Devices));
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Succeeded, 3), (ended.Status, ended.Counts["succeeded"]));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal([$"{i} one", $"{i} two"], started.Where(s => s[0] == (char)('0' + i)));
        }

        Assert.Equal(6, started.Count);
        var first = await GetAsync(ended.Steps![0].Runs[0]);
        Assert.Equal("one", first.Command);
        Assert.True((await DevicesAsync(run.Id)).All(d => d.Status == JobDeviceStatus.Succeeded && d.Step == 2));
        await Server.AuditedAsync("job.run", true, run.Id.ToString());
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Run_Parameters_ComeAsVariablesAndArgumentsAndSecretsAreMasked()
    {
        var mark = Mark("param");
        var starts = new ConcurrentQueue<StartExecution>();
        var fleet = await FleetAsync(mark, 1, (_, start) =>
        {
            starts.Enqueue(start);
            return Succeeded();
        });
        await ApplyAsync($$"""
            name: {{mark}}
            target: {selector: fleet={{mark}}}
            parameters:
              - {name: version, default: 1.10}
              - {name: key, type: secret, required: true}
              - {name: empty}
            steps:
              - argv: [deploy, --version, "{{"{{version}}"}}", "{{"{{empty}}"}}"]
                environment: {A: b, PARAM_VERSION: mine}
            """);
        Assert.Contains("parameters.key", (await TryAsync(HttpMethod.Post, $"/api/v1/jobs/{mark}/runs")).Body, StringComparison.Ordinal);
        var run = await RunAsync(mark, new { parameters = new { key = "hunter22", version = "2; rm -rf /" } });
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal(JobRunStatus.Succeeded, ended.Status);
        var start = starts.Single();
        Assert.Equal(["deploy", "--version", "2; rm -rf /"], start.Argv!);
        Assert.Equal(("b", "2; rm -rf /", "hunter22"), (start.Environment!["A"], start.Environment["PARAM_VERSION"], start.Environment["PARAM_KEY"]));
        Assert.Equal(["hunter22"], start.Masks!);
        Assert.Equal("***", ended.Parameters!["key"]);
        foreach (var path in new[] { $"job-runs/{run.Id}", $"runs/{ended.Steps![0].Runs[0]}", "job-runs", "events?limit=100" })
        {
            Assert.DoesNotContain("hunter22", await Server.Owner.GetStringAsync($"/api/v1/{path}", Cancelled), StringComparison.Ordinal);
        }

        await EndAsync(fleet);
    }

    [Fact]
    public async Task Rollout_FailureInABatch_StopsAndRetryDoesTheRestAlone()
    {
        var mark = Mark("stop");
        var (started, isBroken) = (new ConcurrentQueue<int>(), true);
        var fleet = await FleetAsync(mark, 7, (i, _) =>
        {
            started.Enqueue(i);
            return i == 2 && isBroken ? Failed(3) : Succeeded();
        });
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nrollout: {{canary: 1, batch: 2}}\nsteps: [{{command: x}}]\n");
        var run = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.Failed, "stopped after 1 of 7 devices failed"), (run.Status, run.Reason));
        Assert.Equal((2, 1, 4), (run.Counts["succeeded"], run.Counts["failed"], run.Counts["not-started"]));
        Assert.Equal([0, 1, 2], started.Order());
        Assert.Contains("Exited with code 3", (await DevicesAsync(run.Id))[2].Reason, StringComparison.Ordinal);
        isBroken = false;
        started.Clear();
        var again = await ActAsync(run.Id, "retry");
        Assert.Equal((run.Id, 5), (again.RetryOf!.Value, again.Devices));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(again.Id, 60)).Status);
        Assert.Equal([2, 3, 4, 5, 6], started.Order());
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{again.Id}/retry")).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Rollout_AtOnce_HasNoMoreAtWork()
    {
        var mark = Mark("atonce");
        var (open, most) = (0, 0);
        var fleet = await FleetAsync(mark, 6, (_, _) => null);
        foreach (var agent in fleet)
        {
            agent.OnStart = async start =>
            {
                var now = Interlocked.Increment(ref open);
                InterlockedMax(ref most, now);
                await agent.ReportAsync(Report(start.ExecutionId, null));
                Interlocked.Decrement(ref open);
                await agent.ReportAsync(Report(start.ExecutionId, Succeeded()));
            };
        }

        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nrollout: {{atOnce: 2}}\nsteps: [{{command: x}}, {{command: y}}]\n");
        var run = await RunAsync(mark);
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
        Assert.InRange(most, 1, 2);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Step_ThatFails_IsTriedAgainAsOftenAsItSays()
    {
        var mark = Mark("retries");
        var tries = 0;
        var fleet = await FleetAsync(mark, 1, (_, _) => Interlocked.Increment(ref tries) < 3 ? Failed() : Succeeded());
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nretries: {{count: 2, pause: 10ms}}\nsteps: [{{command: x}}]\n");
        var run = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.Succeeded, 3, 3), (run.Status, tries, run.Steps![0].Runs.Count));
        tries = -10;
        var failed = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.Failed, -7), (failed.Status, tries));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Pause_NothingNewBegins_ResumeGoesOn()
    {
        var mark = Mark("pause");
        var fleet = await FleetAsync(mark, 2, (_, _) => null);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nrollout: {{batch: 1}}\nsteps: [{{command: x}}]\n");
        var run = await RunAsync(mark);
        var start = await StartedAsync(fleet[0]);
        Assert.NotNull((await ActAsync(run.Id, "pause")).PausedAt);
        await fleet[0].ReportAsync(Report(start.ExecutionId, Succeeded()));
        await BecomesAsync(run.Id, r => r.Batch == 2, "the second batch's turn");
        Assert.False(fleet[1].Starts.Reader.TryRead(out _));
        Assert.Null((await ActAsync(run.Id, "resume")).PausedAt);
        await fleet[1].ReportAsync(Report((await StartedAsync(fleet[1])).ExecutionId, Succeeded()));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Cancel_InTheMiddle_EndsWhatRunsAndBeginsNothing()
    {
        var mark = Mark("cancel");
        var fleet = await FleetAsync(mark, 2, (_, _) => null);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nrollout: {{batch: 1}}\nsteps: [{{command: x}}]\n");
        var run = await RunAsync(mark);
        var start = await StartedAsync(fleet[0]);
        await ActAsync(run.Id, "cancel");
        Assert.Equal(start.ExecutionId, (await fleet[0].Cancels.Reader.ReadAsync(Cancelled)).ExecutionId);
        await fleet[0].ReportAsync(Report(start.ExecutionId, new(ExecutionStatus.Cancelled, 143, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Cancelled, 1, 1), (ended.Status, ended.Counts["cancelled"], ended.Counts["not-started"]));
        Assert.False(fleet[1].Starts.Reader.TryRead(out _));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Timeout_OfTheWhole_EndsItAsTimedOut()
    {
        var mark = Mark("timeout");
        var fleet = await FleetAsync(mark, 1, (_, _) => null);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\ntimeout: 200ms\nsteps: [{{command: x}}]\n");
        var run = await RunAsync(mark);
        var cancel = await fleet[0].Cancels.Reader.ReadAsync(Cancelled);
        await fleet[0].ReportAsync(Report(cancel.ExecutionId, new(ExecutionStatus.Cancelled, 143, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        Assert.Equal(JobRunStatus.TimedOut, (await JobRunAsync(run.Id, 60)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Concurrency_Forbid_RefusesTheSecondAndReplaceEndsTheFirst()
    {
        var mark = Mark("conc");
        var fleet = await FleetAsync(mark, 1, (_, _) => null);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nconcurrency: forbid\nsteps: [{{command: x}}]\n");
        var first = await RunAsync(mark);
        var start = await StartedAsync(fleet[0]);
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/jobs/{mark}/runs")).Status);
        await fleet[0].ReportAsync(Report(start.ExecutionId, Succeeded()));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(first.Id, 60)).Status);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nconcurrency: replace\nsteps: [{{command: x}}]\n");
        var second = await RunAsync(mark);
        var running = await StartedAsync(fleet[0]);
        var third = await RunAsync(mark);
        await fleet[0].Cancels.Reader.ReadAsync(Cancelled);
        Assert.False(fleet[0].Starts.Reader.TryRead(out _));
        await fleet[0].ReportAsync(Report(running.ExecutionId, new(ExecutionStatus.Cancelled, 143, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        await fleet[0].ReportAsync(Report((await StartedAsync(fleet[0])).ExecutionId, Succeeded()));
        Assert.Equal(JobRunStatus.Cancelled, (await JobRunAsync(second.Id, 60)).Status);
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(third.Id, 60)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Run_OfflineDevice_GetsItWhenItComesAndARemovedOneFails()
    {
        var mark = Mark("offline");
        await using var late = await Server.EnrollAsync($"{mark}-late", new() { ["fleet"] = mark });
        await using var gone = await Server.EnrollAsync($"{mark}-gone", new() { ["fleet"] = mark });
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        var run = await RunAsync(mark);
        await BecomesAsync(run.Id, r => r.Counts.GetValueOrDefault("running") == 2, "both waiting");
        await Server.Owner.DoAsync(HttpMethod.Delete, $"/api/v1/devices/{gone.Name}");
        late.OnStart = start => late.ReportAsync(Report(start.ExecutionId, Succeeded()));
        await late.ConnectAsync();
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Failed, 1, 1), (ended.Status, ended.Counts["succeeded"], ended.Counts["failed"]));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
