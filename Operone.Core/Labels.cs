using Operone.Core.Errors;

namespace Operone.Core;

/// <summary>
/// The rules for names and labels. Labels follow Kubernetes (Labels and Selectors, "Syntax and character set"):
/// a key is an optional DNS prefix and a slash, then a name of 1 to 63 characters; a value has 0 to 63.
/// </summary>
public static class Labels
{
    /// <summary>The most labels a device may carry.</summary>
    public const int MaxCount = 64;

    private const string NameRule =
        "must be 1 to 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit";

    /// <summary>What is wrong with a label's key, or null.</summary>
    public static string? CheckKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var name = slash < 0 ? key : key[(slash + 1)..];
        if (slash >= 0)
        {
            var prefix = key[..slash];
            if (prefix.Length is 0 or > 253 || !prefix.Split('.').All(p => p.Length > 0 && IsName(p) && !p.Contains('_', StringComparison.Ordinal)))
            {
                return $"the label key '{key}' has a prefix that is not a DNS name";
            }
        }

        return name.Length is >= 1 and <= 63 && IsName(name) ? null : $"the label key '{key}' {NameRule}";
    }

    /// <summary>What is wrong with a label's value, or null.</summary>
    public static string? CheckValue(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Length == 0 || (value.Length <= 63 && IsName(value)) ? null : $"the label value '{value}' {NameRule}, or be empty";
    }

    /// <summary>What is wrong with a device's name, or null. Names compare without regard to case.</summary>
    public static string? CheckDeviceName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is >= 1 and <= 63 && IsName(name) && !Guid.TryParse(name, out _) ? null : $"the name '{name}' {NameRule}, and must not look like an id";
    }

    /// <summary>Notes everything that is wrong with a set of labels.</summary>
    public static void Check(IReadOnlyDictionary<string, string>? labels, string field, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        if (labels is null)
        {
            return;
        }

        errors.AddIf(labels.Count > MaxCount, field, $"there are {labels.Count} labels; at most {MaxCount} are kept");
        foreach (var (key, value) in labels)
        {
            if (CheckKey(key) is { } keyProblem)
            {
                errors.Add(field, keyProblem);
            }

            if (value is null)
            {
                errors.Add(field, $"the label '{key}' has no value");
            }
            else if (CheckValue(value) is { } valueProblem)
            {
                errors.Add(field, valueProblem);
            }
        }
    }

    /// <summary>Whether all characters are allowed in names and the ends are letters or digits. Empty is not a name.</summary>
    internal static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.Length == 0 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!IsNameCharacter(c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a character may stand inside a name.</summary>
    internal static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
}
