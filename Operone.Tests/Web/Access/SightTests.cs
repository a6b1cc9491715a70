using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Shell;
using Operone.Web.Access;
using Operone.Web.Console.Palette;
using Operone.Web.Devices;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class SightOnSqlite(SqliteFixture fixture) : SightTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SightOnPostgres(PostgresFixture fixture) : SightTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>A person sees exactly the devices that some grant lets them read, and of everything else what concerns those.</summary>
public abstract class SightTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task List_OfAViewer_HasExactlyTheDevicesOfTheirGrants()
    {
        await using var fleet = await FleetAsync();
        using var prod = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod")));
        using var db = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("role=db")));
        Assert.Equal(fleet.Names("prod-web", "prod-db"), await NamesAsync(prod));
        Assert.Equal(fleet.Names("prod-db", "dev-db"), await NamesAsync(db));

        // What they ask for besides does not widen it.
        Assert.Equal(fleet.Names("prod-db"), await NamesAsync(prod, "selector=role%3Ddb"));
        Assert.Equal(fleet.Names("prod-web", "prod-db"), await NamesAsync(prod, $"q={fleet.Mark}"));
        Assert.Empty(await NamesAsync(prod, "q=dev"));
        Assert.Equal(fleet.Names("prod-web"), await NamesAsync(prod, "status=online"));
    }

    [Fact]
    public async Task List_WithADenyGrant_LacksWhatItTakes()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod"));
        await Server.GrantAsync(person, BuiltInRoles.Viewer, fleet.In("role=db"), GrantEffect.Deny);
        using var client = await Server.ClientAsync(person);
        Assert.Equal(fleet.Names("prod-web"), await NamesAsync(client));
        using var hidden = await client.GetAsync($"/api/v1/devices/{fleet["prod-db"].Name}", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
    }

    [Fact]
    public async Task CountsAndPalette_OfAViewer_AreOfTheirDevicesAlone()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod"));
        var actor = Actor(person);
        Assert.Equal((2, 1), Server.Services.GetRequiredService<DeviceSight>().Count(actor));
        using var scope = Server.Services.CreateScope();
        var palette = scope.ServiceProvider.GetRequiredService<PaletteSearch>();
        var found = await palette.FindAsync(actor, fleet.Mark, Cancelled);
        Assert.Equal(fleet.Names("prod-web", "prod-db"), found.Where(f => f.Group == "Devices").Select(f => f.Title).Order());
    }

    [Fact]
    public async Task Labels_ThatChange_MoveTheDeviceFromOneSightToTheOtherAtOnce()
    {
        await using var fleet = await FleetAsync();
        using var prod = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod")));
        using var dev = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=dev")));
        var moved = fleet["prod-web"].Name;
        (await Server.Owner.PatchAsJsonAsync($"/api/v1/devices/{moved}", new { labels = fleet.Labels("dev", "web") }, Cancelled)).EnsureSuccessStatusCode();
        Assert.Equal(fleet.Names("prod-db"), await NamesAsync(prod));
        Assert.Equal(fleet.Names("prod-web", "dev-db", "dev-web"), await NamesAsync(dev));
        Assert.Equal(HttpStatusCode.NotFound, (await prod.GetAsync($"/api/v1/devices/{moved}", Cancelled)).StatusCode);

        // Both the old and the new labels are in the audit trail.
        var entry = await EventuallyAsync(async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=100", Cancelled))!
            .Items.FirstOrDefault(e => e.Action == "device.update" && e.Target == moved), "the audit entry");
        Assert.Contains($"labels from env=prod,fleet={fleet.Mark},role=web to env=dev,fleet={fleet.Mark},role=web", entry.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_ToLabelsBeyondOnesOwn_IsRefused()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator, fleet.In("env=dev"));
        await Server.GrantAsync(person, BuiltInRoles.Viewer, fleet.In("env=prod"));
        await Server.GrantAsync(person, BuiltInRoles.Operator, fleet.In("role=db"), GrantEffect.Deny);
        using var client = await Server.ClientAsync(person);

        // Out of what they manage.
        await RefusedAsync("dev-web", fleet.Labels("prod", "web"), HttpStatusCode.Forbidden, "labels-outside");
        // What they may read and not manage.
        await RefusedAsync("prod-web", fleet.Labels("dev", "web"), HttpStatusCode.Forbidden, "permission-missing");
        // Out of their sight.
        await RefusedAsync("prod-db", fleet.Labels("dev", "web"), HttpStatusCode.NotFound, "device-not-found");
        // Away from a deny grant, which would give them commands on it. It is denied to read, so that it is not there for them.
        await RefusedAsync("dev-db", fleet.Labels("dev", "web"), HttpStatusCode.Forbidden, "labels-raise");
        // What stays within is taken.
        var same = fleet.Labels("dev", "web");
        same["rack"] = "r1";
        (await client.PatchAsJsonAsync($"/api/v1/devices/{fleet["dev-web"].Name}", new { labels = same }, Cancelled)).EnsureSuccessStatusCode();

        async Task RefusedAsync(string device, Dictionary<string, string> labels, HttpStatusCode status, string code)
        {
            using var response = await client.PatchAsJsonAsync($"/api/v1/devices/{fleet[device].Name}", new { labels }, Cancelled);
            Assert.Equal(status, response.StatusCode);
            Assert.EndsWith("/" + code, (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task EnrollmentTokens_OfWhoManagesSomeDevices_AreForThoseAlone()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator, $"env!=prod,fleet={fleet.Mark}");
        using var client = await Server.ClientAsync(person);
        var theirs = await Server.CreateEnrollmentTokenAsync(labels: fleet.Labels("prod", "web"));
        using var refused = await client.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("t", fleet.Labels("prod", "web")), Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var made = await client.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("t", new Dictionary<string, string> { ["fleet"] = fleet.Mark }, Uses: 3), Cancelled);
        var mine = (await made.Content.ReadFromJsonAsync<EnrollmentTokenView>(Cancelled))!;
        var listed = (await client.GetFromJsonAsync<Page<EnrollmentTokenView>>("/api/v1/enrollment-tokens?limit=500", Cancelled))!.Items;
        Assert.Contains(listed, t => t.Id == mine.Id);
        Assert.All(listed, t => Assert.True(t.Labels.GetValueOrDefault("fleet") == fleet.Mark && t.Labels.GetValueOrDefault("env") != "prod"));
        Assert.Equal(HttpStatusCode.NotFound, (await client.DeleteAsync($"/api/v1/enrollment-tokens/{theirs.Id}", Cancelled)).StatusCode);

        // A device cannot label itself out of what the maker manages.
        await Assert.ThrowsAsync<HttpRequestException>(() => FakeAgent.EnrollAsync(Server, mine.Token!, $"{fleet.Mark}-escape", new() { ["env"] = "prod" }));
        await using var inside = await FakeAgent.EnrollAsync(Server, mine.Token!, $"{fleet.Mark}-inside", new() { ["env"] = "test" });
        Assert.Contains($"{fleet.Mark}-inside", await NamesAsync(client));
    }

    [Fact]
    public async Task Events_OfAViewer_AreOfTheirDevicesAndRuns()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer, fleet.In("env=prod"));
        using var client = await Server.ClientAsync(person);
        var seen = await CreateAsync(new { command = "true", target = new { devices = fleet.Names("prod-web", "dev-web") } });
        var unseen = await CreateAsync(new { command = "true", target = new { devices = fleet.Names("dev-web") } });
        await EventuallyAsync(async () => (await EventsAsync(Server.Owner)).Find(e => e.Data.RunId == unseen.Id), "the event of the last run");

        var events = await EventsAsync(client);
        var ids = new[] { fleet["prod-web"].Id, fleet["prod-db"].Id };
        Assert.All(events, e => Assert.True(e.Data.DeviceId is { } device ? ids.Contains(device) : e.Data.RunId == seen.Id, $"{e.Type} {e.Subject}"));
        Assert.Equal(ids.Order(), events.Where(e => e.Type == EventTypes.DeviceEnrolled).Select(e => e.Data.DeviceId!.Value).Order());

        // On how many devices it was is not for who sees some of them.
        Assert.Equal(["command"], Assert.Single(events, e => e.Type == EventTypes.RunCreated).Data.Details!.Keys);
        Assert.Empty((await client.GetFromJsonAsync<Page<EventView>>($"/api/v1/events?deviceId={fleet["dev-web"].Id}", Cancelled))!.Items);
    }

    [Fact]
    public async Task EventStream_OfAViewer_TellsOfTheirDevicesAndEndsWithTheirGrant()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync();
        var grant = await Server.GrantAsync(person, BuiltInRoles.Viewer, fleet.In("env=prod"));
        using var client = await Server.ClientAsync(person);
        using var response = await client.GetAsync("/api/v1/events/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        await fleet["dev-web"].CloseAsync();
        await fleet["prod-web"].CloseAsync();
        string? line;
        do
        {
            line = await reader.ReadLineAsync(Cancelled);
            Assert.DoesNotContain(fleet["dev-web"].Id.ToString(), line, StringComparison.Ordinal);
        }
        while (line is not null && !line.Contains(EventTypes.DeviceDisconnected, StringComparison.Ordinal));
        while (line?.StartsWith("data: ", StringComparison.Ordinal) == false)
        {
            line = await reader.ReadLineAsync(Cancelled);
        }

        Assert.Contains(fleet["prod-web"].Id.ToString(), line, StringComparison.Ordinal);

        await UngrantAsync(grant);
        await fleet["prod-web"].ConnectAsync();
        while (await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancelled) is { } more)
        {
            Assert.DoesNotContain("data: ", more, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Decision_OnADeviceThatOneMayNotSee_IsLikeOneOnNothing()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        await Server.GrantAsync(person, BuiltInRoles.Viewer, fleet.In("env=dev"), GrantEffect.Deny);
        using var client = await Server.ClientAsync(person);
        var route = $"/api/v1/people/{person.Id}/decision?permission=runs.create&device=";
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(route + fleet["prod-web"].Name, Cancelled)).StatusCode);
        foreach (var device in new[] { fleet["dev-web"].Name, fleet["dev-web"].Id.ToString(), "no-such-device" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(route + device, Cancelled)).StatusCode);
        }
    }

    [Fact]
    public async Task References_ToWhatOneMayNotSee_AreLikeThoseToNothing()
    {
        await using var fleet = await FleetAsync();
        var person = await Server.CreatePersonAsync(BuiltInRoles.Administrator, fleet.In("env=prod"));
        using var client = await Server.ClientAsync(person);
        var hidden = fleet["dev-web"];
        var run = await CreateAsync(new { command = "true", target = new { devices = new[] { hidden.Name } } });
        await StartedAsync(hidden);
        (string Method, string Route, object? Body)[] routes =
        [
            ("GET", "/api/v1/devices/{device}", null),
            ("GET", "/api/v1/devices/{device}/telemetry", null),
            ("PATCH", "/api/v1/devices/{device}", new { name = "mine" }),
            ("PATCH", "/api/v1/devices/{device}", new { labels = fleet.Labels("prod", "web") }),
            ("DELETE", "/api/v1/devices/{device}", null),
            ("GET", "/api/v1/runs/{run}", null),
            ("GET", "/api/v1/runs/{run}?waitSeconds=1", null),
            ("GET", "/api/v1/runs/{run}/stream", null),
            ("GET", "/api/v1/runs/{run}/executions/{device}/stdout", null),
            ("GET", "/api/v1/runs/{run}/executions/{device}/stderr", null),
            ("GET", "/api/v1/runs/{run}/executions/{device}/output", null),
            ("POST", "/api/v1/runs/{run}/cancel", null),
        ];
        foreach (var (method, route, body) in routes)
        {
            foreach (var (device, nothing) in new[] { (hidden.Name, "no-such-device"), (hidden.Id.ToString(), Guid.NewGuid().ToString()) })
            {
                var noRun = Guid.NewGuid().ToString();
                var real = await AskAsync(method, Fill(route, device, run.Id.ToString()), body);
                var fake = await AskAsync(method, Fill(route, nothing, noRun), body);
                Assert.True(real.Status == 404 && fake.Status == 404, $"{method} {route}: {real} {fake}");
                Assert.Equal(
                    fake with { Detail = fake.Detail!.Replace(nothing, "X", StringComparison.Ordinal).Replace(noRun, "Y", StringComparison.Ordinal) },
                    real with { Detail = real.Detail!.Replace(device, "X", StringComparison.Ordinal).Replace(run.Id.ToString(), "Y", StringComparison.Ordinal) });
            }
        }

        // Aiming at it says no more.
        foreach (var (device, nothing) in new[] { (hidden.Name, "no-such-device"), (hidden.Id.ToString(), Guid.NewGuid().ToString()) })
        {
            var real = await AskAsync("POST", "/api/v1/runs", new { command = "true", target = new { devices = new[] { device } } });
            var fake = await AskAsync("POST", "/api/v1/runs", new { command = "true", target = new { devices = new[] { nothing } } });
            Assert.Equal((422, fake.Type, fake.Detail!.Replace(nothing, device, StringComparison.Ordinal)), (real.Status!.Value, real.Type, real.Detail));
            Assert.Empty((await client.GetFromJsonAsync<Page<RunView>>($"/api/v1/runs?device={hidden.Id}", Cancelled))!.Items);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/runs?device={hidden.Name}", Cancelled)).StatusCode);

        // Nothing came of all that.
        Assert.NotNull(await Server.Owner.GetFromJsonAsync<DeviceView>($"/api/v1/devices/{hidden.Name}", Cancelled));
        Assert.Equal(RunStatus.Running, (await GetAsync(run.Id)).Status);

        async Task<(int? Status, string? Type, string? Title, string? Detail)> AskAsync(string method, string address, object? body)
        {
            using var request = new HttpRequestMessage(new(method), address) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await client.SendAsync(request, Cancelled);
            var problem = await OperoneServer.ReadProblemAsync(response);
            return (problem.Status, problem.Type, problem.Title, problem.Detail);
        }

        static string Fill(string route, string device, string run) =>
            route.Replace("{device}", device, StringComparison.Ordinal).Replace("{run}", run, StringComparison.Ordinal);
    }

    internal Task<SightFleet> FleetAsync() => SightFleet.CreateAsync(Server);

    /// <summary>What a person is for a service.</summary>
    internal Actor Actor(TestPerson person) => new(person.Id, person.Email, new PersonStanding(Server.Services, person.Id));

    internal async Task UngrantAsync(Guid grant)
    {
        await using var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled);
        change.Db.Remove((await change.Db.Set<Grant>().FindAsync([grant], Cancelled))!);
        Assert.Null(await change.CommitAsync(Cancelled));
    }

    private static async Task<List<string>> NamesAsync(HttpClient client, string query = "") =>
        [.. (await client.GetFromJsonAsync<Page<DeviceView>>($"/api/v1/devices?limit=500&{query}", Cancelled))!.Items.Select(d => d.Name).Order()];

    private static async Task<List<EventView>> EventsAsync(HttpClient client) =>
        [.. (await client.GetFromJsonAsync<Page<EventView>>("/api/v1/events?limit=500", Cancelled))!.Items];
}
