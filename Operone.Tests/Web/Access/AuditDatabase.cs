using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Operone.Tests.Hosting;
using Operone.Web.Data;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>An empty database without a node, brought to a migration.</summary>
internal sealed class AuditDatabase : IDbContextFactory<OperoneDb>, IAsyncDisposable
{
    private readonly DirectoryInfo? _folder;
    private readonly string _connection;

    private AuditDatabase(string connection, DirectoryInfo? folder) => (_connection, _folder) = (connection, folder);

    public bool IsSqlite => _folder is not null;

    public static async Task<AuditDatabase> CreateAsync(Database database, string? migration = null)
    {
        AuditDatabase made;
        if (database == Database.Sqlite)
        {
            var folder = Directory.CreateTempSubdirectory("operone-tests-");
            made = new($"Data Source={Path.Combine(folder.FullName, "operone.db")};Pooling=False;Default Timeout=30", folder);
        }
        else
        {
            var (missing, connection) = await PostgresServer.CreateEmptyDatabaseAsync();
            Assert.SkipWhen(missing is not null, missing ?? "");
            made = new(connection!, null);
        }

        await made.MigrateAsync(migration);
        return made;
    }

    public async Task MigrateAsync(string? migration = null)
    {
        await using var db = CreateDbContext();
        await db.GetService<IMigrator>().MigrateAsync(migration, TestContext.Current.CancellationToken);
    }

    public OperoneDb CreateDbContext() => IsSqlite
        ? new SqliteDb(new DbContextOptionsBuilder<SqliteDb>().UseSqlite(_connection).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options)
        : new PostgresDb(new DbContextOptionsBuilder<PostgresDb>().UseNpgsql(_connection).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);

    public async Task ExecuteAsync(string sql)
    {
        await using var db = CreateDbContext();
        await db.Database.ExecuteSqlRawAsync(sql, TestContext.Current.CancellationToken);
    }

    /// <summary>What somebody does first who wants to change what was noted.</summary>
    public async Task DropGuardsAsync()
    {
        if (!IsSqlite)
        {
            await ExecuteAsync("ALTER TABLE audit_entries DISABLE TRIGGER ALL; ALTER TABLE audit_head DISABLE TRIGGER ALL; ALTER TABLE audit_anchors DISABLE TRIGGER ALL");
            return;
        }

        foreach (var table in (string[])["entries", "head", "anchors"])
        {
            await ExecuteAsync($"DROP TRIGGER audit_{table}_insert; DROP TRIGGER audit_{table}_update; DROP TRIGGER audit_{table}_delete");
        }
    }

    public ValueTask DisposeAsync()
    {
        if (!IsSqlite)
        {
            Npgsql.NpgsqlConnection.ClearPool(new(_connection));
        }

        _folder?.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
