using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Events;
using Operone.Core.Kernel;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

public sealed class WorkloadsOnSqlite(SqliteFixture fixture) : WorkloadRunTests(fixture), IClassFixture<SqliteFixture>;

public sealed class WorkloadsOnPostgres(PostgresFixture fixture) : WorkloadRunTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Workloads with devices that do as they are told: as many as there are to be, updates and the way back, moves, drains, removals.</summary>
public abstract class WorkloadRunTests(ServerFixture fixture) : WorkloadTests(fixture)
{
    [Fact]
    public async Task Life_ApplyScaleStopStartRemove_HasAsManyAsItIsTo()
    {
        var mark = Mark("life");
        await using var devices = new Fleet(await TendedAsync(mark, 3));
        Assert.Equal("created", (await WriteAsync($"name: {mark}\ncommand: serve\ntarget: {{selector: fleet={mark}}}\ncount: 2\nneeds: {{cpu: 0.5, memory: 64MiB}}\nstopGrace: 7s\nhealth: {{tcp: 8080}}\n")).Outcome);
        var view = await StandsAsync(mark, IsAllWell, "two run");
        Assert.Equal((2, 2, 2), (view.Wanted, view.Running, view.Healthy));
        var start = devices.Started.First();
        Assert.Equal(("serve", 8080, 7.0, 0.5), (start.Command, start.Supervision!.Health!.TcpPort, start.Supervision.StopGraceSeconds, start.Sandbox!.Limits!.CpuCores));
        Assert.Null(start.Supervision.LeaseSeconds);
        Assert.Equal(500, (await Server.Owner.GetFromJsonAsync<Page<ReservationView>>($"/api/v1/resources/reservations?device={view.Instances![0].DeviceName}", Cancelled))!.Items.Single().Amount.CpuMillis);
        Assert.Equal("unchanged", (await WriteAsync($"name: {mark}\ncommand: serve\ntarget: {{selector: fleet={mark}}}\ncount: 2\nneeds: {{cpu: 0.5, memory: 64MiB}}\nstopGrace: 7s\nhealth: {{tcp: 8080}}\n")).Outcome);

        await DoAsync(mark, "scale", new { count = 3 });
        Assert.Equal([$"{mark}-0", $"{mark}-1", $"{mark}-2"], On(await StandsAsync(mark, v => v.Running == 3 && IsAllWell(v), "three run")));
        await DoAsync(mark, "scale", new { count = 4 });
        Assert.Contains("There is room for 0 of 1: 3 with as many as they may have", (await StandsAsync(mark, v => v.Reason?.Contains("room for", StringComparison.Ordinal) == true, "one waits")).Reason, StringComparison.Ordinal);
        await DoAsync(mark, "scale", new { count = 1 });
        Assert.Single(On(await StandsAsync(mark, v => v.Running == 1 && IsAllWell(v) && v.Instances!.All(i => i.Status != InstanceStatus.Stopping), "one runs")));
        Assert.Equal(3, devices.Started.Count());

        await DoAsync(mark, "stop");
        await StandsAsync(mark, v => v.Status == WorkloadStatus.Stopped, "none runs");
        Assert.Equal(0, devices.Running);
        await DoAsync(mark, "start");
        await StandsAsync(mark, IsAllWell, "one runs again");
        Assert.Equal(204, (int)(await TryAsync(HttpMethod.Delete, $"/api/v1/workloads/{mark}")).Status);
        await EventuallyAsync(async () => (int)(await TryAsync(HttpMethod.Get, $"/api/v1/workloads/{mark}")).Status == 404 ? "" : null, "it is gone", 60);
        Assert.Equal(0, devices.Running);
        await Server.AuditedAsync("workload.remove", true, mark);
        var events = (await Server.Owner.GetFromJsonAsync<Page<EventView>>("/api/v1/events?limit=500", Cancelled))!.Items.Where(e => e.Subject == mark).Select(e => e.Type).ToHashSet();
        Assert.Superset(new HashSet<string>(["workload.created", "workload.scaled", "workload.stopped", "workload.started", "workload.instance-started", "workload.instance-ended", "workload.removed"]), events);
    }

    [Fact]
    public async Task Update_InBatches_NeverStopsMoreThanABatch_AndRollsBackWhatIsNotWell()
    {
        var mark = Mark("update");
        await using var devices = new Fleet(await TendedAsync(mark, 4));
        string Yaml(string command) => $"name: {mark}\ncommand: {command}\ntarget: {{selector: fleet={mark}}}\ncount: 4\nupdate: {{batch: 2, healthy: 1s, deadline: 1m}}\n";
        await WriteAsync(Yaml("one"));
        await StandsAsync(mark, IsAllWell, "the first version runs");
        var least = devices.WatchLeast();
        Assert.Equal("updated", (await WriteAsync(Yaml("two"))).Outcome);
        var view = await StandsAsync(mark, v => v.Version == 2 && IsAllWell(v) && v.Instances!.Count(i => i is { Version: 2, Status: InstanceStatus.Running }) == 4, "the second version runs");
        Assert.Equal(4, devices.Started.Count(s => s.Command == "two"));
        Assert.True(least() >= 2, $"only {least()} ran at one time");

        // the third is never well: it comes to one batch
        devices.Each(d => d.State = start => start.Command == "three" ? new(1, SupervisedPhase.Running, HealthState.Unhealthy, DateTimeOffset.UtcNow, LastReason: "answers 500") : TendedDevice.Well());
        await WriteAsync(Yaml("three"));
        view = await StandsAsync(mark, v => v.Version == 2 && v.Newest == 3 && IsAllWell(v) && v.Instances!.Count(i => i.Status == InstanceStatus.Running) == 4, "the second version is back");
        Assert.Contains("answers 500", view.Reason, StringComparison.Ordinal);
        Assert.InRange(devices.Started.Count(s => s.Command == "three"), 1, 2);
        Assert.All(devices.Now, s => Assert.Equal("two", s.Command));
        var versions = (await Server.Owner.GetFromJsonAsync<Page<WorkloadVersionView>>($"/api/v1/workloads/{mark}/versions", Cancelled))!.Items;
        Assert.Equal([3, 2, 1], versions.Select(v => v.Version));
        Assert.Contains("is unhealthy", versions[0].Problem, StringComparison.Ordinal);
        Assert.Contains("-command: two", (await Server.Owner.GetFromJsonAsync<Operone.Core.Kernel.Jobs.JobDifference>($"/api/v1/workloads/{mark}/versions/3/difference", Cancelled))!.Lines);

        // by hand to the first, and all of it anew
        await DoAsync(mark, "rollback", new { version = 1 });
        await StandsAsync(mark, v => v.Version == 1 && IsAllWell(v) && v.Instances!.Count(i => i is { Version: 1, Status: InstanceStatus.Running }) == 4, "the first version is back");
        var before = devices.Started.Count();
        await DoAsync(mark, "restart");
        await StandsAsync(mark, v => IsAllWell(v) && devices.Started.Count() == before + 4 && v.Running == 4, "all were started anew");
        await DoAsync(mark, "stop");
    }

