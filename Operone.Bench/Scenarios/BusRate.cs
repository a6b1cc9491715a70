using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operone.Tests.Hosting;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Events.Subscribers;
using Operone.Web.Hosting.Nodes;

namespace Operone.Bench.Scenarios;

/// <summary>How many events a second go through the bus, each written with a change and given to 100 subscribers that keep their places.</summary>
internal static class BusRate
{
    private const int Count = 20_000;
    private const int Batch = 100;
    private const int Singles = 100;
    private const int Subscribers = 100;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var rows = new List<Row>();
        await using (var node = await Node.StartAsync(new() { ["Operone:DataDirectory"] = context.NewFolder("events") }, context.Cancellation))
        {
            rows.AddRange(await OnAsync("SQLite", node, node, context.Cancellation));
        }

        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        if (missing is not null)
        {
            return [.. rows, new("events on PostgreSQL", $"not measured: {missing}", "", null, "")];
        }

        var settings = new Dictionary<string, string?> { ["ConnectionStrings:Operone"] = connection, ["Operone:DataDirectory"] = context.NewFolder("events-pg") };
        await using (var node = await Node.StartAsync(settings, context.Cancellation))
        {
            rows.AddRange(await OnAsync("PostgreSQL (on this machine, without fsync)", node, node, context.Cancellation));
        }

        if (!RedisServer.IsInstalled)
        {
            return [.. rows, new("events between two nodes", "not measured: Redis is not installed", "", null, "")];
        }

        await using var redis = await RedisServer.StartAsync();
        (_, settings["ConnectionStrings:Operone"]) = await PostgresServer.CreateDatabaseAsync();
        settings["ConnectionStrings:Redis"] = redis.Connection;
        settings["Operone:Node:Address"] = "http://127.0.0.1:9";
        await using var first = await Node.StartAsync(settings, context.Cancellation);
        await using var second = await Node.StartAsync(settings, context.Cancellation);

