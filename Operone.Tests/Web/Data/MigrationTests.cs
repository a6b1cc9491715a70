using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Xunit;

namespace Operone.Tests.Web.Data;

public sealed class MigrationTests
{
    [Fact]
    public void Model_OnSqlite_HasAMigrationForEachChange()
    {
        using var db = new SqliteDesignTimeFactory().CreateDbContext([]);
        Assert.False(db.Database.HasPendingModelChanges(), "Add a migration for both databases: CONTRIBUTING.md says how.");
    }

    [Fact]
    public void Model_OnPostgres_HasAMigrationForEachChange()
    {
        using var db = new PostgresDesignTimeFactory().CreateDbContext([]);
        Assert.False(db.Database.HasPendingModelChanges(), "Add a migration for both databases: CONTRIBUTING.md says how.");
    }

    [Fact]
    public void Migrations_OfBothDatabases_HaveTheSameNames()
    {
        using var sqlite = new SqliteDesignTimeFactory().CreateDbContext([]);
        using var postgres = new PostgresDesignTimeFactory().CreateDbContext([]);
        Assert.Equal(Names(sqlite), Names(postgres));

        static IEnumerable<string> Names(OperoneDb db) => db.Database.GetMigrations().Select(m => m.Split('_', 2)[1]);
    }
}
