using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Operone.Web.Data;

/// <summary>Brings the database up to date at start-up, while other nodes that start wait for that.</summary>
internal static class DatabasePreparation
{
    /// <summary>The number of the lock in PostgreSQL that a node holds while it migrates.</summary>
    private const long MigrationLock = 0x6F70_6D69_6772_6174;

    public static Task PrepareDatabaseAsync(this WebApplication app, CancellationToken cancellationToken) =>
        PrepareAsync(app.Services.GetRequiredService<IDbContextFactory<OperoneDb>>(), cancellationToken);

    public static async Task PrepareAsync(IDbContextFactory<OperoneDb> databases, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (db is SqliteDb)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(
                new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(db.Database.GetConnectionString()).DataSource))!);
        }

        // Migrate compares whole models, which takes longer than all the rest of a start: only where there is something to do.
        if ((await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
        {
            await (db is SqliteDb ? db.Database.MigrateAsync(cancellationToken) : MigrateAloneAsync(db, databases, cancellationToken));
        }

        if (db is SqliteDb)
        {
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL;", cancellationToken);
        }
    }

    /// <summary>
    /// Migrates while no other node does. EF's own lock is not enough on PostgreSQL: it ends with the transaction of each migration, so that
    /// two nodes that began with the same list take turns in it, and one makes a column that the other has made.
    /// </summary>
    private static async Task MigrateAloneAsync(OperoneDb db, IDbContextFactory<OperoneDb> databases, CancellationToken cancellationToken)
    {
        var creator = db.GetService<IRelationalDatabaseCreator>();
        if (!await creator.ExistsAsync(cancellationToken))
        {
            await creator.CreateAsync(cancellationToken);
        }

        // On a connection of its own, and waiting for as long as it takes.
        await using var holder = await databases.CreateDbContextAsync(cancellationToken);
        holder.Database.SetCommandTimeout(0);
        await holder.Database.OpenConnectionAsync(cancellationToken);
        await holder.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancellationToken);
        try
        {
            await db.Database.MigrateAsync(cancellationToken);
        }
        finally
        {
            // The connection goes back to the pool, and would keep the lock there.
            await holder.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", CancellationToken.None);
        }
    }
}
