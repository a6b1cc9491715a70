using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>A run whose last execution has ended.</summary>
internal sealed record EndedRun(Guid Id, RunKind Kind, RunStatus Status, string Summary);

/// <summary>How runs and what they report are stored, as plain statements: these are the busiest tables, and a run's answer waits for them.</summary>
internal static class RunTables
{
    private const string InsertRun = """
        INSERT INTO runs ("Id", "Kind", "Status", "Request", "Stdin", "Sandbox", "SealedEnvironment", "Summary", "CreatedBy", "CreatedById", "CreatedAt", "ExpiresAt", "WaitingSince", "Placement")
        VALUES (@id, @kind, @status, @request, @stdin, @sandbox, @environment, @summary, @createdBy, @createdById, @createdAt, @expiresAt, @waitingSince, @placement)
        """;

    private const string InsertExecution = """
        INSERT INTO executions ("Id", "RunId", "DeviceId", "DeviceName", "Stage", "Status", "StdoutBytes", "StderrBytes", "DiscardedBytes", "NewestBytes", "StdoutFrom", "StderrFrom")
        VALUES (@id, @run, @device, @deviceName, @stage, @status, 0, 0, 0, @newest, 0, 0)
        """;

    private const string UpdateExecution = """
        UPDATE executions SET "Status" = @status, "ExitCode" = @exitCode, "Reason" = @reason, "StartedAt" = @startedAt, "EndedAt" = @endedAt,
            "StdoutBytes" = @stdout, "StderrBytes" = @stderr, "DiscardedBytes" = @discarded, "Supervision" = @supervision,
            "StdoutFrom" = @stdoutFrom, "StderrFrom" = @stderrFrom
        WHERE "Id" = @id AND "EndedAt" IS NULL AND "StdoutBytes" = @stdoutBefore AND "StderrBytes" = @stderrBefore
        """;

    // Two nodes that end the last two executions of a run would each see the other's as open: they take turns.
    private const string LockRun = """
        SELECT "Status" FROM runs WHERE "Id" = @run FOR UPDATE
        """;

    private const string InsertEntry = """
        INSERT INTO run_journal ("RunId", "ExecutionId", "Kind", "Offset", "Length", "Data")
        VALUES (@run, @execution, @kind, @offset, @length, @data)
        """;

    private const string CountExecutions = """
        SELECT "Status", count(*) FROM executions WHERE "RunId" = @run GROUP BY "Status"
        """;

    private const string EndRun = """
        UPDATE runs SET "Status" = @status, "EndedAt" = @now WHERE "Id" = @run AND "EndedAt" IS NULL RETURNING "Summary", "Kind"
        """;

    /// <summary>Adds a new run with its executions in the context's present transaction.</summary>
    public static Task InsertAsync(OperoneDb db, Run run, IReadOnlyList<Execution> executions, CancellationToken cancellationToken)
    {
        var sql = new SqlBatch(db);
        sql.Add(InsertRun, ("id", run.Id), ("kind", run.Kind), ("status", run.Status), ("request", JsonColumn.ToText(run.Request)), ("stdin", run.Stdin),
            ("sandbox", run.Sandbox is null ? null : JsonColumn.ToText(run.Sandbox)), ("environment", run.SealedEnvironment),
            ("summary", run.Summary), ("createdBy", run.CreatedBy), ("createdById", run.CreatedById), ("createdAt", run.CreatedAt),
            ("expiresAt", run.ExpiresAt), ("waitingSince", run.WaitingSince), ("placement", run.Placement is null ? null : JsonColumn.ToText(run.Placement)));
        Add(sql, executions);
        return sql.ExecuteAsync(cancellationToken);
    }

    /// <summary>Adds executions to a run that is there, in the context's present transaction.</summary>
    public static Task InsertAsync(OperoneDb db, IReadOnlyList<Execution> executions, CancellationToken cancellationToken)
    {
        var sql = new SqlBatch(db);
        Add(sql, executions);
        return sql.ExecuteAsync(cancellationToken);
    }

    private static void Add(SqlBatch sql, IReadOnlyList<Execution> executions)
    {
        foreach (var execution in executions)
        {
            sql.Add(InsertExecution, ("id", execution.Id), ("run", execution.RunId), ("device", execution.DeviceId),
                ("deviceName", execution.DeviceName), ("stage", execution.Stage), ("status", execution.Status), ("newest", execution.NewestBytes));
        }
    }

    /// <summary>
    /// Stores a batch in the context's present transaction; gives the runs that have ended by it. Null where an execution is not
    /// stored any more as the batch takes it to be, because another node has written to it: then the transaction is not to be committed.
    /// </summary>
    public static async Task<IReadOnlyList<EndedRun>?> StoreAsync(
        OperoneDb db, WriterBatch batch, bool isAlone, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var sql = new SqlBatch(db);
        foreach (var state in batch.Changed.Values.OrderBy(s => s.Id))
        {
            var before = batch.Before(state.Id);
            sql.Add(UpdateExecution, ("status", state.Status), ("exitCode", state.ExitCode), ("reason", state.Reason),
                ("startedAt", state.StartedAt), ("endedAt", state.EndedAt), ("stdout", state.StdoutBytes), ("stderr", state.StderrBytes),
                ("discarded", state.DiscardedBytes), ("supervision", state.Supervision is null ? null : JsonColumn.ToText(state.Supervision)),
                ("stdoutFrom", state.StdoutFrom), ("stderrFrom", state.StderrFrom), ("id", state.Id), ("stdoutBefore", before.StdoutBytes), ("stderrBefore", before.StderrBytes));
        }

        var entries = AddEntries(sql, batch.Journal());
        if (await sql.ExecuteAsync(cancellationToken) != batch.Changed.Count + entries)
        {
            return null;
        }

        await NewestOutput.TrimAsync(db, batch, cancellationToken);
        var ended = new List<EndedRun>();
        var rest = new SqlBatch(db);
        foreach (var runId in batch.Changed.Values.Where(s => s.Status.IsEnd()).Select(s => s.RunId).Distinct().Order())
        {
            if (!isAlone)
            {
                await rest.QueryAsync(LockRun, static _ => true, cancellationToken, ("run", runId));
            }

            var counts = await rest.QueryAsync(CountExecutions,
                row => (Status: (ExecutionStatus)row.GetInt32(0), Count: row.GetInt32(1)), cancellationToken, ("run", runId));
            var status = RunRules.Combine(counts.ToDictionary(c => c.Status, c => c.Count));
            if (status.IsEnd()
                && await rest.QueryAsync(EndRun, row => (Summary: row.GetString(0), Kind: (RunKind)row.GetInt32(1)), cancellationToken, ("status", status), ("now", now), ("run", runId)) is [var run])
            {
                AddEntries(rest, [WriterBatch.RunEnd(runId, status)]);
                ended.Add(new(runId, run.Kind, status, run.Summary));
            }
        }

        await rest.ExecuteAsync(cancellationToken);
        return ended;
    }

    private static int AddEntries(SqlBatch sql, IEnumerable<JournalEntry> entries)
    {
        var count = 0;
        foreach (var entry in entries)
        {
            count++;
            sql.Add(InsertEntry, ("run", entry.RunId), ("execution", entry.ExecutionId), ("kind", (short)entry.Kind),
                ("offset", entry.Offset), ("length", entry.Length), ("data", entry.Data));
        }

        return count;
    }
}
