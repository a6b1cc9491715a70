using Microsoft.AspNetCore.DataProtection;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Operone.Web.Hosting;

namespace Operone.Web.Data;

internal static class DataRegistration
{
    /// <summary>The database: PostgreSQL where <c>ConnectionStrings:Operone</c> names one, else SQLite in the data directory.</summary>
    public static void AddData(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var options = builder.Configuration.GetSection(OperoneOptions.Section).Get<OperoneOptions>() ?? new();
        if (builder.Configuration.GetConnectionString("Operone") is { Length: > 0 } postgres)
        {
            services.AddPooledDbContextFactory<PostgresDb>((provider, db) => Tune(provider, db).UseNpgsql(postgres));
            services.AddSingleton<IDbContextFactory<OperoneDb>, Factory<PostgresDb>>();
        }
        else
        {
            var text = new SqliteConnectionStringBuilder
            {
                DataSource = Path.Combine(options.DataPath, "operone.db"),
                DefaultTimeout = 30,
            }.ToString();
            services.AddPooledDbContextFactory<SqliteDb>((provider, db) => Tune(provider, db).UseSqlite(text).AddInterceptors(new SqlitePragmas()));
            services.AddSingleton<IDbContextFactory<OperoneDb>, Factory<SqliteDb>>();
        }

        services.AddSingleton<DatabaseReach>();

        // For the framework's stores (Identity, Data Protection), which ask for a scoped context.
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContext());
        services.AddDataProtection().SetApplicationName("Operone").PersistKeysToDbContext<OperoneDb>().SealKeys(builder.Configuration);

        static DbContextOptionsBuilder Tune(IServiceProvider provider, DbContextOptionsBuilder db) => db
            .AddInterceptors(new OutboxCommits(provider))
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .ConfigureWarnings(w => w
                .Ignore(CoreEventId.RowLimitingOperationWithoutOrderByWarning)
                // Who calls logs what matters; a duplicate that two requests race for is no error.
                .Log((CoreEventId.SaveChangesFailed, LogLevel.Debug), (RelationalEventId.CommandError, LogLevel.Debug)));
    }

    private sealed class Factory<TDb>(IDbContextFactory<TDb> inner) : IDbContextFactory<OperoneDb>
        where TDb : OperoneDb
    {
        public OperoneDb CreateDbContext() => inner.CreateDbContext();

        public async Task<OperoneDb> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
            await inner.CreateDbContextAsync(cancellationToken);
    }

    /// <summary>
    /// Write-ahead log, and the waiting for a lock done by SQLite itself: the driver's own waits sleep 150 ms at a time.
    /// </summary>
    internal sealed class SqlitePragmas : DbConnectionInterceptor
    {
        private const string Pragmas = "PRAGMA busy_timeout=10000; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;";

        public override void ConnectionOpened(System.Data.Common.DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(
            System.Data.Common.DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
