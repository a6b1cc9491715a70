using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Operone.Core.Events;

namespace Operone.Web.Data;

/// <summary>
/// The database. It knows no room: the rooms' entity configurations are found by scanning, and a room uses
/// <see cref="DbContext.Set{TEntity}()"/> for its own entities.
/// </summary>
internal abstract class OperoneDb(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>
    /// Tells of a change that is made here: the event is written by the next save, in the transaction of the change, so that there
    /// is one exactly where the change is. Gives the event's id.
    /// </summary>
    public Guid Publish(OperoneEvent happened)
    {
        var row = this.GetService<IOutbox>().ToRow(happened);
        Add((object)row);
        return row.Id;
    }

    /// <inheritdoc/>
    /// <remarks>Rows that are <see cref="IWrittenLast"/> are written after all others, in the same transaction.</remarks>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var last = WrittenLast(EntityState.Added);
        if (last.Count == 0)
        {
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }

        await using var own = Database.CurrentTransaction is null ? await Database.BeginTransactionAsync(cancellationToken) : null;
        foreach (var row in last)
        {
            Entry(row).State = EntityState.Detached;
        }

        int written;
        try
        {
            written = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }
        finally
        {
            AddRange(last);
        }

        written += await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        if (own is not null)
        {
            await own.CommitAsync(cancellationToken);
        }

        return written;
    }

    /// <summary>The rows of this kind that the context knows in this state. What else has changed is not looked for.</summary>
    internal List<object> WrittenLast(EntityState state)
    {
        var auto = ChangeTracker.AutoDetectChangesEnabled;
        ChangeTracker.AutoDetectChangesEnabled = false;
        try
        {
            return [.. ChangeTracker.Entries<IWrittenLast>().Where(e => e.State == state).Select(e => e.Entity)];
        }
        finally
        {
            ChangeTracker.AutoDetectChangesEnabled = auto;
        }
    }

    /// <inheritdoc/>
    public override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        WrittenLast(EntityState.Added).Count > 0
            ? throw new InvalidOperationException("Events are saved by SaveChangesAsync.")
            : base.SaveChanges(acceptAllChangesOnSuccess);

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(OperoneDb).Assembly);

    /// <summary>What the database writes as <see cref="IWrittenLast.Arrival"/>.</summary>
    protected static void Number(ModelBuilder modelBuilder, string sql)
    {
        foreach (var type in modelBuilder.Model.GetEntityTypes().Where(t => typeof(IWrittenLast).IsAssignableFrom(t.ClrType)).ToList())
        {
            modelBuilder.Entity(type.ClrType).Property(nameof(IWrittenLast.Arrival)).HasDefaultValueSql(sql);
        }
    }
}

/// <summary>The embedded database.</summary>
internal sealed class SqliteDb(DbContextOptions<SqliteDb> options) : OperoneDb(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        Conventions.SqliteConventions.Apply(configurationBuilder);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        Number(modelBuilder, "0");
    }
}

/// <summary>PostgreSQL.</summary>
internal sealed class PostgresDb(DbContextOptions<PostgresDb> options) : OperoneDb(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        Conventions.PostgresConventions.Apply(configurationBuilder);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.HasSequence<long>("arrivals");
        Number(modelBuilder, "nextval('arrivals')");
    }
}
