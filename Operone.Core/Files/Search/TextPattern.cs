using System.Text.RegularExpressions;
using Operone.Core.Errors;

namespace Operone.Core.Files.Search;

/// <summary>What a line is held against: a text as it is, or a regular expression that takes time in proportion to the line.</summary>
public sealed class TextPattern
{
    /// <summary>How large the automaton of an expression may become: <c>(a{1000}){1000}</c> would take all memory.</summary>
    private const int MaxAutomaton = 20_000;

    private readonly Regex? _regex;
    private readonly StringComparison _comparison;

    static TextPattern() => AppContext.SetData("REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE", MaxAutomaton);

    private TextPattern(FileQuery query, Regex? regex)
    {
        (Query, _regex) = (query, regex);
        _comparison = query.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
    }

    /// <summary>What is looked for.</summary>
    public FileQuery Query { get; }

    /// <summary>The text.</summary>
    public string Text => Query.Text!;

    /// <summary>Reads one. The query has a text.</summary>
    public static Result<TextPattern> Make(FileQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (!query.IsRegex || string.IsNullOrEmpty(query.Text))
        {
            return new TextPattern(query, null);
        }

        try
        {
            var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (query.IgnoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);
            _ = new Regex(query.Text, options);
            return new TextPattern(query, new Regex(query.WholeWord ? $@"\b(?:{query.Text})\b" : query.Text, options));
        }
        catch (RegexParseException problem)
        {
            return Error.InvalidField("text", $"is no regular expression: {problem.Message}");
        }
        catch (NotSupportedException)
        {
            return Error.InvalidField("text", "is an expression that is not searched for: it looks around, refers back, or would become too large");
        }
    }

    /// <summary>Where it is in a line at first; -1 where it is not.</summary>
    public int Find(ReadOnlySpan<char> line, out int length)
    {
        length = 0;
        if (_regex is not null)
        {
            foreach (var match in _regex.EnumerateMatches(line))
            {
                length = match.Length;
                return match.Index;
            }

            return -1;
        }

        var from = 0;
        while (true)
        {
            var at = line[from..].IndexOf(Text, _comparison);
            if (at < 0)
            {
                return -1;
            }

            at += from;
            if (!Query.WholeWord || (!IsWord(line, at - 1) && !IsWord(line, at + Text.Length)))
            {
                length = Text.Length;
                return at;
            }

            from = at + 1;
        }
    }

    private static bool IsWord(ReadOnlySpan<char> line, int at) => at >= 0 && at < line.Length && (char.IsLetterOrDigit(line[at]) || line[at] == '_');
}
