using System.Text;

namespace Operone.Agent.Platforms.Windows;

/// <summary>How Windows wants what a process starts with: one line and one block of text.</summary>
internal static class WindowsText
{
    /// <summary>
    /// A command line that programs take apart into these arguments again (CommandLineToArgvW, and "Parsing C command-line
    /// arguments" of Microsoft's C runtime): an argument with blanks is quoted, and backslashes count double before a quote alone.
    /// </summary>
    public static string CommandLine(IEnumerable<string> arguments)
    {
        var line = new StringBuilder();
        foreach (var argument in arguments)
        {
            line.Append(line.Length > 0 ? " " : "");
            Append(line, argument);
        }

        return line.ToString();
    }

    /// <summary>
    /// An environment as CreateProcessW takes it: each variable closed by a zero, sorted by name without regard to case, and a
    /// zero at the end of all.
    /// </summary>
    /// <param name="variables">Each as <c>NAME=value</c>. Of one that comes twice the last counts.</param>
    public static string EnvironmentBlock(IEnumerable<string> variables)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var variable in variables)
        {
            // a name may begin with '=': so the system keeps each drive's directory
            sorted[variable[..variable.IndexOf('=', 1)]] = variable;
        }

        return string.Concat(sorted.Values.Select(v => v + '\0')) + (sorted.Count == 0 ? "\0\0" : "\0");
    }

    private static void Append(StringBuilder line, string argument)
    {
        if (argument.Length > 0 && argument.All(c => !char.IsWhiteSpace(c) && c != '"'))
        {
            line.Append(argument);
            return;
        }

        line.Append('"');
        var backslashes = 0;
        foreach (var character in argument)
        {
            if (character == '"')
            {
                line.Append('\\', backslashes + 1);
            }

            line.Append(character);
            backslashes = character == '\\' ? backslashes + 1 : 0;
        }

        line.Append('\\', backslashes).Append('"');
    }
}
