using nietras.SeparatedValues;

namespace Operone.Web.Files.Pages.Look.Tables;

/// <summary>Values with something between them (RFC 4180, and what programs make of it), out of a window of a file.</summary>
/// <param name="Separator">What is between them.</param>
/// <param name="Rows">What is in each row; never more than <see cref="MaxColumns"/>.</param>
/// <param name="Faults">What is wrong, a sentence each; the first few.</param>
/// <param name="FaultCount">How many there are.</param>
/// <param name="Columns">How many columns it has.</param>
/// <param name="Rest">How many characters at its end begin a row that goes on after the window.</param>
internal sealed record TableText(char Separator, IReadOnlyList<TableRow> Rows, IReadOnlyList<string> Faults, int FaultCount, int Columns, int Rest)
{
    /// <summary>The most columns that are shown.</summary>
    public const int MaxColumns = 200;

    private const int MaxFaults = 5;
    private const int Sample = 32 * 1024;

    private static readonly char[] _separators = [',', ';', '\t', '|'];

    /// <summary>Reads one.</summary>
    /// <param name="text">The window.</param>
    /// <param name="separator">What is between the values.</param>
    /// <param name="columns">How many columns the file has, where its beginning was read before.</param>
    /// <param name="isFirst">Whether it begins where the file does: then lines have numbers.</param>
    /// <param name="isLast">Whether it ends where the file does: then its last row is whole.</param>
    public static TableText Read(string text, char separator, int? columns, bool isFirst, bool isLast)
    {
        var (rows, faults, count, rest) = (new List<TableRow>(), new List<string>(), 0, 0);
        void Fault(string what)
        {
            count++;
            if (faults.Count < MaxFaults)
            {
                faults.Add(what);
            }
        }

        var expected = columns;
        var (isOpen, last) = (false, 0);
        using (var reader = Open(text, separator))
        {
            foreach (var row in reader)
            {
                (isOpen, last) = (row.Span.Count('"') % 2 == 1, row.Span.Length);
                if (row.ColCount == 1 && last == 0)
                {
                    continue; // an empty line
                }

                var cells = new string[Math.Min(row.ColCount, MaxColumns)];
                for (var i = 0; i < cells.Length; i++)
                {
                    cells[i] = row[i].ToString();
                }

                // the library counts the first line as the second
                rows.Add(new(!isFirst ? null : rows.Count == 0 ? 1 : row.LineNumberFrom, cells, row.ColCount, row.ColCount != (expected ??= row.ColCount)));
            }
        }

        var isCut = last > 0 && (isOpen || text[^1] is not ('\n' or '\r'));
        if (isCut && !isLast && last <= text.Length / 2)
        {
            rows.RemoveAt(rows.Count - 1);
            rest = last;
        }
        else if (isOpen && rows.Count > 0)
        {
            Fault($"A quotation mark in {Where(rows.Count - 1)} is never closed: what follows is one value");
        }

        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].IsBroken)
            {
                Fault($"{(isFirst ? "Line" : "Row")} {(isFirst ? rows[i].Line : i + 1)} has {rows[i].Values} {(rows[i].Values == 1 ? "value" : "values")}, not {expected}");
            }
        }

        return new(separator, rows, faults, count, Math.Max(Math.Min(expected ?? 0, MaxColumns), rows.Count == 0 ? 0 : rows.Max(r => r.Cells.Count)), rest);

        string Where(int row) => isFirst ? $"line {rows[row].Line}" : $"row {row + 1} of this part";
    }

    /// <summary>What is most likely between the values: what parts the most lines into the same number of them.</summary>
    public static char Guess(string name, string text)
    {
        switch (Path.GetExtension(name).ToUpperInvariant())
        {
            case ".TSV" or ".TAB": return '\t';
            case ".PSV": return '|';
        }

        var sample = text.Length > Sample ? text[..(text.LastIndexOf('\n', Sample) is var end and > 0 ? end : Sample)] : text;
        var (best, most) = (',', 0.0);
        foreach (var separator in _separators)
        {
            using var reader = Open(sample, separator);
            var counts = new List<int>();
            foreach (var row in reader)
            {
                counts.Add(row.ColCount);
                if (counts.Count == 50)
                {
                    break;
                }
            }

            var usual = counts.GroupBy(c => c).Where(g => g.Key > 1).MaxBy(g => g.Count());
            var score = usual is null ? 0 : (double)usual.Count() / counts.Count * Math.Min(usual.Key, 10) / 10 + ((double)usual.Count() / counts.Count);
            if (score > most)
            {
                (best, most) = (separator, score);
            }
        }

        return best;
    }

    private static SepReader Open(string text, char separator) =>
        Sep.New(separator).Reader(o => o with { HasHeader = false, DisableColCountCheck = true, Unescape = true, DisableFastFloat = true }).FromText(text);
}

/// <summary>A row.</summary>
/// <param name="Line">The number of the line that it begins in, where that is known.</param>
/// <param name="Cells">Its values.</param>
/// <param name="Values">How many values it has, with those that are not shown.</param>
/// <param name="IsBroken">It has more or fewer values than the others.</param>
internal sealed record TableRow(int? Line, IReadOnlyList<string> Cells, int Values, bool IsBroken);
