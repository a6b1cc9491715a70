using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Operone.Web.Data;

/// <summary>
/// Plain statements for the few places that are too busy for change tracking. They run in order, in the context's present
/// transaction: as one batch where the driver has batches (PostgreSQL, one round trip), else with one prepared command a text.
/// </summary>
internal sealed class SqlBatch(OperoneDb db)
{
    private readonly List<(string Sql, (string Name, object? Value)[] Parameters)> _statements = [];

    /// <summary>Adds a statement. Values are what EF would store: times, ids and enums are converted here.</summary>
    public void Add(string sql, params (string Name, object? Value)[] parameters) => _statements.Add((sql, parameters));

    /// <summary>Runs them all. Gives how many rows they have added or changed.</summary>
    public async Task<int> ExecuteAsync(CancellationToken cancellationToken)
    {
        if (_statements.Count == 0)
        {
            return 0;
        }

        var connection = db.Database.GetDbConnection();
        var transaction = db.Database.CurrentTransaction?.GetDbTransaction();
        if (connection.CanCreateBatch)
        {
            await using var batch = connection.CreateBatch();
            batch.Transaction = transaction;
            foreach (var (sql, parameters) in _statements)
            {
                var command = batch.CreateBatchCommand();
                command.CommandText = sql;
                Fill(command.Parameters, command.CreateParameter, parameters);
                batch.BatchCommands.Add(command);
            }

            return await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        var changed = 0;
        var commands = new Dictionary<string, DbCommand>(StringComparer.Ordinal);
        try
        {
            foreach (var (sql, parameters) in _statements)
            {
                if (!commands.TryGetValue(sql, out var command))
                {
                    commands[sql] = command = connection.CreateCommand();
                    command.Transaction = transaction;
                    command.CommandText = sql;
                }

                command.Parameters.Clear();
                Fill(command.Parameters, command.CreateParameter, parameters);
                changed += await command.ExecuteNonQueryAsync(cancellationToken);
            }

            return changed;
        }
        finally
        {
            foreach (var command in commands.Values)
            {
                await command.DisposeAsync();
            }
        }
    }

    /// <summary>Runs one statement and reads its rows.</summary>
    public async Task<List<T>> QueryAsync<T>(
        string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = db.Database.CurrentTransaction?.GetDbTransaction();
        command.CommandText = sql;
        Fill(command.Parameters, command.CreateParameter, parameters);
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private void Fill(DbParameterCollection parameters, Func<DbParameter> create, (string Name, object? Value)[] values)
    {
        foreach (var (name, value) in values)
        {
            var parameter = create();
            parameter.ParameterName = name;
            parameter.Value = value switch
            {
                null => DBNull.Value,
                DateTimeOffset time when db is SqliteDb => time.UtcTicks,
                DateTimeOffset time => time.ToUniversalTime(),
                Enum word => Convert.ToInt32(word, System.Globalization.CultureInfo.InvariantCulture),
                _ => value,
            };
            parameters.Add(parameter);
        }
    }
}
