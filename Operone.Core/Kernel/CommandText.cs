using System.Buffers;
using System.Globalization;
using System.Text;

namespace Operone.Core.Kernel;

/// <summary>
/// A command line on one line, as a person can read it. Arguments come from whoever started a process, and may hold anything: what
/// would move a cursor, hide itself or turn the line around is written as an escape.
/// </summary>
public static class CommandText
{
    /// <summary>What a shell does not take as it is.</summary>
    private static readonly SearchValues<char> _special = SearchValues.Create(" '\"\\$`|&;<>()*?#~!{}[]");

    /// <summary>The command line; a thread of the kernel is written as ps(1) does, in brackets.</summary>
    public static string Of(ProcessInfo process)
    {
        ArgumentNullException.ThrowIfNull(process);
        return process.IsWithheld ? $"{Plain(process.Name)} (arguments withheld: its run holds secrets)"
            : process.Arguments is { Count: > 0 } arguments ? Of(arguments) + (process.IsCut ? " …" : "")
            : process.IsKernel ? $"[{Plain(process.Name)}]"
            : Plain(process.Name);
    }

    /// <summary>Arguments, each quoted where it would be read as several. A single one is a title that the process gave itself, or a plain name.</summary>
    public static string Of(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments.Count == 1 ? Plain(arguments[0]) : string.Join(' ', arguments.Select(Quoted));
    }

    /// <summary>A text on one line, with nothing in it that is not seen.</summary>
    public static string Plain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.EnumerateRunes().Any(IsUnseen))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = !IsUnseen(rune) ? plain.Append(rune.ToString())
                : rune.Value switch { '\n' => plain.Append("\\n"), '\t' => plain.Append("\\t"), '\r' => plain.Append("\\r"), '\e' => plain.Append("\\e"), _ => plain.Append(Escape(rune)) };
        }

        return plain.ToString();
    }

    private static string Escape(Rune rune) => rune.Value < 0x100
        ? string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}")
        : string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");

    private static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;

    private static string Quoted(string argument)
    {
        var plain = Plain(argument);
        return plain.Length > 0 && !plain.AsSpan().ContainsAny(_special) ? plain
            : plain.Contains('\'', StringComparison.Ordinal) ? $"\"{plain.Replace("\"", "\\\"", StringComparison.Ordinal)}\""
            : $"'{plain}'";
    }
}
