using System.Buffers.Binary;
using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Recordings;

/// <summary>Finds text in all recordings that somebody sees: the newest recording first, in each from its beginning.</summary>
internal sealed class RecordingSearch(IDbContextFactory<OperoneDb> databases, RecordingReader reader, IAuditTrail audit)
{
    private const int MaxSnippet = 160;
    private const int MaxMatches = 200;
    private const int DefaultMatches = 50;

    /// <summary>A page of lines with this text in them, without regard to case; of all recordings, or of one.</summary>
    public async Task<Result<Page<RecordingMatch>>> FindAsync(
        Actor actor, string? text, Guid? recordingId, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.RecordingsRead, "recording.search", text, cancellationToken) is { } denied)
        {
            return denied;
        }

        text = text?.Trim() ?? "";
        var errors = new FieldErrors();
        errors.AddIf(text.Length is < 2 or > RecordingReader.MaxText || text.Any(char.IsControl), "q", $"must have 2 to {RecordingReader.MaxText} characters");
        errors.AddIf(limit is < 1 or > MaxMatches, "limit", $"must be 1 to {MaxMatches}");
        (Guid Terminal, long Line) after = default;
        errors.AddIf(!string.IsNullOrEmpty(cursor) && !TryDecode(cursor, out after), "cursor", "is not a cursor that this list gave");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var terminals = reader.Visible(db, actor).Where(r => r.Terminal.IndexedAt != null).Select(r => r.Terminal);
        var lines = db.Set<RecordingLine>().AsQueryable();
        if (recordingId is { } one)
        {
            lines = lines.Where(l => l.TerminalId == one);
        }

        if (!string.IsNullOrEmpty(cursor))
        {
            var (terminal, line) = after;
            lines = lines.Where(l => l.TerminalId < terminal || (l.TerminalId == terminal && l.Id > line));
        }

        // A database may know the case of ASCII alone: as it was typed it is found in any case.
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL
        var lower = text.ToLower();
        lines = lines.Where(l => l.Text.ToLower().Contains(lower) || l.Text.Contains(text));
#pragma warning restore CA1304, CA1311, CA1862
        var most = limit ?? DefaultMatches;
        var found = await lines.Join(terminals, l => l.TerminalId, t => t.Id, (l, t) => new { Line = l, Terminal = t })
            .OrderByDescending(f => f.Line.TerminalId).ThenBy(f => f.Line.Id).Take(most + 1).ToListAsync(cancellationToken);
        var items = found.Take(most).Select(f => new RecordingMatch(
            f.Terminal.Id, f.Terminal.DeviceId, f.Terminal.DeviceName, f.Terminal.OwnerName, f.Terminal.CreatedAt, f.Line.At, f.Line.Text, Cut(f.Line.Text, text))).ToArray();
        return new Page<RecordingMatch>(items, found.Count > most ? Encode(found[most - 1].Line) : null);
    }

    /// <summary>The part of a line around a text.</summary>
    internal static string Cut(string line, string text)
    {
        if (line.Length <= MaxSnippet)
        {
            return line;
        }

        var at = Math.Max(0, line.IndexOf(text, StringComparison.OrdinalIgnoreCase));
        var from = Math.Clamp(at + (text.Length / 2) - (MaxSnippet / 2), 0, line.Length - MaxSnippet);
        var to = from + MaxSnippet;
        from += from > 0 && char.IsLowSurrogate(line[from]) ? 1 : 0;
        to -= to < line.Length && char.IsHighSurrogate(line[to - 1]) ? 1 : 0;
        return $"{(from > 0 ? "…" : "")}{line[from..to]}{(to < line.Length ? "…" : "")}";
    }

    private static string Encode(RecordingLine last)
    {
        Span<byte> bytes = stackalloc byte[24];
        last.TerminalId.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], last.Id);
        return Base64Url.EncodeToString(bytes);
    }

    private static bool TryDecode(string text, out (Guid Terminal, long Line) place)
    {
        Span<byte> bytes = stackalloc byte[24];
        place = default;
        if (text.Length != 32 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != 24)
        {
            return false;
        }

        place = (new Guid(bytes[..16]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
        return true;
    }
}
