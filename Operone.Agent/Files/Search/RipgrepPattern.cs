using System.Text;
using Operone.Core.Files.Search;

namespace Operone.Agent.Files.Search;

/// <summary>
/// What ripgrep is asked for, so that it says yes of every file that has what is looked for. Its expressions are not .NET's, and it knows no Latin-1, so what it
/// is asked is wider where they differ: any character that is not ASCII fits wherever one may, anchors and borders of words fit everywhere. Of what this does not
/// understand it gives nothing.
/// </summary>
internal static class RipgrepPattern
{
    // one UTF-16 unit is up to four bytes that are not ASCII, or one in Latin-1
    private const string Foreign = @"[\x80-\xFF]{1,4}";

    /// <summary>The expression; null where ripgrep does not serve.</summary>
    public static string? Of(TextPattern pattern)
    {
        if (!Ascii.IsValid(pattern.Text) || pattern.Text.Any(char.IsControl))
        {
            return null;
        }

        var fold = pattern.Query.IgnoreCase ? "(?i)" : "";
        if (!pattern.Query.IsRegex)
        {
            var literal = new StringBuilder(fold);
            foreach (var c in pattern.Text)
            {
                Literal(literal, c);
            }

            return literal.ToString();
        }

        var reading = new Reading(pattern.Text);
        return reading.Alternatives() is { } read && reading.IsEnd && !read.MayBeEmpty ? fold + read.Text : null;
    }

    private static void Literal(StringBuilder to, char c) => to.Append(c is '\\' or '.' or '+' or '*' or '?' or '(' or ')' or '|' or '[' or ']' or '{' or '}' or '^' or '$' or '#' or '&' or '-' or '~' ? "\\" : "").Append(c);

    private static Part Literal(char c)
    {
        var literal = new StringBuilder();
        Literal(literal, c);
        return new Part(literal.ToString(), false);
    }

    /// <summary>A part that was read.</summary>
    private sealed record Part(string Text, bool MayBeEmpty);

    private sealed class Reading(string text)
    {
        private const int MaxDepth = 50;

        private int _at;
        private int _depth;

        public bool IsEnd => _at == text.Length;

        private char Now => _at < text.Length ? text[_at] : '\0';

        public Part? Alternatives()
        {
            if (++_depth > MaxDepth)
            {
                return null;
            }

            var (to, mayBeEmpty) = (new StringBuilder("(?:"), false);
            while (true)
            {
                if (Sequence() is not { } one)
                {
                    return null;
                }

                to.Append(one.Text);
                mayBeEmpty |= one.MayBeEmpty;
                if (Now != '|')
                {
                    _depth--;
                    return new Part(to.Append(')').ToString(), mayBeEmpty);
                }

                _at++;
                to.Append('|');
            }
        }

        private Part? Sequence()
        {
            var (to, mayBeEmpty) = (new StringBuilder(), true);
            while (!IsEnd && Now is not ('|' or ')'))
            {
                if (Atom() is not { } atom || Counted(atom) is not { } counted)
                {
                    return null;
                }

                to.Append(counted.Text);
                mayBeEmpty &= counted.MayBeEmpty;
            }

            return new Part(to.ToString(), mayBeEmpty);
        }

        private Part? Atom()
        {
            var c = text[_at++];
            switch (c)
            {
                case '.':
                    return Any();
                case '^' or '$':
                    return new Part("", true);
                case '[':
                    return Set();
                case '(':
                    return Group();
                case '\\':
                    return Escaped();
                case '*' or '+' or '?' or '{':
                    return null;
                default:
                    return Literal(c);
            }
        }

        private Part? Group()
        {
            if (Now == '?')
            {
                if (!text.AsSpan(_at).StartsWith("?:"))
                {
                    return null; // options, names, and what else there is
                }

                _at += 2;
            }

            var inner = Alternatives();
            return inner is not null && Now == ')' && ++_at > 0 ? inner : null;
        }