    [Fact]
    public async Task EndedByItself_IsStartedElsewhere_AndDrainsAndMovesKeepTheNumber()
    {
        var mark = Mark("moves");
        await using var devices = new Fleet(await TendedAsync(mark, 3));
        await WriteAsync($"name: {mark}\nargv: [serve, --fast]\ntarget: {{selector: fleet={mark}}}\ncount: 2\n");
        var view = await StandsAsync(mark, IsAllWell, "two run");
        var (dead, other) = (On(view)[0], On(view)[1]);
        await devices[dead].DieAsync();
        view = await StandsAsync(mark, v => IsAllWell(v) && v.Running == 2 && !On(v).Contains(dead), "it runs elsewhere");
        Assert.Contains(view.Instances!, i => i.Status == InstanceStatus.Ended && i.Reason!.Contains("its host died", StringComparison.Ordinal));

        // the drained device is left only when there is another one
        await Server.Owner.SendAsync<object>(HttpMethod.Post, $"/api/v1/devices/{other}/drain", new { });
        view = await StandsAsync(mark, v => IsAllWell(v) && v.Running == 2 && !On(v).Contains(other) && v.Instances!.All(i => i.Status != InstanceStatus.Stopping), "the drained device is left");
        Assert.Empty(devices[other].Runs);
        await Server.Owner.SendAsync<object>(HttpMethod.Post, $"/api/v1/devices/{other}/uncordon", new { });

        var instance = view.Instances!.First(i => i.Status == InstanceStatus.Running);
        Assert.Equal(422, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/workloads/{mark}/move", new { instance = instance.Id, device = instance.DeviceName })).Status);
        await DoAsync(mark, "move", new { instance = instance.Id, device = other });
        view = await StandsAsync(mark, v => IsAllWell(v) && v.Running == 2 && On(v).Contains(other) && !On(v).Contains(instance.DeviceName!), "it is where it was to go");
        await DoAsync(mark, "stop");
    }

    [Fact]
    public async Task OnEveryDevice_HasOneOnEach_AndFollowsTheLabels()
    {
        var mark = Mark("every");
        await using var devices = new Fleet(await TendedAsync(mark, 2));
        await WriteAsync($"name: {mark}\ncommand: serve\ntarget: {{selector: fleet={mark}}}\n");
        await StandsAsync(mark, v => IsAllWell(v) && v.Running == 2, "one on each");
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/workloads/{mark}/scale", new { count = 1 })).Status);
        await using var late = new TendedDevice(await Server.ConnectAsync($"{mark}-late", new() { ["fleet"] = mark }));
        await StandsAsync(mark, v => IsAllWell(v) && v.Running == 3, "one on the new one too");
        await Server.Owner.SendAsync<object>(HttpMethod.Patch, $"/api/v1/devices/{late.Agent.Name}", new { labels = new Dictionary<string, string> { ["fleet"] = "none" } });
        await StandsAsync(mark, v => IsAllWell(v) && v.Running == 2, "none on what is not meant");
        await EventuallyAsync(() => Task.FromResult(late.Runs.IsEmpty ? "" : null), "it ended there", 60);
        await DoAsync(mark, "stop");
    }

    [Fact]
    public async Task OneThatMustBeOne_IsEndedBeforeItIsMoved()
    {
        var mark = Mark("single");
        await using var devices = new Fleet(await TendedAsync(mark, 2));
        await WriteAsync($"name: {mark}\ncommand: serve\ntarget: {{selector: fleet={mark}}}\ncount: 1\naway: 30s\n");
        var view = await StandsAsync(mark, IsAllWell, "one runs");
        Assert.Equal(30.0, devices.Started.Single().Supervision!.LeaseSeconds);
        var from = On(view).Single();
        devices[from].Obeys = false;
        await DoAsync(mark, "move", new { instance = view.Instances![0].Id });
        await StandsAsync(mark, v => v.Reason == "It waits for another one to end.", "the new one waits");
        Assert.Single(devices.Started);
        devices[from].Obeys = true;
        await devices[from].DieAsync(ExecutionStatus.Cancelled, "Cancelled.");
        view = await StandsAsync(mark, v => IsAllWell(v) && On(v) is [var on] && on != from, "the other one runs");
        await DoAsync(mark, "stop");
    }
}
