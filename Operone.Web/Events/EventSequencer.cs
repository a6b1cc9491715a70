using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Events;

/// <summary>
/// Numbers committed events, one batch at a time over all nodes: the order of ids, or of any counter that is taken before the commit,
/// is not the order of commits, and who reads by it from a cursor misses what is committed late. A node numbers what it commits at
/// once; what a node that died has left unnumbered, any node finds at its next look.
/// </summary>
internal sealed partial class EventSequencer(
    IDbContextFactory<OperoneDb> databases, LiveChanges changes, TimeProvider time, ILogger<EventSequencer> logger) : BackgroundService
{
    /// <summary>How often it is looked for what nobody has told of.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private const int MaxBatch = 2000;

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Something was committed.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Numbers all that is committed.</summary>
    public async Task NumberAllAsync(CancellationToken cancellationToken)
    {
        while (await NumberSomeAsync(cancellationToken) == MaxBatch)
        {
            // there is more
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    await NumberAllAsync(stoppingToken);
                    await WaitAsync(stoppingToken);
                }
                catch (Exception exception) when (Problems.IsDatabaseAway(exception))
                {
                    Log.DatabaseAway(logger, exception.GetBaseException().Message);
                    await Task.Delay(Period, time, stoppingToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    // whatever it is, nobody is told of anything any more where this ends
                    Log.Failed(logger, exception);
                    await Task.Delay(Period, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        await using var timer = time.CreateTimer(_ => Wake(), null, Period, Timeout.InfiniteTimeSpan);
        await _wake.Reader.ReadAsync(cancellationToken);
    }

    private async Task<int> NumberSomeAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (!await db.Set<EventEntry>().AnyAsync(e => e.Position == null, cancellationToken))
        {
            return 0;
        }

        List<(string Type, long Position)> numbered;
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            var sql = new SqlBatch(db);

            // SQLite has taken the write lock when the transaction began. A statement after the lock sees what was committed before it.
            var last = (await sql.QueryAsync(
                $"SELECT \"Position\" FROM event_head WHERE \"Id\" = 1{(db is SqliteDb ? "" : " FOR UPDATE")}", row => row.GetInt64(0), cancellationToken)).Single();
            numbered = await sql.QueryAsync(
                db is SqliteDb ? NumberOnSqlite : NumberOnPostgres, row => (row.GetString(0), row.GetInt64(1)), cancellationToken, ("last", last), ("most", MaxBatch));

            // One that is deleted at the same time leaves a gap: the head is where the last one is.
            var head = numbered.Count == 0 ? last : numbered.Max(n => n.Position);
            await db.Set<EventHead>().ExecuteUpdateAsync(set => set.SetProperty(h => h.Position, head), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        if (numbered.Count > 0)
        {
            changes.Signal(LiveChanges.Events);
            if (numbered.Any(n => LiveChanges.IsAboutAccess(n.Type)))
            {
                changes.Signal(LiveChanges.Access);
            }
        }

        return numbered.Count;
    }

    private const string NumberOnPostgres = """
        UPDATE events SET "Position" = @last + numbered.n
        FROM (
            SELECT "Id", row_number() OVER (ORDER BY "Arrival", "Id") AS n
            FROM (SELECT "Id", "Arrival" FROM events WHERE "Position" IS NULL ORDER BY "Arrival", "Id" LIMIT @most FOR UPDATE) AS waiting
        ) AS numbered
        WHERE events."Id" = numbered."Id"
        RETURNING "Type", "Position"
        """;

    // Rows are in the order of their commits there: an id is made before the one that writes waits for its turn.
    private const string NumberOnSqlite = """
        UPDATE events SET "Position" = @last + numbered.n
        FROM (
            SELECT "Id", row_number() OVER (ORDER BY "Row") AS n
            FROM (SELECT "Id", rowid AS "Row" FROM events WHERE "Position" IS NULL ORDER BY rowid LIMIT @most) AS waiting
        ) AS numbered
        WHERE events."Id" = numbered."Id"
        RETURNING "Type", "Position"
        """;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Events could not be numbered; it is tried again in a moment")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Events are numbered again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}
