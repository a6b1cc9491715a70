using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Events;
using Xunit;

namespace Operone.Tests.Web.Events;

public abstract class EventTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task List_ByTypeAndDevice_GivesNewestFirst()
    {
        await using var agent = await Server.ConnectAsync("eventful");
        await agent.CloseAsync();
        var events = await EventuallyAsync(async () => await ListAsync($"deviceId={agent.Id}") is { Count: 3 } all ? all : null, "three events");
        Assert.Equal([EventTypes.DeviceDisconnected, EventTypes.DeviceConnected, EventTypes.DeviceEnrolled], events.Select(e => e.Type));
        Assert.Equal(events.OrderByDescending(e => e.Id), events);
        Assert.All(events, e => Assert.Equal(("1.0", "eventful", agent.Id), (e.Specversion, e.Subject, e.Data.DeviceId!.Value)));
        Assert.Equal(2, (await ListAsync($"deviceId={agent.Id}&type=device.*&from={Time(events[1].Time)}")).Count);
        Assert.Single(await ListAsync($"deviceId={agent.Id}&to={Time(events[2].Time)}"));
        Assert.Single(await ListAsync($"deviceId={agent.Id}&type={EventTypes.DeviceConnected}"));
        var page = await Server.Owner.GetFromJsonAsync<Page<EventView>>($"/api/v1/events?deviceId={agent.Id}&limit=2", Cancelled);
        Assert.Equal(events[2].Id, Assert.Single(await ListAsync($"deviceId={agent.Id}&limit=2&cursor={page!.NextCursor}")).Id);
    }

    [Fact]
    public async Task Stream_AfterABreak_GoesOnWhereItWas()
    {
        var mark = $"mark-{Guid.NewGuid():N}";
        var device = Guid.CreateVersion7();
        using var live = await OpenAsync($"deviceId={device}", null);
        await PublishAsync(device, mark, 1, 3);
        var first = await ReadAsync(live, 3);
        Assert.Equal(["1", "2", "3"], first.Select(e => e.Data.Details!["n"]));

        // Nobody listens for a while.
        await PublishAsync(device, mark, 4, 6);
        using var again = await OpenAsync($"deviceId={device}", first[1].Id.ToString());
        Assert.Equal(["3", "4", "5", "6"], (await ReadAsync(again, 4)).Select(e => e.Data.Details!["n"]));
    }

    [Fact]
    public async Task Stream_WhenTheNodeStops_EndsAtOnce()
    {
        await using var server = await Fixture.StartAnotherAsync();
        using var response = await server.Owner.GetAsync("/api/v1/events/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        var stopped = server.StopAsync();
        while (await reader.ReadLineAsync(Cancelled) is not null)
        {
        }

        await stopped;
    }

    [Fact]
    public async Task Stream_ThatShowsNothingOfWhatHappens_GoesOnBehindIt()
    {
        var device = Guid.CreateVersion7();
        await PublishAsync(device, "mark", 1, 3);
        await using var db = Server.OpenDatabase();
        var head = (await EventuallyAsync(
            async () => await db.Set<EventEntry>().Where(e => e.DeviceId == device && e.Position != null).OrderByDescending(e => e.Position).ToListAsync(Cancelled) is { Count: 3 } all ? all[0] : null,
            "they are numbered")).Position;
        var service = Server.Services.GetRequiredService<EventService>();
        var nothing = await service.ReadAfterAsync(Actor.System, new("no.such-type"), 0, Cancelled);
        Assert.Empty(nothing.Value.Events);
        Assert.True(nothing.Value.To >= head);
        var some = await service.ReadAfterAsync(Actor.System, new(DeviceId: device), 0, Cancelled);
        Assert.Equal((3, true, false), (some.Value.Events.Count, some.Value.To >= head, some.Value.MayGrow));
    }

    [Fact]
    public void Place_OfWhoSeesAPart_IsSettledOnceWhatIsBehindItWasLookedAtAgain()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var settled = new SettledPlace(time);
        Assert.Equal(0, settled.Pass(5));
        time.Advance(SettledPlace.Patience - TimeSpan.FromSeconds(1));
        Assert.Equal(0, settled.Pass(9));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(5, settled.Pass(12));
        time.Advance(SettledPlace.Patience);
        Assert.Equal(12, settled.Pass(12));
    }

    [Theory]
    [InlineData("from=0001-01-01T00:00:00Z")]
    [InlineData("to=9999-12-31T23:59:59Z")]
    public async Task List_FromTheBeginningOrToTheEndOfTime_IsAnswered(string query)
    {
        var device = Guid.CreateVersion7();
        await PublishAsync(device, "mark", 1, 1);
        await EventuallyAsync(async () => (await ListAsync($"deviceId={device}&{query}")).Count == 1, "what has happened is in between");
    }

    [Theory]
    [InlineData("events?type=%00")]
    [InlineData("alerts?rule=%00")]
    [InlineData("schedules?q=%00")]
    [InlineData("jobs?q=%00")]
    public async Task Query_WithANul_IsNoFaultOfTheServer(string query)
    {
        using var response = await Server.Owner.GetAsync($"/api/v1/{query}", Cancelled);
        Assert.InRange((int)response.StatusCode, 200, 499);
    }

    [Fact]
    public void Key_OfWhatHappensToAWorkload_IsTheWorkloadAlsoOnItsDevices()
    {
        EventEntry Of(string type, Guid? device) => new() { Id = Guid.NewGuid(), At = DateTimeOffset.UtcNow, Type = type, Subject = "web", DeviceId = device };
        Assert.Equal(Of(EventTypes.WorkloadRemoved, null).Key, Of(EventTypes.WorkloadInstanceEnded, Guid.NewGuid()).Key);
        Assert.NotEqual(Of(EventTypes.DeviceConnected, Guid.NewGuid()).Key, Of(EventTypes.DeviceConnected, Guid.NewGuid()).Key);
    }

    [Theory]
    [InlineData("deviceId=me", "deviceId")]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("limit=1000", "limit")]
    public async Task List_WithABadParameter_NamesIt(string query, string field)
    {
        using var response = await Server.Owner.GetAsync($"/api/v1/events?{query}", Cancelled);
        Assert.Equal([field], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    [Fact]
    public async Task Stream_WithABadLastEventId_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events/stream");
        request.Headers.Add("Last-Event-ID", "seven");
        using var response = await Server.Owner.SendAsync(request, Cancelled);
        Assert.Equal(["Last-Event-ID"], (await OperoneServer.ReadProblemAsync(response)).Errors!.Keys);
    }

    [Fact]
    public async Task Upkeep_DeletesWhatIsOlderThanThirtyDays()
    {
        var device = Guid.CreateVersion7();
        await using (var db = Server.OpenDatabase())
        {
            foreach (var days in (int[])[31, 29])
            {
                var at = DateTimeOffset.UtcNow.AddDays(-days);
                db.Add(new EventEntry { Id = Guid.CreateVersion7(at), At = at, Type = "test.happened", DeviceId = device });
            }

            await db.SaveChangesAsync(Cancelled);
        }

        await Server.RunJobAsync("events");
        Assert.Single(await ListAsync($"deviceId={device}"));
    }

    private async Task<List<EventView>> ListAsync(string query) =>
        [.. (await Server.Owner.GetFromJsonAsync<Page<EventView>>($"/api/v1/events?{query}", Cancelled))!.Items];

    private async Task PublishAsync(Guid device, string subject, int from, int to)
    {
        var events = Server.Services.GetRequiredService<IEvents>();
        for (var n = from; n <= to; n++)
        {
            await events.PublishAsync(
                new("test.happened", subject, device, Data: new Dictionary<string, string?> { ["n"] = n.ToString(System.Globalization.CultureInfo.InvariantCulture) }), Cancelled);
        }
    }

    private async Task<StreamReader> OpenAsync(string query, string? lastEventId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/stream?{query}");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await Server.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new(await response.Content.ReadAsStreamAsync(Cancelled));
    }

    private static async Task<List<EventView>> ReadAsync(StreamReader reader, int count)
    {
        var events = new List<EventView>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(15));
        while (events.Count < count && await reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                events.Add(JsonSerializer.Deserialize<EventView>(line[6..], JsonSerializerOptions.Web)!);
            }
        }

        return events;
    }

    private static string Time(DateTimeOffset at) => Uri.EscapeDataString(at.ToString("O"));
}

public sealed class EventsOnSqlite(SqliteFixture fixture) : EventTests(fixture), IClassFixture<SqliteFixture>;

public sealed class EventsOnPostgres(PostgresFixture fixture) : EventTests(fixture), IClassFixture<PostgresFixture>;
