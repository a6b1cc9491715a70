using System.Globalization;
using System.Text;

namespace Operone.Core.Shell;

/// <summary>A line that people saw on a terminal.</summary>
/// <param name="At">When its last character came, in seconds from the recording's beginning.</param>
/// <param name="Text">Its text, 1 to <see cref="RecordedLines.MaxLine"/> characters, without control characters and without lone surrogates.</param>
public readonly record struct RecordedLine(double At, string Text);

/// <summary>
/// Makes lines of text of what a terminal printed, as people saw them, to be searched in: one line is kept as a terminal would
/// (carriage returns, backspaces, what a shell's line editor does); going to another row ends it. It is not a screen: a
/// full-screen program's rows come as it draws them, and those that it draws again within moments are left out.
/// </summary>
public sealed class RecordedLines : EscapeParser
{
    /// <summary>The longest line; a longer one goes on in the next.</summary>
    public const int MaxLine = 1000;

    private const int MaxRecent = 2048;
    private const double AgainSeconds = 5;

    private readonly Action<RecordedLine> _emit;
    private readonly char[] _line = new char[MaxLine];
    private readonly Dictionary<string, double> _recent = new(StringComparer.Ordinal);
    private int _length;
    private int _column;
    private double _now;
    private double _changedAt;

    /// <summary>Makes one.</summary>
    /// <param name="emit">Takes each line.</param>
    public RecordedLines(Action<RecordedLine> emit) => _emit = emit;

    /// <summary>Reads what was printed at a moment.</summary>
    public void Write(double at, ReadOnlySpan<char> text)
    {
        _now = at;
        Write(text);
    }

    /// <summary>Nothing comes any more: gives the line that has no end.</summary>
    public void Complete() => EndLine();

    /// <inheritdoc/>
    protected override void OnText(char c)
    {
        if (_column >= MaxLine)
        {
            EndLine();
        }

        Fill(_column);
        _line[_column++] = c;
        _length = Math.Max(_length, _column);
        _changedAt = _now;
    }

    /// <inheritdoc/>
    protected override void OnControl(char c)
    {
        switch (c)
        {
            case '\n' or '\v' or '\f':
                EndLine();
                break;
            case '\r':
                _column = 0;
                break;
            case '\b':
                _column = Math.Max(0, _column - 1);
                break;
            case '\t':
                _column = Math.Min(MaxLine - 1, (_column / 8 * 8) + 8);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void OnEscape(ReadOnlySpan<char> intermediates, char final)
    {
        if (intermediates.IsEmpty && final is 'D' or 'E' or 'M' or 'c' or '8')
        {
            EndLine();
        }
    }

    /// <inheritdoc/>
    protected override void OnCsi(ReadOnlySpan<char> parameters, char final)
    {
        var number = Number(parameters);
        var count = Math.Max(1, number);
        switch (final)
        {
            case 'C' or 'a':
                _column = Math.Min(MaxLine - 1, _column + count);
                break;
            case 'D':
                _column = Math.Max(0, _column - count);
                break;
            case 'G' or '`':
                _column = count - 1;
                break;
            case 'K':
                Erase(number);
                break;
            case 'P':
                Delete(count);
                break;
            case '@':
                Insert(count);
                break;
            case 'X':
                Blank(_column, Math.Min(_length, _column + count));
                break;
            case 'A' or 'B' or 'E' or 'F' or 'H' or 'f' or 'd' or 'e' or 'J' or 'L' or 'M' or 'S' or 'T' or 'r' or 'u':
                EndLine();
                break;
            case 'h' or 'l' when parameters is "?1049" or "?1047" or "?47":
                EndLine();
                break;
        }
    }

    private static int Number(ReadOnlySpan<char> parameters)
    {
        var end = parameters.IndexOf(';');
        return int.TryParse(end < 0 ? parameters : parameters[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, MaxLine) : 0;
    }

    private void Erase(int what)
    {
        switch (what)
        {
            case 0:
                _length = Math.Min(_length, _column);
                break;
            case 1:
                Blank(0, Math.Min(_length, _column + 1));
                break;
            default:
                _length = 0;
                break;
        }
    }

    private void Delete(int count)
    {
        if (_column < _length)
        {
            var from = Math.Min(_length, _column + count);
            _line.AsSpan(from, _length - from).CopyTo(_line.AsSpan(_column));
            _length -= from - _column;
        }
    }

    private void Insert(int count)
    {
        if (_column < _length)
        {
            var to = Math.Min(MaxLine, _column + count);
            var kept = Math.Min(_length - _column, MaxLine - to);
            _line.AsSpan(_column, kept).CopyTo(_line.AsSpan(to));
            _length = to + kept;
            Blank(_column, to);
        }
    }

    private void Blank(int from, int to)
    {
        if (from < to)
        {
            _line.AsSpan(from, to - from).Fill(' ');
        }
    }

    private void Fill(int to)
    {
        if (to > _length)
        {
            Blank(_length, to);
            _length = to;
        }
    }

    private void EndLine()
    {
        var text = _line.AsSpan(0, _length).TrimEnd();
        if (!text.IsWhiteSpace())
        {
            var line = Whole(text);
            var isAgain = _recent.TryGetValue(line, out var before) && _changedAt - before < AgainSeconds;
            if (_recent.Count >= MaxRecent)
            {
                _recent.Clear();
            }

            _recent[line] = _changedAt;
            if (!isAgain)
            {
                _emit(new(_changedAt, line));
            }
        }

        (_length, _column) = (0, 0);
    }

    // Half of a surrogate pair is no text, and a database may refuse it.
    private static string Whole(ReadOnlySpan<char> text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            line.Append(rune.ToString());
        }

        return line.ToString();
    }
}
