using System.Collections.Concurrent;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

public sealed class JobPlacementOnSqlite(SqliteFixture fixture) : JobPlacementTests(fixture), IClassFixture<SqliteFixture>;

public sealed class JobPlacementOnPostgres(PostgresFixture fixture) : JobPlacementTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Jobs for which Operone chooses the devices. A device of the tests has 2 processors, 1 GiB of memory and 8 GiB of disk.</summary>
public abstract class JobPlacementTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Job_OnAnyOne_GoesToOneDevice_KeepsWhatItNeedsFromStepToStep_AndEndsItsReservation()
    {
        var mark = Mark("anyone");
        var starts = new ConcurrentQueue<(int Device, StartExecution Start)>();
        var fleet = await SizedAsync(mark, 2, (i, start) =>
        {
            starts.Enqueue((i, start));
            return start.Command == "one" ? Succeeded() : null;
        });
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 0.5, memory: 256MiB}}", "[{command: one}, {command: two}]"));
        var run = await RunAsync(mark);
        await EventuallyAsync(() => Task.FromResult(starts.Count == 2), "the second step began");
        Assert.Equal(["one", "two"], starts.Select(s => s.Start.Command));
        var device = Assert.Single(starts.Select(s => s.Device).Distinct());
        Assert.All(starts, s => Assert.Equal(new SandboxLimits(CpuCores: 0.5, MemoryBytes: 256L << 20), s.Start.Sandbox!.Limits));

        var placed = await JobRunAsync(run.Id);
        Assert.Equal((JobRunStatus.Running, 1, PlacementState.Placed), (placed.Status, placed.Devices, placed.Placement!.State));
        Assert.Equal([true, false], placed.Placement.Devices.Select(d => d.Chosen));
        Assert.Equal(new Resources(500, 256L << 20), (await ResourcesAsync($"{mark}-{device}")).Reserved);
        var held = Assert.Single((await Server.Owner.GetFromJsonAsync<Page<ReservationView>>($"/api/v1/resources/reservations?device={mark}-{device}", Cancelled))!.Items);
        Assert.Equal((run.Id, null, mark, "running"), (held.JobRunId, held.RunId, held.For, held.Status));

        await fleet[device].ReportAsync(Report(starts.Last().Start.ExecutionId, Succeeded()));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
        Assert.Equal((Resources.None, 0), (await ResourcesAsync($"{mark}-{device}") is var after ? after.Reserved : null, after.Reservations));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_WithoutRoom_WaitsWithTheReason_AndRunsWhenAnotherHasEnded()
    {
        var mark = Mark("room");
        var open = new ConcurrentQueue<StartExecution>();
        var fleet = await SizedAsync(mark, 1, (_, start) =>
        {
            open.Enqueue(start);
            return null;
        });
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 1.5}}"));
        var (first, second) = (await RunAsync(mark), await RunAsync(mark));
        await EventuallyAsync(() => Task.FromResult(!open.IsEmpty), "one of them began");
        var waits = await EventuallyAsync(async () => (await JobRunAsync(first.Id)).Placement is { State: PlacementState.Waiting, Devices.Count: > 0 } ? first
            : (await JobRunAsync(second.Id)).Placement is { State: PlacementState.Waiting, Devices.Count: > 0 } ? second : null, "the other one knows why it waits", 30);
        var view = await JobRunAsync(waits.Id);
        Assert.Equal((JobRunStatus.Waiting, 1), (view.Status, view.Devices));
        Assert.Contains("1 short of CPU", view.Reason, StringComparison.Ordinal);
        Assert.Equal("needs 1.5 CPU; 0.5 of 2 free", view.Placement!.Devices.Single().Why);
        Assert.Contains((await Server.Owner.GetFromJsonAsync<Page<JobRunView>>("/api/v1/job-runs?status=waiting", Cancelled))!.Items, r => r.Id == waits.Id && r.Reason == view.Reason);

        Assert.True(open.TryDequeue(out var one));
        await fleet[0].ReportAsync(Report(one.ExecutionId, Succeeded()));
        await EventuallyAsync(() => Task.FromResult(!open.IsEmpty), "the other one began");
        Assert.True(open.TryDequeue(out var two));
        await fleet[0].ReportAsync(Report(two.ExecutionId, Succeeded()));
        Assert.Equal((JobRunStatus.Succeeded, null), (await JobRunAsync(waits.Id, 60) is var ended ? ended.Status : default, ended.Reason));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_ThatWaitsForRoom_CanBeCancelled_IsGivenUpInTime_AndIsTriedAgainWhole()
    {
        var mark = Mark("nowhere");
        var fleet = await SizedAsync(mark, 1);
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 99}}"));
        var run = await RunAsync(mark);
        await BecomesAsync(run.Id, r => r.Placement!.Devices.Count > 0, "known why it waits");
        await ActAsync(run.Id, "cancel");
        var cancelled = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Cancelled, PlacementState.Ended), (cancelled.Status, cancelled.Placement!.State));

        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 99}}") + "limits: {wait: 300ms}\n");
        var late = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.TimedOut, PlacementState.Ended), (late.Status, late.Placement!.State));
        Assert.StartsWith("there was no room within 300ms", late.Reason, StringComparison.Ordinal);
        var again = await ActAsync(late.Id, "retry");
        Assert.Equal((late.Id, 1), (again.RetryOf!.Value, again.Devices));
        Assert.Equal(JobRunStatus.TimedOut, (await JobRunAsync(again.Id, 60)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Retry_OfAJobOnTwoOfThree_ChoosesAsManyAsFailed_AmongThoseThatHaveNotDoneIt()
    {
        var mark = Mark("again");
        var isBroken = true;
        var ran = new ConcurrentQueue<int>();
        var fleet = await SizedAsync(mark, 3, (i, _) =>
        {
            ran.Enqueue(i);
            return isBroken && ran.First() == i ? Failed() : Succeeded();
        });
        await ApplyAsync(Yaml(mark, "{count: 2}"));
        var run = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.Failed, 2, 1, 1), (run.Status, run.Devices, run.Counts["failed"], run.Counts["succeeded"]));
        var done = (await DevicesAsync(run.Id)).Single(d => d.Status == JobDeviceStatus.Succeeded).DeviceName;
        isBroken = false;
        var again = await JobRunAsync((await ActAsync(run.Id, "retry")).Id, 60);
        Assert.Equal((JobRunStatus.Succeeded, 1), (again.Status, again.Devices));
        Assert.NotEqual(done, (await DevicesAsync(again.Id)).Single().DeviceName);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Approval_OfAJobThatIsPlaced_IsAskedForWhatWasChosen_WhichIsHeldUntilThen()
    {
        var mark = Mark("chosen");
        var fleet = await SizedAsync(mark, 3);
        await ApplyAsync(Yaml(mark, "{count: 2, needs: {cpu: 1}}") + "approval: {message: look}\n");
        var run = await RunAsync(mark);
        var asked = await BecomesAsync(run.Id, r => r.Status == JobRunStatus.Approval, "waiting for a yes");
        var approval = Assert.Single(asked.Approvals!);
        Assert.Equal((2, 2), (approval.Devices, asked.Devices));
        var names = (await DevicesAsync(run.Id)).Select(d => d.DeviceName).ToArray();
        foreach (var name in names)
        {
            Assert.Equal(1000, (await ResourcesAsync(name)).Reserved.CpuMillis);
        }

        // one more that could have been chosen changes nothing
        await using var more = await Server.ConnectAsync($"{mark}-more", new() { ["fleet"] = mark });
        using var other = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
        await other.SendAsync<ApprovalView>(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash });
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
        Assert.Equal(names, (await DevicesAsync(run.Id)).Where(d => d.Status == JobDeviceStatus.Succeeded).Select(d => d.DeviceName));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_ThatReplacesItself_TakesTheRoomOfTheOneThatItEnds()
    {
        var mark = Mark("instead");
        var fleet = await SizedAsync(mark, 1, (_, start) => start.Command == "old" ? null : Succeeded());
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 2}}", "[{command: old}]") + "concurrency: replace\n");
        var first = await RunAsync(mark);
        await BecomesAsync(first.Id, r => r.Counts.ContainsKey("running"), "running");
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 2}}", "[{command: new}]") + "concurrency: replace\n");
        var second = await RunAsync(mark);
        var cancel = await fleet[0].Cancels.Reader.ReadAsync(Cancelled);
        Assert.Equal(JobRunStatus.Waiting, (await JobRunAsync(second.Id)).Status);
        await fleet[0].ReportAsync(Report(cancel.ExecutionId, new(ExecutionStatus.Cancelled, null, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(second.Id, 60)).Status);
        Assert.Equal(JobRunStatus.Cancelled, (await JobRunAsync(first.Id, 60)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Jobs_ManyAtOnce_WithRunsBeside_NeverTakeMoreThanThereIs_AndAllGetTheirTurn()
    {
        var mark = Mark("crowd");
        var (open, most) = (new int[2], 0);
        var fleet = await SizedAsync(mark, 2, (_, _) => null);
        for (var i = 0; i < fleet.Length; i++)
        {
            var (index, agent) = (i, fleet[i]);
            agent.OnStart = async start =>
            {
                most = Math.Max(most, Interlocked.Increment(ref open[index]));
                await Task.Yield();
                Interlocked.Decrement(ref open[index]);
                await agent.ReportAsync(Report(start.ExecutionId, Succeeded()));
            };
        }

        // each device has room for two of them
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 0.9}}"));
        var jobs = Enumerable.Range(0, 10).Select(_ => RunAsync(mark));
        var runs = Enumerable.Range(0, 6).Select(_ => Server.Owner.SendAsync<RunView>(
            HttpMethod.Post, "/api/v1/runs", new { command = "true", target = new { selector = $"fleet={mark}" }, placement = new { count = 1, needs = new { cpuMillis = 900 } } }));
        var (ofJobs, ofRuns) = (await Task.WhenAll(jobs), await Task.WhenAll(runs));
        foreach (var job in ofJobs)
        {
            Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(job.Id, 60)).Status);
        }

        foreach (var run in ofRuns)
        {
            await EventuallyAsync(async () => (await GetAsync(run.Id)).Status == RunStatus.Succeeded, "the run succeeded");
        }

        Assert.InRange(most, 1, 2);
        for (var i = 0; i < fleet.Length; i++)
        {
            Assert.Equal(Resources.None, (await ResourcesAsync($"{mark}-{i}")).Reserved);
        }

        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_ThatWaitsForRoom_IsSeenByWhoAskedForIt_AndNotByOthersOnOtherDevices()
    {
        var mark = Mark("mine");
        var fleet = await SizedAsync(mark, 1);
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 99}}"));
        using var mine = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator, $"fleet={mark}"));
        using var theirs = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator, "fleet=elsewhere"));
        var run = await RunAsync(mark, by: mine);
        Assert.Equal(200, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/job-runs/{run.Id}", by: mine)).Status);
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/job-runs/{run.Id}", by: theirs)).Status);
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{run.Id}/cancel", by: theirs)).Status);
        Assert.Equal(200, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{run.Id}/cancel", by: mine)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_OfSomebodyElse_IsNeitherEndedNorTriedAgainByWhoMayRunOnOneOfItsDevicesAlone()
    {
        var mark = Mark("theirs");
        var fleet = await FleetAsync(mark, 1);
        await using var own = await Server.ConnectAsync($"{mark}-own", new() { ["fleet"] = mark, ["own"] = mark });
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.JobsRun, Permissions.DevicesRead);
        var sees = await Server.Owner.MakeRoleAsync($"{mark}-sees", Permissions.JobsRead);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person, $"own={mark}");
        await Server.Owner.GiveAsync(sees.Name, person, "");
        using var other = await Server.ClientAsync(person);
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 99}}") + "parameters: [{name: key, type: secret}]\n");
        var run = await RunAsync(mark, new { parameters = new { key = "hunter22" } });
        Assert.Equal(200, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/job-runs/{run.Id}", by: other)).Status);
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{run.Id}/cancel", by: other)).Status);
        await ActAsync(run.Id, "cancel");
        await JobRunAsync(run.Id, 60);
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{run.Id}/retry", by: other)).Status);
        await Server.AuditedAsync("job-run.retry", false, run.Id.ToString());

        // what a schedule runs in somebody else's name is not written by them either
        await Server.Owner.GiveAsync((await Server.Owner.MakeRoleAsync($"{mark}-writes", Permissions.JobsManage)).Name, person, $"fleet={mark}");
        await Server.Owner.SendAsync<SavedSchedule>(HttpMethod.Post, "/api/v1/schedules", new SaveSchedule { Name = mark, Job = mark, Cron = "0 0 1 1 *" });
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", Yaml(mark, "{}", "[{command: steal}]"), other)).Status);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_OnNamedDevices_OneOfWhichIsRemovedWhileItWaits_TakesAnother()
    {
        var mark = Mark("named");
        await using var gone = await Server.EnrollAsync($"{mark}-gone");
        await using var late = await Server.EnrollAsync($"{mark}-late");
        late.OnStart = start => late.ReportAsync(Report(start.ExecutionId, Succeeded()));
        await ApplyAsync($"name: {mark}\ntarget: {{devices: [{mark}-gone, {mark}-late]}}\nplacement: {{count: 1}}\nsteps: [{{command: x}}]\n");
        var run = await RunAsync(mark);
        await BecomesAsync(run.Id, r => r.Reason?.Contains("2 not connected", StringComparison.Ordinal) == true, "known why it waits");
        using var removed = await Server.Owner.DeleteAsync(new Uri($"/api/v1/devices/{mark}-gone", UriKind.Relative), Cancelled);
        Assert.True(removed.IsSuccessStatusCode, $"{removed.StatusCode}");
        await late.ConnectAsync();
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
        Assert.Equal($"{mark}-late", Assert.Single(await DevicesAsync(run.Id)).DeviceName);
    }

    [Fact]
    public async Task Job_WhoseLastStepIsDoneOnceForAll_GivesItsRoomBackBeforeThat()
    {
        var mark = Mark("trailing");
        var held = new ConcurrentQueue<StartExecution>();
        var fleet = await SizedAsync(mark, 1, (_, start) =>
        {
            if (start.Command == "child")
            {
                held.Enqueue(start);
                return null;
            }

            return Succeeded();
        });
        await ApplyAsync(Yaml($"{mark}-child", "{count: 1, needs: {cpu: 2}}", "[{command: child}]").Replace($"target: {{selector: fleet={mark}-child}}\n", "", StringComparison.Ordinal));
        await ApplyAsync(Yaml(mark, "{count: 1, needs: {cpu: 2}}", $"[{{command: x}}, {{job: {{name: {mark}-child}}, retries: {{count: 3, pause: 100ms}}}}]"));
        var run = await RunAsync(mark);
        await EventuallyAsync(() => Task.FromResult(!held.IsEmpty), "what it called has the room that it had");

        // somebody ends what it called: it is not tried again
        var call = (await JobRunAsync(run.Id)).Steps![1].Call!;
        await ActAsync(call.Id, "cancel");
        await fleet[0].Cancels.Reader.ReadAsync(Cancelled);
        await fleet[0].ReportAsync(Report(held.Single().ExecutionId, new(ExecutionStatus.Cancelled, null, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Failed, 1), (ended.Status, ended.Steps![1].Call!.Attempt));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Apply_PlacementThatIsWrong_IsToldByItsPlace()
    {
        Assert.Contains("placement.count", (await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", Yaml(Mark("none"), "{count: 0}"))).Body, StringComparison.Ordinal);
        var (status, body) = await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", Yaml(Mark("wrong"), "{needs: {cpu: much, memory: 1KiB}, prefer: ['a in']}"));
        Assert.Equal(400, (int)status);
        foreach (var place in new[] { "placement.needs.cpu", "placement.needs.memory", "placement.prefer" })
        {
            Assert.Contains(place, body, StringComparison.Ordinal);
        }
    }

    private static string Yaml(string mark, string placement, string steps = "[{command: x}]") =>
        $"name: {mark}\ntarget: {{selector: fleet={mark}}}\nplacement: {placement}\nsteps: {steps}\n";

    private async Task<DeviceResourcesView> ResourcesAsync(string name) =>
        (await Server.Owner.GetFromJsonAsync<Page<DeviceResourcesView>>("/api/v1/resources?limit=500", Cancelled))!.Items.Single(d => d.Name == name);

    private async Task<FakeAgent[]> SizedAsync(string mark, int count, Func<int, StartExecution, ExecutionEnd?>? answer = null)
    {
        var fleet = await FleetAsync(mark, count, answer);
        foreach (var agent in fleet)
        {
            await EventuallyAsync(async () => (await ResourcesAsync(agent.Name)).Capacity is not null, $"it is known what {agent.Name} has");
        }

        return fleet;
    }
}
