using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Bench.Scenarios;

/// <summary>How fast the audit trail takes entries, each chained to the one before.</summary>
internal static class AuditAppends
{
    private const int Count = 50_000;
    private const int Batch = 1000;

    private const string PlainTable = """
        CREATE TABLE plain_entries ("Id" char(36) PRIMARY KEY, "At" bigint, "Actor" varchar(256), "Action" varchar(100), "Target" varchar(1000), "Allowed" boolean,
            "Detail" varchar(1000), "RemoteAddress" varchar(64))
        """;

    private const string PlainInsert = """
        INSERT INTO plain_entries ("Id", "At", "Actor", "Action", "Target", "Allowed", "Detail", "RemoteAddress")
        VALUES (@id, @at, @actor, @action, @target, @allowed, @detail, @address)
        """;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var rows = new List<Row>
        {
            await OnAsync("SQLite", new Sqlite(Path.Combine(context.NewFolder("audit"), "operone.db")), context.Cancellation),
        };
        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        rows.Add(missing is not null
            ? new("audit entries appended on PostgreSQL", $"not measured: {missing}", "", null, "")
            : await OnAsync("PostgreSQL (on this machine, without fsync)", new Postgres(connection!), context.Cancellation));
        return rows;
    }

    private static async Task<Row> OnAsync(string name, IDbContextFactory<OperoneDb> databases, CancellationToken cancellationToken)
    {
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            await db.Database.MigrateAsync(cancellationToken);
            await db.Database.ExecuteSqlRawAsync(PlainTable, cancellationToken);
        }

        await AuditLedger.SealOldAsync(databases, cancellationToken);
        await AppendAsync(databases, 2 * Batch, cancellationToken);
        var chained = await AppendAsync(databases, Count, cancellationToken);
        await InsertAsync(databases, 2 * Batch, cancellationToken);
        var plain = await InsertAsync(databases, Count, cancellationToken);
        return new(
            $"audit entries appended on {name}", Rate(chained), "", null, $"plain inserts of as much text, {Batch:N0} a transaction, without a chain: {Rate(plain)}");
    }

    /// <summary>By the trail that every service notes to, from the first note until all is stored.</summary>
    private static async Task<double> AppendAsync(IDbContextFactory<OperoneDb> databases, int count, CancellationToken cancellationToken)
    {
        using var trail = new AuditTrail(databases, TimeProvider.System, NullLogger<AuditTrail>.Instance);
        await trail.StartAsync(cancellationToken);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            await trail.NoteAsync(Actor.System, "run.create", $"device-{i}", allowed: true, Detail(i), cancellationToken);
        }

        // It stores what waits before it stops.
        await trail.StopAsync(cancellationToken);
        var took = Stopwatch.GetElapsedTime(began);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<AuditEntry>().CountAsync(cancellationToken) >= count
            ? count / took.TotalSeconds
            : throw new InvalidOperationException("Not every entry was stored.");
    }

    private static async Task<double> InsertAsync(IDbContextFactory<OperoneDb> databases, int count, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        for (var from = 0; from < count; from += Batch)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var sql = new SqlBatch(db);
            for (var i = from; i < from + Batch; i++)
            {
                sql.Add(PlainInsert, ("id", Guid.CreateVersion7().ToString()), ("at", DateTimeOffset.UtcNow.UtcTicks), ("actor", "system"), ("action", "run.create"),
                    ("target", $"device-{i}"), ("allowed", true), ("detail", Detail(i)), ("address", null));
            }

            await sql.ExecuteAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Detail(int i) => $"systemctl restart nginx (on 1 devices: device-{i})";

    private static string Rate(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate:N0} a second");

    private sealed class Sqlite(string file) : IDbContextFactory<OperoneDb>
    {
        public OperoneDb CreateDbContext() => new SqliteDb(new DbContextOptionsBuilder<SqliteDb>().UseSqlite($"Data Source={file};Default Timeout=30")
            .AddInterceptors(new DataRegistration.SqlitePragmas()).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);
    }

    private sealed class Postgres(string connection) : IDbContextFactory<OperoneDb>
    {
        public OperoneDb CreateDbContext() => new PostgresDb(new DbContextOptionsBuilder<PostgresDb>().UseNpgsql(connection)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);
    }
}
