using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Tests.Hosting;

/// <summary>An embedded database with its tables, made once: new ones are copies. See <see cref="PostgresServer"/>.</summary>
internal static class PreparedSqlite
{
    private static readonly Lazy<Task<string>> Prepared = new(PrepareAsync);

    /// <summary>Puts one at a path where there is none.</summary>
    public static async Task CopyAsync(string path)
    {
        if (!File.Exists(path))
        {
            File.Copy(await Prepared.Value, path);
        }
    }

    private static async Task<string> PrepareAsync()
    {
        var folder = Directory.CreateTempSubdirectory("operone-prepared-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, true);
        var file = Path.Combine(folder, "operone.db");
        var text = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
        await using var db = new SqliteDb(new DbContextOptionsBuilder<SqliteDb>().UseSqlite(text).Options);
        await db.Database.MigrateAsync();
        // What a migration leaves in the log beside it would not be copied.
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=DELETE;");
        return file;
    }
}
