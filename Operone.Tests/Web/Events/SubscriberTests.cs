using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Tests.Hosting;
using Operone.Web.Events.Subscribers;
using Xunit;

namespace Operone.Tests.Web.Events;

/// <summary>Durable subscribers: at least once, in order, each for itself.</summary>
public abstract class SubscriberTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Type = "test.subscribed";

    [Fact]
    public async Task Subscriber_IsGivenWhatItWants_InOrder_AndGoesOnWhereItWasAfterARestart()
    {
        FakeSubscriber? current = null;
        await using var server = await Fixture.StartAnotherAsync(configure: b => b.Services.AddSingleton<IEventSubscriber>(current = new("test", Type)));
        await StandsAsync(server, "test");
        await TellAsync(server, 0, 30);
        await TakesAsync(current!, 30);
        await server.StopAsync();
        await server.StartAgainAsync();
        await TellAsync(server, 30, 40);
        await TakesAsync(current!, 10);
        Assert.Equal(Enumerable.Range(30, 10), Numbers(current!));
    }

    [Fact]
    public async Task Subscriber_ThatFails_IsGivenTheSameAgain_AndNothingIsLeftOut()
    {
        var tries = 0;
        var failing = new FakeSubscriber("failing", Type);
        failing.Before = (_, _) => Interlocked.Increment(ref tries) <= 2 ? throw new InvalidOperationException("not now") : Task.CompletedTask;
        await using var server = await Fixture.StartAnotherAsync(configure: b => b.Services.AddSingleton<IEventSubscriber>(failing));
        await StandsAsync(server, "failing");
        await TellAsync(server, 0, 5);
        await TakesAsync(failing, 5);
        Assert.Equal(Enumerable.Range(0, 5), Numbers(failing));
        Assert.True(tries > 2);
    }

    [Fact]
    public async Task Subscriber_ThatStandsStill_HoldsUpNoOther_AndLosesNothing()
    {
        var gate = new TaskCompletionSource();
        var slow = new FakeSubscriber("slow", Type) { Before = (_, _) => gate.Task };
        var quick = new FakeSubscriber("quick", Type);
        await using var server = await Fixture.StartAnotherAsync(configure: b => b.Services.AddSingleton<IEventSubscriber>(slow).AddSingleton<IEventSubscriber>(quick));
        await StandsAsync(server, "slow");
        await StandsAsync(server, "quick");
        await TellAsync(server, 0, 100);
        await TakesAsync(quick, 100);
        Assert.Empty(slow.Taken);
        gate.SetResult();
        await TakesAsync(slow, 100);
        Assert.Equal(Enumerable.Range(0, 100), Numbers(slow));
    }

    [Fact]
    public async Task Subscriber_WhosePlaceAnotherNodeHas_IsLeftAlone_UntilItsLeaseEnds()
    {
        var mine = new FakeSubscriber("contended", Type);
        await using var server = await Fixture.StartAnotherAsync(configure: b => b.Services.AddSingleton<IEventSubscriber>(mine));
        await StandsAsync(server, "contended");
        var other = Guid.NewGuid();
        await using (var db = server.OpenDatabase())
        {
            // Another node has taken it, as it would while this one was cut off from the database.
            await db.Set<EventCursor>().Where(c => c.Name == "contended").ExecuteUpdateAsync(
                set => set.SetProperty(c => c.Owner, other).SetProperty(c => c.Until, DateTimeOffset.UtcNow.AddHours(1)), Cancelled);
        }

        await TellAsync(server, 0, 3);
        await EventuallyAsync(async () =>
        {
            await using var db = server.OpenDatabase();
            var cursor = await db.Set<EventCursor>().SingleAsync(c => c.Name == "contended", Cancelled);
            return cursor.Owner == other && server.Log.Lines.Any(l => l.Contains("Another node runs the subscriber contended", StringComparison.Ordinal));
        }, "it is left to the other");
        await using (var db = server.OpenDatabase())
        {
            await db.Set<EventCursor>().Where(c => c.Name == "contended").ExecuteUpdateAsync(set => set.SetProperty(c => c.Until, DateTimeOffset.UtcNow.AddHours(-1)), Cancelled);
        }

        // What it had begun is given again: the other has not moved the place on.
        await TellAsync(server, 3, 4);
        await EventuallyAsync(() => Task.FromResult(Numbers(mine).Contains(3)), "all again", 30);
        Assert.Equal([0, 1, 2, 3], Numbers(mine).Distinct().Order());
    }

    private static async Task StandsAsync(OperoneServer server, string name) => await EventuallyAsync(async () =>
    {
        await using var db = server.OpenDatabase();
        return await db.Set<EventCursor>().AnyAsync(c => c.Name == name && c.Owner != null, Cancelled);
    }, $"{name} is run");

    private static async Task TellAsync(OperoneServer server, int from, int to)
    {
        for (var n = from; n < to; n++)
        {
            await using var db = server.OpenDatabase();
            db.Publish(new(Type, "one", Data: new Dictionary<string, string?> { ["n"] = n.ToString(CultureInfo.InvariantCulture) }));
            await db.SaveChangesAsync(Cancelled);
        }
    }

    private static Task TakesAsync(FakeSubscriber subscriber, int count) => EventuallyAsync(() => Task.FromResult(subscriber.Taken.Count >= count), $"{count} events", 30);

    private static List<int> Numbers(FakeSubscriber subscriber) => [.. subscriber.Taken.Select(e => int.Parse(e.Data!["n"]!, CultureInfo.InvariantCulture))];
}

public sealed class SubscribersOnSqlite(SqliteFixture fixture) : SubscriberTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SubscribersOnPostgres(PostgresFixture fixture) : SubscriberTests(fixture), IClassFixture<PostgresFixture>;
