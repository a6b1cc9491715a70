using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Operone.Core;

/// <summary>Texts that must not be longer than a column or a line takes. Half of a surrogate pair is no text, and a database may refuse it.</summary>
public static class ShortText
{
    /// <summary>At most so many characters of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How many UTF-16 units, 1 or more.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Cut(string? text, int most) =>
        text is null || text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];

    /// <summary>The same, with an ellipsis where something is left out.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How many UTF-16 units with the ellipsis, 2 or more.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Shorten(string? text, int most) => text is null || text.Length <= most ? text : Cut(text, most - 1) + "…";

    /// <summary>
    /// The same as it may be sealed and stored: half of a surrogate pair becomes U+FFFD, which UTF-8 would make of it, and U+0000, which PostgreSQL does not
    /// take, becomes its picture U+2400.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How many UTF-16 units with the ellipsis, 2 or more.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Clean(string? text, int most)
    {
        var shown = Shorten(text, most);
        if (shown is null || (!shown.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') && !shown.Contains('\0', StringComparison.Ordinal)))
        {
            return shown;
        }

        var clean = new StringBuilder(shown.Length);
        foreach (var rune in shown.EnumerateRunes())
        {
            clean.Append(rune.Value == 0 ? new Rune('\u2400') : rune);
        }

        return clean.ToString();
    }
}
