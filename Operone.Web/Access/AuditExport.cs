using System.Buffers;
using System.Globalization;
using System.Text;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>How an export is written.</summary>
internal sealed record AuditFormat(string Name, string ContentType, Action<IBufferWriter<byte>> Begin, Action<AuditEntryView, IBufferWriter<byte>> Write)
{
    private static readonly AuditFormat[] All =
    [
        new("jsonl", "application/jsonl; charset=utf-8", _ => { }, WriteLine),
        new("csv", "text/csv; charset=utf-8; header=present", AuditCsv.WriteHeader, AuditCsv.WriteRow),
    ];

    /// <summary>By its name; null where there is none.</summary>
    public static AuditFormat? Find(string? name) => All.FirstOrDefault(f => f.Name == name);

    /// <summary>An entry as one line: its canonical form with its hash in it.</summary>
    public static void WriteLine(AuditEntryView entry, IBufferWriter<byte> to)
    {
        AuditChain.Write(entry, to, withHash: true);
        to.Write("\n"u8);
    }
}

/// <summary>Entries on their way out, in the order of the chain.</summary>
internal sealed class AuditExport(AuditFormat format, IAsyncEnumerable<IReadOnlyList<AuditEntryView>> chunks)
{
    public AuditFormat Format { get; } = format;

    /// <summary>Writes them as they are read: at no time is more than a chunk in memory.</summary>
    public async Task WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        Format.Begin(buffer);
        await foreach (var chunk in chunks.WithCancellation(cancellationToken))
        {
            foreach (var entry in chunk)
            {
                Format.Write(entry, buffer);
            }

            await stream.WriteAsync(buffer.WrittenMemory, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            buffer.ResetWrittenCount();
        }
    }
}

/// <summary>
/// CSV as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe before it, and so does one that
/// begins with an apostrophe: whoever takes one leading apostrophe away has the text as it was.
/// </summary>
internal static class AuditCsv
{
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    // Of the last four a spreadsheet makes the first four where it is set to East Asian width.
    private static readonly SearchValues<char> Dangerous = SearchValues.Create("=+-@\t\r\n'＝＋－＠");

    private static readonly (string Name, Func<AuditEntryView, string?> Value)[] Columns =
    [
        ("seq", e => e.Seq.ToString(CultureInfo.InvariantCulture)),
        ("id", e => e.Id.ToString("D")),
        ("at", e => e.At.UtcDateTime.ToString(AuditChain.TimeFormat, CultureInfo.InvariantCulture)),
        ("actor", e => e.Actor),
        ("action", e => e.Action),
        ("target", e => e.Target),
        ("allowed", e => e.Allowed ? "true" : "false"),
        ("detail", e => e.Detail),
        ("remoteAddress", e => e.RemoteAddress),
        ("actorId", e => e.ActorId?.ToString("D")),
        ("sessionId", e => e.SessionId?.ToString("D")),
        ("tokenId", e => e.TokenId?.ToString("D")),
        ("requestId", e => e.RequestId),
        ("grantId", e => e.GrantId?.ToString("D")),
        ("previousHash", e => e.PreviousHash),
        ("hash", e => e.Hash),
    ];

    public static void WriteHeader(IBufferWriter<byte> to) => WriteLine(Columns.Select(c => (string?)c.Name), to);

    public static void WriteRow(AuditEntryView entry, IBufferWriter<byte> to) => WriteLine(Columns.Select(c => c.Value(entry)), to);

    /// <summary>A text as a cell.</summary>
    public static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var safe = Dangerous.Contains(text[0]) ? "'" + text : text;
        return safe.AsSpan().ContainsAny(Quoted) || char.IsWhiteSpace(safe[0]) || char.IsWhiteSpace(safe[^1])
            ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : safe;
    }

    private static void WriteLine(IEnumerable<string?> cells, IBufferWriter<byte> to) =>
        Encoding.UTF8.GetBytes(string.Join(',', cells.Select(Cell)) + "\r\n", to);
}
