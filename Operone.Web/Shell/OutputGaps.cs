using System.Globalization;
using Operone.Core;
using Operone.Core.Shell;

namespace Operone.Web.Shell;

/// <summary>Output that is missing before a piece.</summary>
/// <param name="Offset">Where it goes on.</param>
/// <param name="Bytes">How many bytes are missing; null where nobody knows how far its reader had come.</param>
internal readonly record struct OutputGap(long Offset, long? Bytes)
{
    /// <summary>The gap in words.</summary>
    public string Describe(OutputStream stream, long? newestBytes)
    {
        var what = stream == OutputStream.Stderr ? "standard error" : "standard output";
        var rest = newestBytes is { } newest ? $" The newest {Quantities.FormatSize(newest)} of output are kept." : "";
        return Bytes is { } bytes
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes of {what} before byte {Offset} are not kept any more.{rest}")
            : string.Create(CultureInfo.InvariantCulture, $"Where this went on before is not kept any more: {what} is from byte {Offset} on.{rest}");
    }
}

/// <summary>Finds gaps in what somebody reads of a journal, by the offsets of the pieces.</summary>
/// <param name="known">Up to where it was read before; -1 for somewhere that is let go of.</param>
/// <param name="fromStart">Whether it is read from its beginning on. Else a first piece of which nothing is known is taken as it comes.</param>
internal sealed class OutputGaps(IReadOnlyDictionary<(Guid ExecutionId, JournalKind Kind), long> known, bool fromStart)
{
    private readonly Dictionary<(Guid ExecutionId, JournalKind Kind), long> _at = new(known);

    /// <summary>Takes the next piece; gives what is missing before it.</summary>
    public OutputGap? Take(JournalEntry entry)
    {
        if (entry.Kind == JournalKind.Status || entry.ExecutionId is not { } id)
        {
            return null;
        }

        var expected = _at.TryGetValue((id, entry.Kind), out var at) ? at : fromStart ? 0 : entry.Offset;
        _at[(id, entry.Kind)] = entry.Offset + entry.Length;
        return expected < 0 ? new OutputGap(entry.Offset, null)
            : entry.Offset > expected ? new OutputGap(entry.Offset, entry.Offset - expected)
            : null;
    }
}
