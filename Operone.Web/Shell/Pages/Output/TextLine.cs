using System.Text;

namespace Operone.Web.Shell.Pages.Output;

/// <summary>The line that a stream is writing: cells with a style each, so that a carriage return can write over it.</summary>
internal sealed class TextLine
{
    /// <summary>How many characters of a line are shown; of a longer one it is said how many more there are.</summary>
    public const int MaxLength = 8192;

    private char[] _text = new char[128];
    private TextStyle[] _styles = new TextStyle[128];
    private int _length;
    private int _column;
    private long _beyond;

    public bool IsEmpty => _length == 0 && _beyond == 0;

    public void Write(char c, TextStyle style)
    {
        if (_column == MaxLength)
        {
            _beyond++;
            return;
        }

        if (_column == _text.Length)
        {
            Array.Resize(ref _text, _text.Length * 2);
            Array.Resize(ref _styles, _styles.Length * 2);
        }

        _text[_column] = c;
        _styles[_column] = style;
        _column++;
        _length = Math.Max(_length, _column);
    }

    public void Return() => (_column, _beyond) = (0, 0);

    public void Back() => _column = Math.Max(0, _column - 1);

    /// <summary>Goes to a column; what lies before it and was never written is blank.</summary>
    public void GoTo(int column)
    {
        column = Math.Clamp(column, 0, MaxLength - 1);
        while (_length < column)
        {
            _column = _length;
            Write(' ', default);
        }

        _column = column;
    }

    /// <summary>Erases as "erase in line" says (ECMA-48, 8.3.41): 0 to the end, 1 from the beginning, 2 all of it.</summary>
    public void Erase(int mode)
    {
        if (mode is 0 or 2)
        {
            _length = mode == 2 ? 0 : Math.Min(_length, _column);
            var column = _column;
            GoTo(column);
        }

        if (mode == 1)
        {
            for (var i = 0; i < Math.Min(_column + 1, _length); i++)
            {
                (_text[i], _styles[i]) = (' ', default);
            }
        }
    }

    /// <summary>Writes the line as HTML, and begins a new one if asked.</summary>
    public void WriteTo(StringBuilder html, bool isError)
    {
        html.Append(isError ? "<div class=\"l e\">" : "<div class=\"l\">");
        for (var start = 0; start < _length;)
        {
            var style = _styles[start];
            var end = start + 1;
            while (end < _length && _styles[end] == style)
            {
                end++;
            }

            if (style.IsPlain)
            {
                Encode(html, _text.AsSpan(start, end - start));
            }
            else
            {
                style.WriteOpening(html);
                Encode(html, _text.AsSpan(start, end - start));
                html.Append("</span>");
            }

            start = end;
        }

        if (_beyond > 0)
        {
            html.Append("<span class=\"more\">… ").Append(_beyond).Append(" more characters in this line</span>");
        }

        // A line without a character would be lost when the text is copied.
        html.Append(IsEmpty ? "<br></div>" : "</div>");
    }

    /// <summary>The line as plain text.</summary>
    public string Text => new(_text, 0, _length);

    public void Clear()
    {
        (_length, _column, _beyond) = (0, 0, 0);
        if (_text.Length > 1024)
        {
            (_text, _styles) = (new char[128], new TextStyle[128]);
        }
    }

    private static void Encode(StringBuilder html, ReadOnlySpan<char> text)
    {
        while (text.IndexOfAny('&', '<', '>') is >= 0 and var at)
        {
            html.Append(text[..at]).Append(text[at] switch { '&' => "&amp;", '<' => "&lt;", _ => "&gt;" });
            text = text[(at + 1)..];
        }

        html.Append(text);
    }
}
