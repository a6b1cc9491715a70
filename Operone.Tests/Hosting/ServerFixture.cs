using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>A node for all tests of a class.</summary>
public abstract class ServerFixture(Database database, Dictionary<string, string?>? settings = null) : IAsyncLifetime
{
    private OperoneServer? _server;

    /// <summary>Why there is none, where there is none.</summary>
    public string? Missing { get; private set; }

    /// <summary>The node. The test is skipped where its database cannot be had.</summary>
    public OperoneServer Server
    {
        get
        {
            Assert.SkipWhen(Missing is not null, Missing ?? "");
            return _server!;
        }
    }

    /// <summary>Starts one more node on this fixture's kind of database, for tests that stop it or set it up otherwise.</summary>
    internal async Task<OperoneServer> StartAnotherAsync(
        Dictionary<string, string?>? settings = null, Action<Microsoft.AspNetCore.Builder.WebApplicationBuilder>? configure = null, bool withOwner = true)
    {
        if (database == Database.Sqlite)
        {
            return await OperoneServer.StartAsync(null, settings, configure, withOwner);
        }

        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        return await OperoneServer.StartAsync(connection, settings, configure, withOwner);
    }

    public async ValueTask InitializeAsync()
    {
        string? connection = null;
        if (database == Database.Postgres)
        {
            (Missing, connection) = await PostgresServer.CreateDatabaseAsync();
        }

        if (Missing is null)
        {
            _server = await OperoneServer.StartAsync(connection, settings);
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>A node on the embedded database.</summary>
public sealed class SqliteFixture() : ServerFixture(Database.Sqlite);

/// <summary>A node on PostgreSQL.</summary>
public sealed class PostgresFixture() : ServerFixture(Database.Postgres);

/// <summary>
/// Tests against a running node. The tests are in an abstract class; two sealed ones behind it run them on each database:
/// <c>public sealed class FooOnSqlite(SqliteFixture f) : FooTests(f), IClassFixture&lt;SqliteFixture&gt;;</c>
/// </summary>
public abstract class ServerTests(ServerFixture fixture) : IDisposable
{
    protected ServerFixture Fixture { get; } = fixture;

    protected OperoneServer Server => Fixture.Server;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Shows what went wrong in the node where the test failed.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed && Fixture.Missing is null)
        {
            foreach (var line in Server.Log.Lines.Where(l => !l.StartsWith("Information", StringComparison.Ordinal)).TakeLast(20))
            {
                TestContext.Current.TestOutputHelper?.WriteLine(line);
            }
        }
    }

    /// <summary>Waits until something that happens by itself has happened, and gives it.</summary>
    protected static Task<T> EventuallyAsync<T>(Func<Task<T?>> look, string what, double seconds = 15) => Eventually.BecomesAsync(look, what, seconds);
}
