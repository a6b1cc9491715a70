using System.Text;

namespace Operone.Agent.Cli.Operator;

/// <summary>How a cell looks on a terminal with colours.</summary>
internal enum Tone
{
    None,
    Good,
    Busy,
    Warning,
    Bad,
    Off,
}

/// <summary>A cell's text and tone.</summary>
internal readonly record struct Cell(string Text, Tone Tone = Tone.None)
{
    public static implicit operator Cell(string? text) => new(text ?? "");
}

/// <summary>Rows under headings, aligned by spaces: for people.</summary>
/// <param name="headings">The columns.</param>
internal sealed class Table(params string[] headings)
{
    private readonly List<Cell[]> _rows = [];

    /// <summary>The column that gives way where a terminal is too narrow.</summary>
    public int Elastic { get; init; } = headings.Length - 1;

    public void Add(params Cell[] cells) => _rows.Add(cells);

    public void Print(CliContext cli)
    {
        // a tab or line feed would break the row
        var rows = _rows.ConvertAll(row => Array.ConvertAll(row, c => c with { Text = CliContext.Plain(c.Text).Replace('\n', ' ').Replace('\t', ' ') }));
        var widths = headings.Select((heading, i) => rows.Aggregate(heading.Length, (most, row) => Math.Max(most, row[i].Text.Length))).ToArray();
        if (cli.OutputIsTerminal)
        {
            var excess = widths.Sum() + (2 * (widths.Length - 1)) - cli.Width();
            widths[Elastic] = Math.Max(Math.Min(widths[Elastic], 8), widths[Elastic] - Math.Max(0, excess));
        }

        Print(cli, headings.Select(h => new Cell(h, Tone.Off)).ToArray(), widths);
        foreach (var row in rows)
        {
            Print(cli, row, widths);
        }

        cli.OutputText.Flush();
    }

    /// <summary>Text in a tone, where colours are wanted.</summary>
    public static string Paint(string text, Tone tone, bool colour) => !colour || tone == Tone.None ? text : $"\e[{Code(tone)}m{text}\e[0m";

    private static void Print(CliContext cli, Cell[] cells, int[] widths)
    {
        var line = new StringBuilder();
        for (var i = 0; i < cells.Length; i++)
        {
            var text = cells[i].Text;
            if (text.Length > widths[i])
            {
                text = text[..(widths[i] - 1)] + "…";
            }

            var last = i == cells.Length - 1;
            line.Append(Paint(text, cells[i].Tone, cli.OutputHasColour)).Append(' ', last ? 0 : widths[i] - text.Length + 2);
        }

        cli.OutputText.WriteLine(line.ToString().TrimEnd());
    }

    private static string Code(Tone tone) => tone switch
    {
        Tone.Good => "32",
        Tone.Busy => "34",
        Tone.Warning => "33",
        Tone.Bad => "31",
        _ => "2",
    };
}
