using Microsoft.EntityFrameworkCore;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Recordings;

/// <summary>
/// Reads recordings of terminals that have ended into lines that can be searched. What was recorded is trusted in nothing: it
/// is read a piece at a time, and so much is made of it and no more.
/// </summary>
internal sealed class RecordingIndexer(IDbContextFactory<OperoneDb> databases, RecordingReader reader, TimeProvider time)
{
    /// <summary>The most lines that are kept of a recording.</summary>
    public const int MaxLines = 50_000;

    /// <summary>The most characters that are kept of a recording, all lines together.</summary>
    public const int MaxCharacters = 4 * 1024 * 1024;

    private const int Batch = 500;

    private const string InsertLine = """
        INSERT INTO recording_lines ("TerminalId", "At", "Text") VALUES (@terminal, @at, @text)
        """;

    /// <summary>The recordings that are to be read, oldest first.</summary>
    public async Task<IReadOnlyList<Guid>> FindAsync(int most, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await RecordingReader.All(db).Where(r => r.Terminal.IndexedAt == null && r.Execution.EndedAt != null)
            .OrderBy(r => r.Terminal.Id).Take(most).Select(r => r.Terminal.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Reads one, and stores its lines with the note that it was read: both or neither. Says whether this node did.</summary>
    public async Task<bool> IndexAsync(Guid id, CancellationToken cancellationToken)
    {
        IReadOnlyList<RecordedLine> lines;
        await using (var content = await reader.OpenAsync(id, cancellationToken))
        {
            lines = await ReadAsync(content, cancellationToken);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var now = time.GetUtcNow();
        if (await db.Set<Terminal>().Where(t => t.Id == id && t.IndexedAt == null && t.RecordingRemovedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.IndexedAt, now), cancellationToken) == 0)
        {
            // Another node did, or it was removed meanwhile.
            return false;
        }

        foreach (var some in lines.Chunk(Batch))
        {
            var sql = new SqlBatch(db);
            foreach (var line in some)
            {
                sql.Add(InsertLine, ("terminal", id), ("at", line.At), ("text", line.Text));
            }

            await sql.ExecuteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>The lines of a recording, as many as are kept.</summary>
    internal static async Task<IReadOnlyList<RecordedLine>> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        var lines = new List<RecordedLine>();
        var characters = 0;
        var decoder = new AsciicastDecoder();
        var screen = new RecordedLines(line =>
        {
            if (lines.Count < MaxLines && characters + line.Text.Length <= MaxCharacters)
            {
                characters += line.Text.Length;
                lines.Add(line);
            }
        });
        var buffer = new byte[64 * 1024];
        int read;
        while (lines.Count < MaxLines && (read = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            decoder.Append(buffer.AsSpan(0, read));
            Take(decoder, screen);
        }

        decoder.Complete();
        Take(decoder, screen);
        screen.Complete();
        return lines;
    }

    private static void Take(AsciicastDecoder decoder, RecordedLines screen)
    {
        while (decoder.TryRead(out var happened))
        {
            if (happened.Kind == AsciicastEventKind.Output)
            {
                screen.Write(happened.At, happened.Data);
            }
        }
    }
}
