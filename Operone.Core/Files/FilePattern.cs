namespace Operone.Core.Files;

/// <summary>
/// A pattern of paths, as <c>.gitignore</c> has them: <c>*</c> and <c>?</c> within a name, <c>[a-z]</c> and <c>[!a-z]</c>, <c>**</c> for any number of
/// names. One without a slash is of a name at any depth; what lies below what it names belongs to it.
/// </summary>
public sealed class FilePattern
{
    /// <summary>The longest pattern, in characters: a path with each of them escaped.</summary>
    public const int MaxLength = 2 * TreePath.MaxBytes;

    private readonly string[] _parts;
    private readonly StringComparison _comparison;

    private FilePattern(string text, bool ignoreCase)
    {
        Text = text;
        _comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        var inner = text.Trim('/');
        _parts = text.TrimEnd('/').Contains('/', StringComparison.Ordinal) ? inner.Split('/', StringSplitOptions.RemoveEmptyEntries) : ["**", inner];
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>What is wrong with a pattern, in words; null where nothing is.</summary>
    public static string? Check(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Trim('/').Length == 0 || text.Length > MaxLength ? $"must have 1 to {MaxLength} characters"
            : text.Contains('\0', StringComparison.Ordinal) ? "has a NUL character" : null;
    }

    /// <summary>Reads one.</summary>
    /// <param name="text">The pattern.</param>
    /// <param name="ignoreCase">Whether names that differ in case alone are the same: on Windows and macOS.</param>
    public static FilePattern Parse(string text, bool ignoreCase = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(text, ignoreCase);
    }

    /// <summary>The pattern that fits one path and what is below it, and nothing else.</summary>
    public static string Of(TreePath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var text = new System.Text.StringBuilder();
        foreach (var name in path.Names)
        {
            text.Append('/');
            foreach (var c in name)
            {
                text.Append(c is '*' or '?' or '[' or '\\' ? "\\" : "").Append(c);
            }
        }

        return text.ToString();
    }

    /// <summary>Whether a path is, or lies below, what the pattern names.</summary>
    public bool Matches(TreePath path)
    {
        ArgumentNullException.ThrowIfNull(path);

        // which parts may come next, name by name: a set instead of a search, so that no pattern takes long
        Span<bool> at = stackalloc bool[_parts.Length + 1];
        at[0] = true;
        Spread(at);
        foreach (var name in path.Names)
        {
            for (var i = _parts.Length - 1; i >= 0; i--)
            {
                var isHere = at[i];
                at[i] = isHere && _parts[i] == "**";
                if (isHere && (_parts[i] == "**" ? i == _parts.Length - 1 : MatchesName(_parts[i], name, _comparison)))
                {
                    at[i + 1] = true;
                }
            }

            Spread(at);
            if (at[^1] || !at.Contains(true))
            {
                return at[^1];
            }
        }

        return false;
    }

    /// <summary>Whether a name fits a pattern of names.</summary>
    public static bool MatchesName(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name, StringComparison comparison)
    {
        int p = 0, n = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, mark) = (p++, n);
            }
            else if (p < pattern.Length && Fits(pattern[p..], name[n], comparison) is var used and > 0)
            {
                p += used;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }

    /// <summary>A ** in between may be no name at all; a last one is of everything below, not of the folder itself.</summary>
    private void Spread(Span<bool> at)
    {
        for (var i = 0; i < _parts.Length; i++)
        {
            at[i + 1] |= at[i] && _parts[i] == "**" && i + 1 < _parts.Length;
        }
    }

    /// <summary>How much of the pattern one character fits; 0 where it does not.</summary>
    private static int Fits(ReadOnlySpan<char> pattern, char c, StringComparison comparison)
    {
        switch (pattern[0])
        {
            case '?':
                return 1;
            case '[' when pattern.Length > 2 && pattern[2..].IndexOf(']') is var found and >= 0:
                var set = pattern[1..(found + 2)];
                var isNot = set[0] is '!' or '^' && set.Length > 1;
                set = isNot ? set[1..] : set;
                var isIn = false;
                for (var i = 0; i < set.Length; i++)
                {
                    if (i + 2 < set.Length && set[i + 1] == '-')
                    {
                        isIn |= c >= set[i] && c <= set[i + 2];
                        i += 2;
                    }
                    else
                    {
                        isIn |= set[i] == c;
                    }
                }

                return isIn != isNot ? found + 3 : 0;
            case '\\' when pattern.Length > 1:
                return pattern[1] == c ? 2 : 0;
            default:
                return pattern[..1].Equals([c], comparison) ? 1 : 0;
        }
    }
}
