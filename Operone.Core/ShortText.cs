using System.Diagnostics.CodeAnalysis;

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
}
