using Microsoft.EntityFrameworkCore;
using Operone.Tests.Hosting;
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

    [Fact]
    public async Task Preparation_BySeveralNodesAtOnce_MakesTheTablesOnce()
    {
        var (missing, connection) = await PostgresServer.CreateEmptyDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var cancel = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => DatabasePreparation.PrepareAsync(new Node(connection!), cancel), cancel)));
        await using var db = new Node(connection!).CreateDbContext();
        Assert.Equal(db.Database.GetMigrations(), await db.Database.GetAppliedMigrationsAsync(cancel));
    }

    private sealed class Node(string connection) : IDbContextFactory<OperoneDb>
    {
        public OperoneDb CreateDbContext() => new PostgresDb(new DbContextOptionsBuilder<PostgresDb>().UseNpgsql(connection).Options);
    }
}
