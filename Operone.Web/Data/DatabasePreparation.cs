using Microsoft.EntityFrameworkCore;

namespace Operone.Web.Data;

/// <summary>Brings the database up to date at start-up. EF's own migration lock holds other nodes back meanwhile.</summary>
internal static class DatabasePreparation
{
    public static async Task PrepareDatabaseAsync(this WebApplication app, CancellationToken cancellationToken)
    {
        var factory = app.Services.GetRequiredService<IDbContextFactory<OperoneDb>>();
        await using var db = await factory.CreateDbContextAsync(cancellationToken);
        if (db is SqliteDb)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(
                new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(db.Database.GetConnectionString()).DataSource))!);
        }

        // Migrate compares whole models, which takes longer than all the rest of a start: only where there is something to do.
        if ((await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
        {
            await db.Database.MigrateAsync(cancellationToken);
        }

        if (db is SqliteDb)
        {
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL;", cancellationToken);
        }
    }
}
