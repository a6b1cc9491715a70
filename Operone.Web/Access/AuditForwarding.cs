using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// Gives the audit trail to whatever sinks the options name, each at its own pace and behind the back of whoever notes: it reads
/// the table from where the sink is, and remembers how far it came. What a sink was sent just before a crash it is sent again.
/// </summary>
internal sealed partial class AuditForwarding(
    IDbContextFactory<OperoneDb> databases, AuditTrail trail, IOptions<AuditOptions> options, TimeProvider time, ILogger<AuditForwarding> logger)
    : BackgroundService
{
    private const int Batch = 500;

    // What other nodes append is found by looking.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Sinks(options.Value).Select(sink => Task.Run(() => ForwardAsync(sink, stoppingToken), stoppingToken)));

    internal static IEnumerable<IAuditSink> Sinks(AuditOptions options)
    {
        if (options.File is { Length: > 0 } file)
        {
            yield return new AuditFileSink(file);
        }

        if (SyslogAddress.Parse(options.Syslog) is { } syslog)
        {
            yield return new SyslogSink(syslog, options.SyslogAuthority);
        }
    }

    private async Task ForwardAsync(IAuditSink sink, CancellationToken cancellationToken)
    {
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Wake() => wake.Writer.TryWrite(true);
        trail.Appended += Wake;
        try
        {
            var isKnown = false;
            var pause = TimeSpan.Zero;
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    if (!isKnown)
                    {
                        await IntroduceAsync(sink.Name, cancellationToken);
                        isKnown = true;
                    }

                    var sent = await SendNextAsync(sink, cancellationToken);
                    if (pause > TimeSpan.Zero && sent > 0)
                    {
                        Log.SinkIsBack(logger, sink.Name);
                    }

                    pause = TimeSpan.Zero;
                    if (sent < Batch)
                    {
                        await WaitAsync(wake.Reader, cancellationToken);
                    }
                }
                catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
                {
                    // Whatever a sink does wrong is its own affair: it is tried again, and nobody waits for it.
                    pause = pause == TimeSpan.Zero ? ShortestPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    Log.SinkAway(logger, sink.Name, pause.TotalSeconds, exception.Message);
                    await Task.Delay(pause, time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the node stops
        }
        finally
        {
            trail.Appended -= Wake;
        }
    }

    private async Task WaitAsync(ChannelReader<bool> wake, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Look, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await wake.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // long enough
        }
    }

    /// <summary>Sends the next entries and notes that they were. How many; 0 also where another node is at it.</summary>
    private async Task<int> SendNextAsync(IAuditSink sink, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);

        // PostgreSQL's nodes take turns by locking the sink's row. SQLite has one node, whose write lock nobody must hold meanwhile.
        await using var turn = db is SqliteDb ? null : await db.Database.BeginTransactionAsync(cancellationToken);
        if (await CursorAsync(db, sink.Name, cancellationToken) is not { } cursor)
        {
            return 0;
        }

        var entries = await db.Set<AuditEntry>().Where(e => e.Seq > cursor.Seq).OrderBy(e => e.Seq).Take(Batch).ToListAsync(cancellationToken);
        if (entries.Count == 0)
        {
            return 0;
        }

        if (entries[0].Seq > cursor.Seq + 1 && cursor.Seq > 0)
        {
            Log.PrunedUnsent(logger, cursor.Seq + 1, entries[0].Seq - 1, sink.Name);
        }

        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            patience.CancelAfter(sink.Patience);
            await sink.SendAsync(entries.ConvertAll(e => e.ToView()), patience.Token);
        }

        var last = entries[^1].Seq;
        await db.Set<AuditCursor>().Where(c => c.Sink == sink.Name).ExecuteUpdateAsync(c => c.SetProperty(x => x.Seq, last), cancellationToken);
        if (turn is not null)
        {
            await turn.CommitAsync(cancellationToken);
        }

        return entries.Count;
    }

    /// <summary>A sink that is new is given all that there is.</summary>
    private async Task IntroduceAsync(string sink, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"""INSERT INTO audit_cursors ("Sink", "Seq") VALUES ({sink}, 0) ON CONFLICT DO NOTHING""", cancellationToken);
    }

    private static async Task<AuditCursor?> CursorAsync(OperoneDb db, string sink, CancellationToken cancellationToken)
    {
        var cursors = db is SqliteDb
            ? db.Set<AuditCursor>().Where(c => c.Sink == sink)
            : db.Set<AuditCursor>().FromSql($"""SELECT * FROM audit_cursors WHERE "Sink" = {sink} FOR UPDATE SKIP LOCKED""");
        return (await cursors.ToListAsync(cancellationToken)).SingleOrDefault();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The audit trail cannot be sent to {Sink}, next try in {Seconds} s: {Reason}")]
        public static partial void SinkAway(ILogger logger, string sink, double seconds, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "The audit trail is sent to {Sink} again")]
        public static partial void SinkIsBack(ILogger logger, string sink);

        [LoggerMessage(Level = LogLevel.Error, Message = "Audit entries {First} to {Last} were removed by retention before {Sink} had them")]
        public static partial void PrunedUnsent(ILogger logger, long first, long last, string sink);
    }
}
