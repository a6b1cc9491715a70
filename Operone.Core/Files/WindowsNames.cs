using System.Buffers;

namespace Operone.Core.Files;

/// <summary>
/// Which names Windows takes for what they are ("Naming Files, Paths, and Namespaces", Win32): it makes devices of some, takes the end off others, and
/// reads streams and short names out of more, so that what is opened is not what was named.
/// </summary>
public static class WindowsNames
{
    private static readonly SearchValues<char> _forbidden = SearchValues.Create("<>:\"/\\|?*");

    private static readonly HashSet<string> _devices = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM\u00B9", "COM\u00B2", "COM\u00B3",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT\u00B9", "LPT\u00B2", "LPT\u00B3",
    };

    /// <summary>What is wrong with a name, in words; null where nothing is.</summary>
    public static string? Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (FileName.Check(name) is { } problem)
        {
            return problem;
        }

        if (name.AsSpan().IndexOfAny(_forbidden) is var at and >= 0)
        {
            return name[at] == ':' ? "has a colon, which names a stream of a file" : $"has the character '{name[at]}'";
        }

        if (name.Any(char.IsControl))
        {
            return "has a control character";
        }

        if (name[^1] is '.' or ' ')
        {
            return "ends with a dot or a space, which Windows takes off";
        }

        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsSurrogate(name[i]) && !(i + 1 < name.Length && char.IsSurrogatePair(name[i], name[i + 1])) && !(i > 0 && char.IsSurrogatePair(name[i - 1], name[i])))
            {
                return "is no Unicode text";
            }
        }

        // also with an ending, and with spaces before it
        var stem = name.Split('.')[0].TrimEnd(' ');
        return _devices.Contains(stem) ? $"is that of a device ({stem})" : IsShort(name) ? "looks like the short name of another file" : null;
    }

    /// <summary>Whether a name is a drive: a letter and a colon.</summary>
    public static bool IsDrive(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name is [var letter, ':'] && char.IsAsciiLetter(letter);
    }

    /// <summary>An 8.3 name: up to eight characters that end with a tilde and digits, and an ending of up to three.</summary>
    private static bool IsShort(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var stem = dot < 0 ? name : name[..dot];
        var ending = dot < 0 ? "" : name[(dot + 1)..];
        var tilde = stem.LastIndexOf('~');
        return stem.Length <= 8 && ending.Length <= 3 && !ending.Contains('.', StringComparison.Ordinal)
            && tilde > 0 && tilde < stem.Length - 1 && stem[(tilde + 1)..].All(char.IsAsciiDigit);
    }
}
