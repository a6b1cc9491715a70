using System.Text;

namespace Operone.Web.Files.Pages.Look;

/// <summary>
/// Lays JSON out anew, a value a line, so that it can be read and folded. It changes nothing but the space between things: names, numbers and
/// strings stay to the letter, also those that a reader would take for the same. A part of a document, a value a line, and what is no JSON are
/// laid out as far as they go.
/// </summary>
internal static class JsonLayout
{
    /// <summary>Deeper than this it goes no further to the right: what is nested a hundred thousand times would be gigabytes of space.</summary>
    private const int MaxDepth = 60;

    /// <summary>What becomes longer than this is left as it is: each comma in many brackets is a line with much space.</summary>
    private const int MaxLength = 4 * 1024 * 1024;

    public static string Write(string text)
    {
        var result = new StringBuilder(text.Length * 2);
        var depth = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (result.Length > MaxLength)
            {
                return text;
            }

            var c = text[at];
            switch (c)
            {
                case '"':
                    var end = End(text, at);
                    result.Append(text, at, end - at);
                    at = end - 1;
                    break;
                case '{' or '[':
                    var next = Skip(text, at + 1);
                    if (next < text.Length && text[next] == (c == '{' ? '}' : ']'))
                    {
                        result.Append(c).Append(text[next]);
                        at = next;
                        After(result, depth);
                        break;
                    }

                    result.Append(c);
                    Line(result, ++depth);
                    break;
                case '}' or ']':
                    depth = Math.Max(0, depth - 1);
                    Line(result, depth);
                    result.Append(c);
                    After(result, depth);
                    break;
                case ',':
                    result.Append(c);
                    Line(result, depth);
                    break;
                case ':':
                    result.Append(": ");
                    break;
                case '/' when at + 1 < text.Length && text[at + 1] is '/' or '*':
                    // people leave words to each other in what programs read
                    var over = Over(text, at);
                    result.Append(text, at, over - at);
                    Line(result, depth);
                    at = over - 1;
                    break;
                case ' ' or '\t' or '\r':
                    var then = Skip(text, at + 1);
                    if (result.Length > 0 && !IsMark(result[^1]) && then < text.Length && !IsMark(text[then]))
                    {
                        result.Append(' ');
                    }

                    break;
                case '\n':
                    // outside of everything it parts one value from the next
                    if (depth == 0 && result.Length > 0 && result[^1] != '\n')
                    {
                        result.Append('\n');
                    }

                    break;
                default:
                    result.Append(c);
                    break;
            }
        }

        return result.ToString();
    }

    private static void After(StringBuilder result, int depth)
    {
        if (depth == 0)
        {
            result.Append('\n');
        }
    }

    private static void Line(StringBuilder result, int depth)
    {
        while (result.Length > 0 && result[^1] == ' ')
        {
            result.Length--;
        }

        if (result.Length > 0 && result[^1] != '\n')
        {
            result.Append('\n');
        }

        result.Append(' ', 2 * Math.Min(depth, MaxDepth));
    }

    private static int Skip(string text, int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\r' or '\n')
        {
            at++;
        }

        return at;
    }

    private static bool IsMark(char c) => c is '{' or '}' or '[' or ']' or ',' or ':' or ' ' or '\n';

    private static int Over(string text, int at)
    {
        var end = text[at + 1] == '/' ? text.IndexOf('\n', at) : text.IndexOf("*/", at + 2, StringComparison.Ordinal) + 2;
        return end < at + 2 ? text.Length : end;
    }

    /// <summary>Where a string ends; one that is not closed ends with its line.</summary>
    private static int End(string text, int at)
    {
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '"')
            {
                return at + 1;
            }
            else if (text[at] == '\n')
            {
                return at;
            }
        }

        return text.Length;
    }
}