        private Part? Escaped()
        {
            if (IsEnd)
            {
                return null;
            }

            var c = text[_at++];
            return c switch
            {
                'd' => Class("0-9"),
                'w' => Class("0-9A-Za-z_"),
                's' => Class(@"\t\x0B\x0C\r "),
                'D' or 'W' or 'S' => Any(),
                'b' or 'B' => new Part("", true),
                't' => new Part(@"\t", false),
                _ when char.IsAsciiLetterOrDigit(c) => null,
                _ => Literal(c),
            };
        }

        /// <summary>One of these, or anything that is not ASCII.</summary>
        private static Part Class(string ascii) => new($"(?-u:[{ascii}]|{Foreign})", false);

        private static Part Any() => new($@"(?-u:[^\n\x80-\xFF]|{Foreign})", false);

        private Part? Set()
        {
            if (Now == '^')
            {
                // what is not in it is wider than what is: anything
                _at++;
                return SkipSet() ? Any() : null;
            }

            var (to, isWide) = (new StringBuilder("["), false);
            for (var first = _at; ;)
            {
                if (IsEnd)
                {
                    return null;
                }

                var c = text[_at++];
                if (c == ']' && _at - 1 > first)
                {
                    to.Append(']');
                    return to.Length == 2 ? null : new Part(isWide ? $"(?:{to}|(?-u:{Foreign}))" : to.ToString(), false);
                }

                switch (c)
                {
                    case '[':
                        return null; // subtraction, and classes by name
                    case ']':
                        return null;
                    case '\\' when !IsEnd:
                        var escaped = text[_at++];
                        switch (escaped)
                        {
                            case 'd' or 'w' or 's':
                                to.Append(escaped == 'd' ? "0-9" : escaped == 'w' ? "0-9A-Za-z_" : @"\t\x0B\x0C\r ");
                                isWide = true;
                                break;
                            case var letter when char.IsAsciiLetterOrDigit(letter):
                                return null;
                            default:
                                Literal(to, escaped);
                                break;
                        }

                        break;
                    case '\\':
                        return null;
                    case '-' when _at - 1 == first || Now == ']':
                        to.Append(@"\-");
                        break;
                    case '-':
                        // a range has an end that is a letter or a digit, or it is none that is understood
                        if (!char.IsAsciiLetterOrDigit(Now) || !char.IsAsciiLetterOrDigit(to[^1]) || text[_at - 2] == '\\' || (_at >= 3 && text[_at - 3] == '\\'))
                        {
                            return null;
                        }

                        to.Append('-').Append(text[_at++]);
                        if (Now == '-')
                        {
                            return null;
                        }

                        break;
                    default:
                        Literal(to, c);
                        break;
                }
            }
        }

        private bool SkipSet()
        {
            for (var first = _at; !IsEnd;)
            {
                var c = text[_at++];
                if (c == '[' || (c == '\\' && IsEnd))
                {
                    return false;
                }

                if (c == '\\')
                {
                    _at++;
                }
                else if (c == ']' && _at - 1 > first)
                {
                    return true;
                }
            }

            return false;
        }

        private Part? Counted(Part atom)
        {
            var (least, count) = (1, "");
            switch (Now)
            {
                case '*':
                    (least, count) = (0, "*");
                    _at++;
                    break;
                case '+':
                    count = "+";
                    _at++;
                    break;
                case '?':
                    (least, count) = (0, "?");
                    _at++;
                    break;
                case '{':
                    var end = text.IndexOf('}', _at);
                    if (end < 0)
                    {
                        return null;
                    }

                    count = text[_at..(end + 1)];
                    var numbers = count[1..^1].Split(',');
                    if (numbers.Length > 2 || !int.TryParse(numbers[0], System.Globalization.NumberStyles.None, null, out least)
                        || (numbers is [_, { Length: > 0 } most] && !int.TryParse(most, System.Globalization.NumberStyles.None, null, out _)))
                    {
                        return null;
                    }

                    _at = end + 1;
                    break;
            }

            if (count.Length > 0 && Now == '?')
            {
                _at++; // as few as will do: where it is, is the same
            }

            return Now is '*' or '+' or '?' or '{' && count.Length > 0 ? null
                : atom.Text.Length == 0 ? atom : new Part(count.Length == 0 ? atom.Text : $"(?:{atom.Text}){count}", least == 0 || atom.MayBeEmpty);
        }
    }
}