        // The first has all subscribers; what is measured is published on the second.
        rows.AddRange(await OnAsync("PostgreSQL and Redis, published on one node and taken on the other", second, first, context.Cancellation));
        return rows;
    }

    private static async Task<IReadOnlyList<Row>> OnAsync(string name, Node publisher, Node taker, CancellationToken cancellationToken)
    {
        await PublishAsync(publisher, 1000, cancellationToken);
        await taker.TakesAsync(1000, cancellationToken);
        var began = Stopwatch.GetTimestamp();
        await PublishAsync(publisher, Count, cancellationToken);
        var written = Stopwatch.GetElapsedTime(began);
        await taker.TakesAsync(1000 + Count, cancellationToken);
        var taken = Stopwatch.GetElapsedTime(began);
        var plain = await PlainAsync(publisher, cancellationToken);
        var waits = new List<double>();
        for (var i = 1; i <= Singles; i++)
        {
            began = Stopwatch.GetTimestamp();
            await PublishAsync(publisher, 1, cancellationToken);
            await taker.TakesAsync(1000 + Count + i, cancellationToken);
            waits.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        waits.Sort();
        return
        [
            new($"events to {Subscribers} subscribers on {name}", $"{Rate(Count / taken.TotalSeconds)} ({Rate(Count / taken.TotalSeconds * Subscribers)} given); written alone: {Rate(Count / written.TotalSeconds)}",
                "", null, $"the same rows without the bus, {Batch} a transaction: {Rate(plain)}"),
            new($"one event until {Subscribers} subscribers have it on {name}", string.Create(CultureInfo.InvariantCulture, $"{waits[Singles / 2]:0.0} ms, p99 {waits[^2]:0.0} ms"), "", null, ""),
        ];
    }

    private static async Task PublishAsync(Node node, int count, CancellationToken cancellationToken)
    {
        for (var from = 0; from < count; from += Batch)
        {
            await using var db = await node.Databases.CreateDbContextAsync(cancellationToken);
            for (var i = from; i < Math.Min(from + Batch, count); i++)
            {
                db.Publish(new(Counting.Type, $"subject-{i % 50}", Data: new Dictionary<string, string?> { ["command"] = "systemctl restart nginx" }));
            }

            await db.SaveChangesAsync(cancellationToken);
        }
    }

    // Rows that are numbered already, which the bus has nothing to do with.
    private static async Task<double> PlainAsync(Node node, CancellationToken cancellationToken)
    {
        await using (var db = await node.Databases.CreateDbContextAsync(cancellationToken))
        {
            await db.Database.ExecuteSqlRawAsync("CREATE TABLE plain_events AS SELECT * FROM events WHERE 1 = 0", cancellationToken);
            await db.Database.ExecuteSqlRawAsync("CREATE UNIQUE INDEX plain_events_id ON plain_events (\"Id\")", cancellationToken);
        }

        var began = Stopwatch.GetTimestamp();
        for (var from = 0; from < Count; from += Batch)
        {
            await using var db = await node.Databases.CreateDbContextAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var sql = new SqlBatch(db);
            for (var i = from; i < from + Batch; i++)
            {
                sql.Add("""INSERT INTO plain_events ("Id", "At", "Type", "Subject", "Data", "Arrival", "Position") VALUES (@id, @at, @type, @subject, @data, 0, @position)""",
                    ("id", Guid.CreateVersion7()), ("at", DateTimeOffset.UtcNow), ("type", Counting.Type), ("subject", $"subject-{i % 50}"),
                    ("data", """{"command":"systemctl restart nginx"}"""), ("position", (long)i));
            }

            await sql.ExecuteAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return Count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Rate(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate:N0} a second");

    private sealed class Counting(int number) : IEventSubscriber
    {
        public const string Type = "bench.happened";

        private long _taken;

        public string Name => string.Create(CultureInfo.InvariantCulture, $"bench-{number}");

        public long Taken => Interlocked.Read(ref _taken);

        public bool Wants(EventEntry happened) => happened.Type == Type;

        public Task HandleAsync(IReadOnlyList<EventEntry> events, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _taken, events.Count);
            return Task.CompletedTask;
        }
    }

    /// <summary>The bus of one node: what the server has, without its doors.</summary>
    private sealed class Node(WebApplication app, IReadOnlyList<Counting> subscribers) : IAsyncDisposable
    {
        public IDbContextFactory<OperoneDb> Databases { get; } = app.Services.GetRequiredService<IDbContextFactory<OperoneDb>>();

        public static async Task<Node> StartAsync(Dictionary<string, string?> settings, CancellationToken cancellationToken)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(settings);
            builder.Services.AddSingleton(TimeProvider.System);
            builder.AddNodes();
            builder.AddData();
            builder.Services.AddBus();
            var subscribers = Enumerable.Range(0, Subscribers).Select(n => new Counting(n)).ToArray();
            foreach (var subscriber in subscribers)
            {
                builder.Services.AddSingleton<IEventSubscriber>(subscriber);
            }

            var app = builder.Build();
            app.Urls.Add("http://127.0.0.1:0");
            await app.PrepareDatabaseAsync(cancellationToken);
            await app.StartAsync(cancellationToken);
            var node = new Node(app, subscribers);
            await node.StandsAsync(cancellationToken);
            return node;
        }

        /// <summary>Waits until every subscriber has had so many.</summary>
        public async Task TakesAsync(int count, CancellationToken cancellationToken)
        {
            while (subscribers.Any(s => s.Taken < count))
            {
                await Task.Delay(1, cancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }

        private async Task StandsAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                await using var db = await Databases.CreateDbContextAsync(cancellationToken);
                if (await db.Set<EventCursor>().CountAsync(c => c.Owner != null, cancellationToken) == Subscribers)
                {
                    return;
                }

                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
