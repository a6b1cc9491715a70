using System.Collections.Concurrent;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Schedules;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Schedules;

public sealed class MaintenanceWindowsOnSqlite(SqliteFixture fixture) : MaintenanceWindowTests(fixture), IClassFixture<SqliteFixture>;

public sealed class MaintenanceWindowsOnPostgres(PostgresFixture fixture) : MaintenanceWindowTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Maintenance windows: what schedules do with devices on which they may not work, and who may write one.</summary>
public abstract class MaintenanceWindowTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Device_OutsideItsWindow_IsWorkedOnOnceItOpens_AndOthersAtOnce()
    {
        var mark = Mark("window");
        var fleet = await FleetAsync(mark, 1);
        await using var held = await HeldAsync(mark);
        await ScheduleAsync(mark, OutsidePolicy.Wait);
        var window = new SaveMaintenanceWindow { Name = mark, Selector = $"held={mark}", At = DateTimeOffset.UtcNow.AddHours(1), Duration = "1h" };
        await WindowAsync(window);

        var first = await FireAsync(mark);
        var run = await JobRunAsync(first.JobRunId!.Value, 60);
        Assert.Equal((JobRunStatus.Succeeded, 1), (run.Status, run.Devices));
        Assert.Contains("started; 1 devices are outside their maintenance windows: it runs on them from", (await GetAsync(mark)).LastOutcome, StringComparison.Ordinal);
        Assert.Equal(1, (await JobRunAsync((await FireAsync(mark)).JobRunId!.Value, 60)).Devices);
        Assert.False(held.Starts.Reader.TryRead(out _));
        Assert.Single(await FiringsAsync(mark), f => f.FiredAt is null); // however often it fired meanwhile

        // it opens earlier
        await Server.Owner.SendAsync<MaintenanceWindowView>(HttpMethod.Put, $"/api/v1/maintenance-windows/{mark}", window with { At = DateTimeOffset.UtcNow.AddMinutes(-1) });
        var later = await EventuallyAsync(async () => (await FiringsAsync(mark)).FirstOrDefault(f => f.JobRunId is not null && f.At.ToUnixTimeMilliseconds() == window.At!.Value.ToUnixTimeMilliseconds()), "it opens", 60);
        run = await JobRunAsync(later.JobRunId!.Value, 60);
        Assert.Equal((JobRunStatus.Succeeded, 1), (run.Status, run.Devices));
        Assert.Equal($"{mark}-held", Assert.Single(await DevicesAsync(run.Id)).DeviceName);

        // and while it is open there is nothing to wait for
        Assert.Equal(2, (await JobRunAsync((await FireAsync(mark)).JobRunId!.Value, 60)).Devices);
        Assert.Equal("started", (await GetAsync(mark)).LastOutcome);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Device_InAWindowThatSaysNever_IsLeftOut_AndTheScheduleSaysSo()
    {
        var mark = Mark("never");
        await using var held = await HeldAsync(mark);
        await ScheduleAsync(mark, OutsidePolicy.Skip);
        await WindowAsync(new() { Name = mark, Selector = $"held={mark}", Mode = WindowMode.Never, At = DateTimeOffset.UtcNow.AddMinutes(-1), Duration = "1h" });
        var firing = await FireAsync(mark);
        Assert.Equal((null, "1 devices are outside their maintenance windows, and are left out this time"), (firing.JobRunId, firing.Problem));

        // one that is turned off counts no more
        await Server.Owner.SendAsync<MaintenanceWindowView>(HttpMethod.Put, $"/api/v1/maintenance-windows/{mark}",
            new SaveMaintenanceWindow { Name = mark, Selector = $"held={mark}", Mode = WindowMode.Never, At = DateTimeOffset.UtcNow.AddMinutes(-1), Duration = "1h", Enabled = false });
        Assert.Equal(1, (await JobRunAsync((await FireAsync(mark)).JobRunId!.Value, 60)).Devices);
        await Server.AuditedAsync("maintenance-window.update", true, mark);
    }

    [Fact]
    public async Task Job_OnAnyOne_TakesADeviceThatItMayWorkOn_AndOwesTheOthersNothing()
    {
        var mark = Mark("anyone");
        var fleet = await FleetAsync(mark, 1);
        await using var held = await HeldAsync(mark);
        await ScheduleAsync(mark, OutsidePolicy.Wait, "placement: {count: 1}\n");
        await WindowAsync(new() { Name = mark, Selector = $"held={mark}", At = DateTimeOffset.UtcNow.AddHours(1), Duration = "1h" });
        var run = await JobRunAsync((await FireAsync(mark)).JobRunId!.Value, 60);
        Assert.Equal((JobRunStatus.Succeeded, $"{mark}-0"), (run.Status, Assert.Single(await DevicesAsync(run.Id)).DeviceName));
        Assert.DoesNotContain(await FiringsAsync(mark), f => f.FiredAt is null);
        Assert.Equal("started", (await GetAsync(mark)).LastOutcome);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Job_ThatWaitedForRoom_IsHeldByTheWindowsOfThatTime_UnlessSomebodyAskedForIt()
    {
        var mark = Mark("roomlate");
        var open = new ConcurrentQueue<StartExecution>();
        var fleet = await FleetAsync(mark, 1, (_, start) =>
        {
            open.Enqueue(start);
            return null;
        });
        await EventuallyAsync(async () => (await Server.Owner.GetFromJsonAsync<Page<DeviceResourcesView>>("/api/v1/resources?limit=500", Cancelled))!
            .Items.Single(d => d.Name == $"{mark}-0").Capacity is not null, "it is known what it has");
        await ScheduleAsync(mark, OutsidePolicy.Wait, "placement: {count: 1, needs: {cpu: 1.5}}\n");
        await RunAsync(mark);
        var first = await EventuallyAsync(() => Task.FromResult(open.TryDequeue(out var start) ? start : null), "one has the room");
        var waits = (await EventuallyAsync(async () => (await FireAsync(mark)).JobRunId, "it fires"))!.Value;
        await BecomesAsync(waits, r => r.Placement is { State: PlacementState.Waiting, Devices.Count: > 0 }, "waiting for room");

        // while it waits somebody says that schedules may not work there
        var never = new SaveMaintenanceWindow { Name = mark, Selector = $"fleet={mark}", Mode = WindowMode.Never, At = DateTimeOffset.UtcNow.AddMinutes(-1), Duration = "1h" };
        await WindowAsync(never);
        await fleet[0].ReportAsync(Report(first.ExecutionId, Succeeded()));
        var held = await BecomesAsync(waits, r => r.Reason?.StartsWith("1 of the 1 devices are outside their maintenance windows", StringComparison.Ordinal) == true
            && r.Placement!.Devices.Single().Why.StartsWith("outside its maintenance windows until ", StringComparison.Ordinal), "held by the window");
        Assert.Equal(JobRunStatus.Waiting, held.Status);
        Assert.True(held.WaitsUntil > DateTimeOffset.UtcNow.AddMinutes(90), $"{held.WaitsUntil}"); // its hour counts from when it opens

        // who asks for it knows when
        var asked = await RunAsync(mark);
        var second = await EventuallyAsync(() => Task.FromResult(open.TryDequeue(out var start) ? start : null), "the one that was asked for begins");
        await fleet[0].ReportAsync(Report(second.ExecutionId, Succeeded()));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(asked.Id, 60)).Status);
        Assert.Equal(JobRunStatus.Waiting, (await JobRunAsync(waits)).Status);

        Assert.Equal(204, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/maintenance-windows/{mark}")).Status);
        var third = await EventuallyAsync(() => Task.FromResult(open.TryDequeue(out var start) ? start : null), "it begins once it may", 60);
        await fleet[0].ReportAsync(Report(third.ExecutionId, Succeeded()));
        Assert.Equal((JobRunStatus.Succeeded, null), (await JobRunAsync(waits, 60) is var ended ? ended.Status : default, ended.Reason));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Window_IsWrittenByWhoManagesJobsOnItsDevicesAlone()
    {
        var mark = Mark("may");
        await using var held = await HeldAsync(mark);
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.JobsManage, Permissions.JobsRead);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person, $"held={mark}");
        using var limited = await Server.ClientAsync(person);
        var mine = await limited.SendAsync<MaintenanceWindowView>(HttpMethod.Post, "/api/v1/maintenance-windows", Nights($"{mark}-mine", $"held={mark}"));
        Assert.Equal((1, null), (mine.Devices, mine.Definition.Description));
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, "/api/v1/maintenance-windows", Nights($"{mark}-all", null), limited)).Status);
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Put, $"/api/v1/maintenance-windows/{mark}-mine", Nights($"{mark}-mine", "env"), limited)).Status);
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Post, "/api/v1/maintenance-windows", Nights($"{mark}-MINE", $"held={mark}"))).Status);

        // one for other devices is none for them
        await WindowAsync(Nights($"{mark}-other", "held=nobody"));
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/maintenance-windows/{mark}-other", null, limited)).Status);
        var list = (await limited.GetFromJsonAsync<Page<MaintenanceWindowView>>("/api/v1/maintenance-windows", Cancelled))!.Items;
        Assert.DoesNotContain(list, w => w.Definition.Name == $"{mark}-other");
        Assert.Contains(list, w => w.Definition.Name == $"{mark}-mine");
        Assert.Equal(204, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/maintenance-windows/{mark}-mine", null, limited)).Status);
        Assert.Equal(204, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/maintenance-windows/{mark}-other")).Status);
    }

    private static SaveMaintenanceWindow Nights(string name, string? selector) => new() { Name = name, Selector = selector, Calendar = "every day at 22:00", Duration = "4h" };

    private async Task<FakeAgent> HeldAsync(string mark)
    {
        var agent = await Server.ConnectAsync($"{mark}-held", new() { ["fleet"] = mark, ["held"] = mark });
        agent.OnStart = start => agent.ReportAsync(Report(start.ExecutionId, Succeeded()));
        return agent;
    }

    private async Task ScheduleAsync(string mark, OutsidePolicy outside, string more = "")
    {
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\n{more}steps: [{{command: x}}]\n");
        await Server.Owner.SendAsync<SavedSchedule>(HttpMethod.Post, "/api/v1/schedules", new SaveSchedule { Name = mark, Job = mark, Cron = "0 0 1 1 *", Outside = outside });
    }

    private Task<MaintenanceWindowView> WindowAsync(SaveMaintenanceWindow window) =>
        Server.Owner.SendAsync<MaintenanceWindowView>(HttpMethod.Post, "/api/v1/maintenance-windows", window);

    private Task<FiringView> FireAsync(string schedule) => Server.Owner.SendAsync<FiringView>(HttpMethod.Post, $"/api/v1/schedules/{schedule}/fire");

    private async Task<ScheduleView> GetAsync(string schedule) => (await Server.Owner.GetFromJsonAsync<ScheduleView>($"/api/v1/schedules/{schedule}", Cancelled))!;

    private async Task<IReadOnlyList<FiringView>> FiringsAsync(string schedule) =>
        (await Server.Owner.GetFromJsonAsync<Page<FiringView>>($"/api/v1/schedules/{schedule}/firings", Cancelled))!.Items;
}
