using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>Adds rows to the journal with plain commands: it is the busiest table, and needs no change tracking.</summary>
internal static class JournalTable
{
    private const string Insert = """
        INSERT INTO run_journal ("RunId", "ExecutionId", "Kind", "Offset", "Length", "Data")
        VALUES (@run, @execution, @kind, @offset, @length, @data)
        """;

    /// <summary>Adds the rows, in order, in the context's present transaction.</summary>
    public static async Task InsertAsync(OperoneDb db, IEnumerable<JournalEntry> rows, CancellationToken cancellationToken)
    {
        var connection = db.Database.GetDbConnection();
        var transaction = db.Database.CurrentTransaction?.GetDbTransaction();
        if (connection.CanCreateBatch)
        {
            await using var batch = connection.CreateBatch();
            batch.Transaction = transaction;
            foreach (var row in rows)
            {
                var command = batch.CreateBatchCommand();
                command.CommandText = Insert;
                Fill(command.Parameters, command.CreateParameter, row);
                batch.BatchCommands.Add(command);
            }

            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync(cancellationToken);
            }

            return;
        }

        await using var one = connection.CreateCommand();
        one.Transaction = transaction;
        one.CommandText = Insert;
        foreach (var row in rows)
        {
            one.Parameters.Clear();
            Fill(one.Parameters, one.CreateParameter, row);
            await one.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static void Fill(DbParameterCollection parameters, Func<DbParameter> create, JournalEntry row)
    {
        Add("run", row.RunId);
        Add("execution", (object?)row.ExecutionId ?? DBNull.Value);
        Add("kind", (short)row.Kind);
        Add("offset", row.Offset);
        Add("length", row.Length);
        Add("data", row.Data);

        void Add(string name, object value)
        {
            var parameter = create();
            parameter.ParameterName = name;
            parameter.Value = value;
            if (value is DBNull)
            {
                parameter.DbType = System.Data.DbType.Guid;
            }

            parameters.Add(parameter);
        }
    }
}
