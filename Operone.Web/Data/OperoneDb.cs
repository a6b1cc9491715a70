using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Operone.Web.Data;

/// <summary>
/// The database. It knows no room: the rooms' entity configurations are found by scanning, and a room uses
/// <see cref="DbContext.Set{TEntity}()"/> for its own entities.
/// </summary>
internal abstract class OperoneDb(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(OperoneDb).Assembly);
}

/// <summary>The embedded database.</summary>
internal sealed class SqliteDb(DbContextOptions<SqliteDb> options) : OperoneDb(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        Conventions.SqliteConventions.Apply(configurationBuilder);
}

/// <summary>PostgreSQL.</summary>
internal sealed class PostgresDb(DbContextOptions<PostgresDb> options) : OperoneDb(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        Conventions.PostgresConventions.Apply(configurationBuilder);
}
