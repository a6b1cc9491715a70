using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class RunSightOnSqlite(SqliteFixture fixture) : RunSightTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RunSightOnPostgres(PostgresFixture fixture) : RunSightTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>A run is seen as far as it is on devices that one sees runs on, and made on those alone on which one may.</summary>
public abstract class RunSightTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Run_OnDevicesOfWhichOneSeesSome_IsAsFarAsItIsOnThose()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var (mine, other) = (fleet["prod-web"], fleet["dev-web"]);
        using var client = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod")));
        var run = await CreateAsync(new { command = "true", target = new { devices = new[] { mine.Name, other.Name } } });
        await mine.ReportAsync(Report((await StartedAsync(mine)).ExecutionId, Succeeded(4), Out(0, "mine")));
        await AcknowledgedEndAsync(mine);
        await other.ReportAsync(Report((await StartedAsync(other)).ExecutionId, null, Out(0, "secret"), Err(0, "secret too")));
        await EventuallyAsync(async () => (await GetAsync(run.Id)).Executions!.Any(e => e.StdoutBytes == 6) ? "" : null, "the other's output");

        // For them it has ended, though it goes on elsewhere; nothing says where else it is.
        var view = (await client.GetFromJsonAsync<RunView>($"/api/v1/runs/{run.Id}?waitSeconds=10", Cancelled))!;
        Assert.Equal(RunStatus.Succeeded, view.Status);
        Assert.NotNull(view.EndedAt);
        Assert.Equal([mine.Name], view.Executions!.Select(e => e.DeviceName));
        Assert.Equal([("succeeded", 1)], view.Counts.Select(c => (c.Key, c.Value)));
        Assert.Equal([mine.Name], view.Request!.Target!.Devices!);
        var listed = Assert.Single(await ListAsync(client, ""), r => r.Id == run.Id);
        Assert.Equal((RunStatus.Succeeded, 1), (listed.Status, listed.Counts.Values.Sum()));
        Assert.NotNull(listed.EndedAt);
        Assert.Contains(await ListAsync(client, "status=succeeded"), r => r.Id == run.Id);
        foreach (var status in (string[])["running", "failed", "cancelled"])
        {
            Assert.DoesNotContain(await ListAsync(client, $"status={status}"), r => r.Id == run.Id);
        }

        // Output and stream.
        Assert.Equal("mine", await client.GetStringAsync($"/api/v1/runs/{run.Id}/executions/{mine.Name}/output", Cancelled));
        foreach (var device in new[] { other.Name, other.Id.ToString() })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/runs/{run.Id}/executions/{device}/output", Cancelled)).StatusCode);
        }

        var text = await client.GetStringAsync($"/api/v1/runs/{run.Id}/stream", Cancelled);
        Assert.DoesNotContain(other.Name, text, StringComparison.Ordinal);
        Assert.DoesNotContain(other.Id.ToString(), text, StringComparison.Ordinal);
        Assert.DoesNotContain("running", text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1], StringComparison.Ordinal);
        var events = await SseParser.Create(await client.GetStreamAsync($"/api/v1/runs/{run.Id}/stream", Cancelled)).EnumerateAsync(Cancelled).ToListAsync(Cancelled);
        Assert.Equal("""{"status":"succeeded"}""", events[^1].Data);
        Assert.Single(events, e => e.EventType == "output");

        // The owner sees all of it.
        Assert.Equal((RunStatus.Running, 2), ((await GetAsync(run.Id)).Status, (await GetAsync(run.Id)).Executions!.Count));
    }

    [Fact]
    public async Task Stream_OfAPart_GoesOnUntilThatPartHasEnded()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var (mine, other) = (fleet["prod-web"], fleet["dev-web"]);
        using var client = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod")));
        var run = await CreateAsync(new { command = "true", target = new { devices = new[] { mine.Name, other.Name } } });
        using var response = await client.GetAsync($"/api/v1/runs/{run.Id}/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await other.ReportAsync(Report((await StartedAsync(other)).ExecutionId, new(ExecutionStatus.Failed, 1, "Exited with code 1.", DateTimeOffset.UtcNow, 6, 0), Out(0, "secret")));
        await mine.ReportAsync(Report((await StartedAsync(mine)).ExecutionId, Succeeded(4), Out(0, "mine")));
        var events = await SseParser.Create(await response.Content.ReadAsStreamAsync(Cancelled)).EnumerateAsync(Cancelled).ToListAsync(Cancelled)
            .AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        Assert.All(events.SkipLast(1), e => Assert.Contains(mine.Id.ToString(), e.Data, StringComparison.Ordinal));
        Assert.Equal("""{"status":"succeeded"}""", events[^1].Data);
    }

    [Fact]
    public async Task Create_OnDevicesOfWhichOneMaySome_NamesTheOthersOrLeavesThemOut()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod"));
        var grant = await Server.GrantAsync(person, BuiltInRoles.Operator, fleet.In("env=prod,role=web"));
        using var client = await Server.ClientAsync(person);
        var selector = $"fleet={fleet.Mark}";
        using var refused = await client.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { selector } }, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        var problem = await OperoneServer.ReadProblemAsync(refused);
        Assert.Contains($"on 1 of the devices: {fleet["prod-db"].Name}.", problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("dev-", problem.Detail, StringComparison.Ordinal);
        Assert.False(fleet["prod-web"].Starts.Reader.TryRead(out _));

        using var made = await client.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { selector, onlyPermitted = true } }, Cancelled);
        var run = (await made.Content.ReadFromJsonAsync<RunView>(Cancelled))!;
        Assert.Equal(fleet.Names("prod-web"), run.Executions!.Select(e => e.DeviceName));
        Assert.Equal(fleet.Names("prod-db"), run.LeftOut!);
        Assert.Equal(fleet.Names("prod-web"), (await GetAsync(run.Id)).Executions!.Select(e => e.DeviceName));

        // What is left must be something.
        using var none = await client.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { selector = $"{selector},role=db", onlyPermitted = true } }, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, none.StatusCode);

        // Both are in the audit trail: the refusal with the name, the run with its devices and the grant.
        var entries = await EventuallyAsync(
            async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=200", Cancelled))!.Items
                .Where(e => e.Action == "run.create" && e.Actor == $"token:{person.Email}").ToArray() is { Length: 3 } all ? all : null, "three entries");
        var allowed = Assert.Single(entries, e => e.Allowed);
        Assert.Equal(grant, allowed.GrantId);
        Assert.Contains(fleet["prod-web"].Name, allowed.Detail, StringComparison.Ordinal);
        Assert.All(entries.Where(e => !e.Allowed), e => Assert.Contains(fleet["prod-db"].Name, e.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancel_OfARunOnDevicesOfWhichOneMaySome_EndsItOnThose()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod"));
        await Server.GrantAsync(person, BuiltInRoles.Operator, fleet.In("env=prod,role=db"));
        using var client = await Server.ClientAsync(person);
        var names = fleet.Names("prod-web", "prod-db", "dev-web", "dev-db");
        var run = await CreateAsync(new { command = "true", target = new { devices = names } });
        using var response = await client.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled);
        response.EnsureSuccessStatusCode();
        Assert.Equal(fleet.Names("prod-web"), (await response.Content.ReadFromJsonAsync<RunView>(Cancelled))!.NotCancelled!);
        var after = await GetAsync(run.Id);
        Assert.Equal(fleet.Names("prod-db"), after.Executions!.Where(e => e.Status == ExecutionStatus.Cancelled).Select(e => e.DeviceName));

        // There is nothing more that they may cancel; and on one that comes back nothing is cancelled that is not.
        using var again = await client.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);
        Assert.Contains(fleet["prod-web"].Name, (await OperoneServer.ReadProblemAsync(again)).Detail, StringComparison.Ordinal);
        await fleet["dev-db"].ConnectAsync();
        await StartedAsync(fleet["dev-db"]);
        Assert.False(fleet["dev-web"].Cancels.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Cancel_OfAPartWhileItsDeviceIsAway_ReachesItWhenItIsBack()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, fleet.In("env=prod"));
        using var client = await Server.ClientAsync(person);
        var agent = fleet["prod-web"];
        var run = await CreateAsync(new { command = "true", target = new { devices = fleet.Names("prod-web", "dev-web") } });
        var execution = (await StartedAsync(agent)).ExecutionId;
        await agent.ReportAsync(Report(execution, null, Out(0, "x")));
        await AcknowledgedAsync(agent);
        await agent.CloseAsync();
        (await client.PostAsync($"/api/v1/runs/{run.Id}/cancel", null, Cancelled)).EnsureSuccessStatusCode();
        await agent.ConnectAsync(execution);
        Assert.Equal(execution, (await agent.Cancels.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(15), Cancelled)).ExecutionId);
        Assert.Null((await GetAsync(run.Id)).Executions!.Single(e => e.DeviceName == fleet["dev-web"].Name).EndedAt);
    }

    [Fact]
    public async Task Device_ThatComesBackAfterTheGrantIsGone_IsNotGivenTheCommand()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var person = await Server.CreatePersonAsync();
        await Server.GrantAsync(person, BuiltInRoles.Operator, fleet.In("role=db"));
        using var client = await Server.ClientAsync(person);
        using var made = await client.PostAsJsonAsync("/api/v1/runs", new { command = "true", target = new { devices = fleet.Names("prod-db", "dev-db") } }, Cancelled);
        var run = (await made.Content.ReadFromJsonAsync<RunView>(Cancelled))!;
        await Server.GrantAsync(person, BuiltInRoles.Operator, fleet.In("env=prod"), GrantEffect.Deny);
        await fleet["prod-db"].ConnectAsync();
        await fleet["dev-db"].ConnectAsync();
        await StartedAsync(fleet["dev-db"]);
        var refused = await EventuallyAsync(
            async () => (await GetAsync(run.Id)).Executions!.FirstOrDefault(e => e.Status == ExecutionStatus.Refused), "the refusal");
        Assert.Equal((fleet["prod-db"].Name, $"token:{person.Email} may no longer run commands on this device"), (refused.DeviceName, refused.Reason));
        Assert.False(fleet["prod-db"].Starts.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Key_OfSomebodyElseOfTheSameName_IsAnother()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, fleet.In("env=prod"));
        using var one = await Server.ClientAsync(person);
        using var two = await Server.ClientAsync(person);
        var ids = new List<Guid>();
        foreach (var client in new[] { one, two, one })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs");
            request.Headers.Add("Idempotency-Key", "the-same");
            request.Content = JsonContent.Create(new { command = "true", target = new { devices = fleet.Names("prod-web") } });
            using var response = await client.SendAsync(request, Cancelled);
            response.EnsureSuccessStatusCode();
            ids.Add((await response.Content.ReadFromJsonAsync<RunView>(Cancelled))!.Id);
        }

        Assert.Equal(ids[0], ids[2]);
        Assert.NotEqual(ids[0], ids[1]);
    }

    [Fact]
    public async Task Run_OfADeviceThatWasRemoved_IsForWhoSeesEverything()
    {
        await using var fleet = await SightFleet.CreateAsync(Server);
        using var client = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod")));
        var run = await CreateAsync(new { command = "true", target = new { devices = fleet.Names("prod-web") } });
        Assert.NotNull(await client.GetFromJsonAsync<RunView>($"/api/v1/runs/{run.Id}", Cancelled));
        (await Server.Owner.DeleteAsync($"/api/v1/devices/{fleet["prod-web"].Name}", Cancelled)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/runs/{run.Id}", Cancelled)).StatusCode);
        Assert.Equal(run.Id, (await GetAsync(run.Id)).Id);
    }

    private static async Task<IReadOnlyList<RunView>> ListAsync(HttpClient client, string query) =>
        (await client.GetFromJsonAsync<Page<RunView>>($"/api/v1/runs?limit=500&{query}", Cancelled))!.Items;

    private static async Task AcknowledgedEndAsync(FakeAgent agent)
    {
        while (!(await AcknowledgedAsync(agent)).Ended)
        {
        }
    }
}
