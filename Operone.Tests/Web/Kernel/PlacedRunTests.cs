using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Shell;
using Operone.Web.Devices;
using Operone.Web.Kernel.Ledger;
using Operone.Web.Kernel.Placement;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Kernel;

/// <summary>Runs for which Operone chooses the devices. A device of the tests has 2 processors, 1 GiB of memory and 8 GiB of disk.</summary>
public abstract class PlacedRunTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Run_OnAnyOne_GoesToOneDevice_IsHeldToWhatItNeeds_AndEndsItsReservation()
    {
        await using var one = await ConnectSizedAsync("any-a", "any");
        await using var other = await ConnectSizedAsync("any-b", "any");
        var run = await PlaceAsync("any", new() { Count = 1, Needs = new(500, 256L << 20) });
        Assert.Null(run.WaitingSince);
        var execution = Assert.Single(run.Executions!);
        Assert.Equal("any-a", execution.DeviceName);
        Assert.Equal(PlacementState.Placed, run.Placement!.State);
        Assert.Equal([("any-a", true), ("any-b", false)], run.Placement.Devices.Where(d => d.Name.StartsWith("any-", StringComparison.Ordinal)).Select(d => (d.Name, d.Chosen)));

        var start = await StartedAsync(one);
        Assert.Equal(new SandboxLimits(CpuCores: 0.5, MemoryBytes: 256L << 20), start.Sandbox!.Limits);
        Assert.Equal(new Resources(500, 256L << 20), (await ResourcesAsync("any-a")).Reserved);
        var reservation = Assert.Single((await Server.Owner.GetFromJsonAsync<Page<ReservationView>>("/api/v1/resources/reservations?device=any-a", Cancelled))!.Items);
        Assert.Equal((run.Id, "true", execution.Id), (reservation.RunId, reservation.For, reservation.Id));

        await one.ReportAsync(Report(start.ExecutionId, Succeeded()));
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(run.Id, 15)).Status);
        Assert.Equal(Resources.None, (await ResourcesAsync("any-a")).Reserved);
    }

    [Fact]
    public async Task Run_WithoutRoom_WaitsWithTheReason_AndIsPlacedWhenAReservationEnds()
    {
        await using var only = await ConnectSizedAsync("full-a", "full");
        var first = await PlaceAsync("full", new() { Count = 1, Needs = new(1500) });
        var start = await StartedAsync(only);
        var second = await PlaceAsync("full", new() { Count = 1, Needs = new(1000) });
        Assert.NotNull(second.WaitingSince);
        Assert.Empty(second.Executions!);
        Assert.Contains("1 short of CPU", second.Placement!.Reason, StringComparison.Ordinal);
        Assert.Contains(second.Placement.Devices, d => d is { Name: "full-a", Chosen: false, Why: "needs 1 CPU; 0.5 of 2 free" });
        var queue = await Server.Owner.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?status=queued", Cancelled);
        Assert.Equal(second.Placement.Reason, queue!.Items.Single(r => r.Id == second.Id).Placement!.Reason);

        await only.ReportAsync(Report(start.ExecutionId, Succeeded()));
        var next = await StartedAsync(only);
        Assert.Equal(second.Id, next.RunId);
        Assert.Null((await GetAsync(second.Id)).WaitingSince);
        await only.ReportAsync(Report(next.ExecutionId, Succeeded()));
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(second.Id, 15)).Status);
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(first.Id)).Status);
    }

    [Fact]
    public async Task Run_ThatWaits_IsPlacedWhenADeviceConnects_AndWhenLabelsChange()
    {
        await using var plain = await ConnectSizedAsync("later-plain", "later-not-yet");
        await using var away = await Server.EnrollAsync("later-away", new() { ["group"] = "later" });
        var connects = await PlaceAsync("later", new() { Count = 1, Needs = new(500) });
        Assert.Contains("1 not connected", connects.Placement!.Reason, StringComparison.Ordinal);
        await away.ConnectAsync();
        Assert.Equal(connects.Id, (await StartedAsync(away)).RunId);

        var labelled = await PlaceAsync("later", new() { Count = 2, Needs = new(500) });
        Assert.NotNull(labelled.WaitingSince);
        using var changed = await Server.Owner.PatchAsJsonAsync("/api/v1/devices/later-plain", new UpdateDevice(Labels: new Dictionary<string, string> { ["group"] = "later" }), Cancelled);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(labelled.Id, (await StartedAsync(plain)).RunId);
        Assert.Equal(labelled.Id, (await StartedAsync(away)).RunId);
    }

    [Fact]
    public async Task Run_ThatWaits_CanBeCancelled_AndExpires()
    {
        await using var away = await Server.EnrollAsync("waits-a", new() { ["group"] = "waits" });
        var run = await PlaceAsync("waits", new() { Count = 1 });
        using var cancelled = await Server.Owner.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        var view = await GetAsync(run.Id);
        Assert.Equal((RunStatus.Cancelled, PlacementState.Ended), (view.Status, view.Placement!.State));
        Assert.StartsWith("It was cancelled by", view.Placement.Reason, StringComparison.Ordinal);
        using var again = await Server.Owner.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);

        var expiring = await CreateAsync(new { command = "true", expiresInSeconds = 0.2, target = new { selector = "group=waits" }, placement = new { count = 1 } });
        var expired = await EventuallyAsync(async () => await GetAsync(expiring.Id) is { EndedAt: not null } ended ? ended : null, "the run has expired", 30);
        Assert.Equal(RunStatus.Failed, expired.Status);
        Assert.StartsWith("It expired before there was room.", expired.Placement!.Reason, StringComparison.Ordinal);
        Assert.Contains("status", await Server.Owner.GetStringAsync($"/api/v1/runs/{expiring.Id}/stream", Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_ManyAtOnce_NeverTakeMoreThanThereIs()
    {
        var agents = new List<FakeAgent>();
        foreach (var name in (string[])["race-a", "race-b", "race-c"])
        {
            agents.Add(await ConnectSizedAsync(name, "race"));
        }

        // Each device has room for two of them.
        var runs = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => PlaceAsync("race", new() { Count = 1, Needs = new(900, 100L << 20) })));
        Assert.Equal(6, runs.Count(r => r.WaitingSince is null));
        foreach (var agent in agents)
        {
            Assert.Equal(new Resources(1800, 200L << 20), (await ResourcesAsync(agent.Name)).Reserved);
            await agent.DisposeAsync();
        }
    }

    [Fact]
    public async Task Reserve_OfTwoThatHaveSeenTheSameRoom_GivesTheLastOfItToOne()
    {
        await using var only = await ConnectSizedAsync("last-a", "last");
        var (fleet, placers) = await ApartAsync(only);
        var (one, other) = (await PlaceAsync("last", new() { Count = 1, Needs = new(2000) }), await PlaceAsync("last", new() { Count = 1, Needs = new(2000) }));

        // As two nodes do it: both have read the ledger before either has written.
        var (first, second) = (await FindAsync(one.Id), await FindAsync(other.Id));
        var placed = await Task.WhenAll(placers[0].ReserveAsync(first, fleet, Cancelled), placers[1].ReserveAsync(second, fleet, Cancelled));
        Assert.Single(placed, p => p is not null);
        var last = await ResourcesAsync("last-a");
        Assert.Equal((2000, 1), (last.Reserved.CpuMillis, last.Reservations));
    }

    [Fact]
    public async Task Run_WhoseNodeDiedBetweenReservationAndStart_IsStartedOnce()
    {
        await using var only = await ConnectSizedAsync("died-a", "died");
        var run = await ReserveOnlyAsync(only, "died");
        Assert.False(only.Starts.Reader.TryRead(out _));
        Assert.Equal(1, (await ResourcesAsync("died-a")).Reservations);

        // Another node sees that nobody has started it.
        var loop = Server.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<PlacementLoop>().Single();
        await loop.StartAgainAsync(TimeSpan.Zero, Cancelled);
        var start = await StartedAsync(only);
        Assert.Equal(run.Id, start.RunId);
        await only.ReportAsync(Report(start.ExecutionId, Succeeded()));
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(run.Id, 15)).Status);
        await loop.StartAgainAsync(TimeSpan.Zero, Cancelled);
        Assert.False(only.Starts.Reader.TryRead(out _));
        Assert.Equal(0, (await ResourcesAsync("died-a")).Reservations);
    }

    [Fact]
    public async Task Run_WhoseNodeDiedBetweenReservationAndStart_IsStartedWhenTheDeviceComesBack()
    {
        await using var only = await ConnectSizedAsync("back-a", "back");
        var run = await ReserveOnlyAsync(only, "back");
        await only.ConnectAsync();
        Assert.Equal(run.Id, (await StartedAsync(only)).RunId);
    }

    [Fact]
    public async Task Reservation_OfADeviceThatIsRemoved_IsGone()
    {
        await using var only = await ConnectSizedAsync("gone-a", "gone");
        var run = await PlaceAsync("gone", new() { Count = 1, Needs = new(500) });
        Assert.Null(run.WaitingSince);
        using var removed = await Server.Owner.DeleteAsync(new Uri("/api/v1/devices/gone-a", UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(ExecutionStatus.Lost, (await GetAsync(run.Id, 15)).Executions![0].Status);
        await using var db = Server.OpenDatabase();
        Assert.False(await ReservationBook.Open(db).AnyAsync(r => r.RunId == run.Id, Cancelled));
        await using var tidy = Server.OpenDatabase();
        await Server.Services.GetRequiredService<ReservationBook>().TidyAsync(tidy, Cancelled);
    }

    [Fact]
    public async Task Run_SpreadOverALabel_TakesOneOfEach_AndAnExcludedOneIsNotTaken()
    {
        await using var a1 = await ConnectSizedAsync("zone-a1", "zones", ("zone", "a"));
        await using var a2 = await ConnectSizedAsync("zone-a2", "zones", ("zone", "a"));
        await using var b1 = await ConnectSizedAsync("zone-b1", "zones", ("zone", "b"));
        await using var b2 = await ConnectSizedAsync("zone-b2", "zones", ("zone", "b"));
        var run = await PlaceAsync("zones", new() { Count = 2, SpreadOver = "zone", Exclude = ["zone-a1"], Prefer = ["zone=b"] });
        Assert.Equal(["zone-a2", "zone-b1"], run.Executions!.Select(e => e.DeviceName));
    }

    [Fact]
    public async Task Run_ThatPacks_FillsOneDeviceBeforeTheNext()
    {
        await using var a = await ConnectSizedAsync("pack-a", "pack");
        await using var b = await ConnectSizedAsync("pack-b", "pack");
        for (var i = 0; i < 4; i++)
        {
            await PlaceAsync("pack", new() { Count = 1, Needs = new(500), Strategy = PlacementStrategy.Pack });
        }

        Assert.Equal((2000, 0), ((await ResourcesAsync("pack-a")).Reserved.CpuMillis, (await ResourcesAsync("pack-b")).Reserved.CpuMillis));
    }

    [Fact]
    public async Task Run_ThatFailedOnADevice_IsNextPlacedOnAnother()
    {
        await using var a = await ConnectSizedAsync("fails-a", "fails");
        await using var b = await ConnectSizedAsync("fails-b", "fails");
        await PlaceAsync("fails", new() { Count = 1, Needs = new(100) });
        var start = await StartedAsync(a);
        await a.ReportAsync(Report(start.ExecutionId, new(ExecutionStatus.Failed, 1, "Exited with code 1.", DateTimeOffset.UtcNow, 0, 0)));
        await GetAsync(start.RunId, 15);
        var next = await PlaceAsync("fails", new() { Count = 1, Needs = new(100) });
        Assert.Equal("fails-b", next.Executions!.Single().DeviceName);
    }

    [Fact]
    public async Task Run_ThatWaits_IsSeenByWhoAskedForIt_AndByWhoSeesAll_Alone()
    {
        await using var here = await Server.EnrollAsync("mine-a", new() { ["group"] = "mine" });
        await using var hidden = await Server.EnrollAsync("mine-hidden", new() { ["group"] = "theirs" });
        using var mine = await ScopedAsync("group=mine");
        using var theirs = await ScopedAsync("group=theirs");
        using var made = await mine.PostAsJsonAsync("/api/v1/runs", Request("mine", new() { Count = 1 }), Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, made.StatusCode);
        var run = (await made.Content.ReadFromJsonAsync<RunView>(Cancelled))!;
        Assert.Equal(["mine-a"], run.Placement!.Devices.Select(d => d.Name));
        Assert.Equal(run.Id, (await mine.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?status=queued", Cancelled))!.Items.Single().Id);
        Assert.Equal(run.Id, (await mine.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?status=running", Cancelled))!.Items.Single().Id);
        Assert.DoesNotContain((await mine.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?status=succeeded", Cancelled))!.Items, r => r.Id == run.Id);
        Assert.Contains((await Server.Owner.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?status=queued", Cancelled))!.Items, r => r.Id == run.Id);
        Assert.Empty((await theirs.GetFromJsonAsync<Page<RunView>>("/api/v1/runs?status=queued", Cancelled))!.Items);
        foreach (var address in (string[])[$"/api/v1/runs/{run.Id}", $"/api/v1/runs/{run.Id}/stream"])
        {
            using var other = await theirs.GetAsync(new Uri(address, UriKind.Relative), Cancelled);
            Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        }

        using var notTheirs = await theirs.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, notTheirs.StatusCode);
        using var cancelled = await mine.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        Assert.Equal(RunStatus.Cancelled, (await mine.GetFromJsonAsync<RunView>($"/api/v1/runs/{run.Id}", Cancelled))!.Status);
    }

    [Fact]
    public async Task Run_ThatWaits_IsFollowedFromBeforeItsDeviceIsChosen()
    {
        await using var away = await Server.EnrollAsync("follow-a", new() { ["group"] = "follow" });
        var run = await PlaceAsync("follow", new() { Count = 1 });
        using var reader = new StreamReader(await Server.Owner.GetStreamAsync(new Uri($"/api/v1/runs/{run.Id}/stream", UriKind.Relative), Cancelled));
        await away.ConnectAsync();
        var start = await StartedAsync(away);
        await away.ReportAsync(Report(start.ExecutionId, Succeeded(6), Out(0, "hello\n")));
        var all = await reader.ReadToEndAsync(Cancelled);
        Assert.Contains(Convert.ToBase64String("hello\n"u8), all, StringComparison.Ordinal);
        Assert.Contains("succeeded", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OnDevicesThatOneMayNotRunOn_IsRefused()
    {
        await using var only = await Server.EnrollAsync("may-a", new() { ["group"] = "may" });
        using var reads = await Server.ClientWithAsync(Permissions.DevicesRead, Permissions.RunsRead);
        using var refused = await reads.PostAsJsonAsync("/api/v1/runs", Request("may", new() { Count = 1 }), Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Theory]
    [InlineData("""{"count":0}""", "placement.count")]
    [InlineData("""{"count":1,"needs":{"cpuMillis":-1}}""", "placement.needs.cpuMillis")]
    [InlineData("""{"count":1,"needs":{"memoryBytes":1000}}""", "placement.needs.memoryBytes")]
    [InlineData("""{"prefer":["a in"]}""", "placement.prefer")]
    [InlineData("""{"spreadOver":"-"}""", "placement.spreadOver")]
    public async Task Run_WithANeedThatCannotBe_NamesTheField(string placement, string field)
    {
        using var body = new StringContent($$"""{"command":"true","target":{"all":true},"placement":{{placement}}}""", System.Text.Encoding.UTF8, "application/json");
        using var response = await Server.Owner.PostAsync(new Uri("/api/v1/runs", UriKind.Relative), body, Cancelled);
        Assert.Contains(field, (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    [Fact]
    public async Task Resources_OfADevice_AreItsFactsLessWhatItKeeps()
    {
        await using var agent = await ConnectSizedAsync("own-a", "own");
        var before = await ResourcesAsync("own-a");
        Assert.Equal(new Resources(2000, 1L << 30, 1L << 33), before.Capacity);
        Assert.Equal(new Resources(0, (1L << 30) / 10, (1L << 33) / 10), before.OwnReserve);
        using var changed = await Server.Owner.PatchAsJsonAsync("/api/v1/devices/own-a", new UpdateDevice(OwnReserve: new(1500)), Cancelled);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(new Resources(500, 1L << 30, 1L << 33), (await ResourcesAsync("own-a")).Free);
        Assert.NotNull((await PlaceAsync("own", new() { Count = 1, Needs = new(600) })).WaitingSince);
    }

    private static CreateRun Request(string group, RunPlacement placement) =>
        new() { Command = "true", Target = new RunTarget(Selector: $"group={group}"), Placement = placement };

    private async Task<HttpClient> ScopedAsync(string selector)
    {
        using var response = await Server.Owner.PostAsJsonAsync(
            "/api/v1/tokens", new CreateApiToken("scoped", [Permissions.RunsRead, Permissions.RunsCreate, Permissions.DevicesRead], Selector: selector), Cancelled);
        response.EnsureSuccessStatusCode();
        return Server.Client((await response.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!.Token);
    }

    private Task<RunView> PlaceAsync(string group, RunPlacement placement) => CreateAsync(Request(group, placement));

    /// <summary>
    /// Two placers as of other nodes, and the fleet as they see it: for them alone the device takes new work, so that this node leaves
    /// it to them.
    /// </summary>
    private async Task<(FleetState Fleet, RunPlacer[] Placers)> ApartAsync(FakeAgent agent)
    {
        using var cordoned = await Server.Owner.PostAsJsonAsync($"/api/v1/devices/{agent.Name}/cordon", new CordonDevice(), Cancelled);
        Assert.Equal(HttpStatusCode.OK, cordoned.StatusCode);
        var (here, apart) = (Server.Services.GetRequiredService<DeviceDirectory>(), new DeviceDirectory());
        apart.Put(here.Find(agent.Id)! with { Cordon = null });
        apart.Connected(agent.Id, new("apart", 1));
        var reader = ActivatorUtilities.CreateInstance<CandidateReader>(Server.Services, apart);
        var placers = Enumerable.Range(0, 2).Select(_ => ActivatorUtilities.CreateInstance<RunPlacer>(Server.Services, reader, apart)).ToArray();
        return (await reader.ReadAsync(Cancelled), placers);
    }

    private async Task<Run> FindAsync(Guid id)
    {
        await using var db = Server.OpenDatabase();
        return await db.Set<Run>().SingleAsync(r => r.Id == id, Cancelled);
    }

    /// <summary>A run that is reserved and stored, and whose node did not live to tell the device.</summary>
    private async Task<RunView> ReserveOnlyAsync(FakeAgent agent, string group)
    {
        var (fleet, placers) = await ApartAsync(agent);
        var run = await PlaceAsync(group, new() { Count = 1, Needs = new(500) });
        Assert.NotNull(run.WaitingSince);
        Assert.NotNull(await placers[0].ReserveAsync(await FindAsync(run.Id), fleet, Cancelled));
        return run;
    }

    private async Task<DeviceResourcesView> ResourcesAsync(string name) =>
        (await Server.Owner.GetFromJsonAsync<Page<DeviceResourcesView>>("/api/v1/resources?limit=500", Cancelled))!.Items.Single(d => d.Name == name);

    /// <summary>A device that is connected, and of which it is known what it has.</summary>
    private async Task<FakeAgent> ConnectSizedAsync(string name, string group, params (string Key, string Value)[] labels)
    {
        var all = labels.ToDictionary(l => l.Key, l => l.Value);
        all["group"] = group;
        var agent = await Server.ConnectAsync(name, all);
        await EventuallyAsync(async () => (await ResourcesAsync(name)).Capacity is not null, $"it is known what {name} has");
        return agent;
    }
}

public sealed class PlacedRunOnSqlite(SqliteFixture fixture) : PlacedRunTests(fixture), IClassFixture<SqliteFixture>;

public sealed class PlacedRunOnPostgres(PostgresFixture fixture) : PlacedRunTests(fixture), IClassFixture<PostgresFixture>;
