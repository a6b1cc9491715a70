using System.Globalization;
using System.Text;

namespace Operone.Web.Shell.Pages.Output;

/// <summary>How a piece of terminal text looks: what "select graphic rendition" has said so far (ECMA-48, 8.3.117).</summary>
/// <param name="Foreground">A colour: 0 is the default, 1 to 256 the palette from its first, above that <see cref="Rgb"/>.</param>
/// <param name="Background">The same for what is behind.</param>
/// <param name="Flags">Bold and the like.</param>
internal readonly record struct TextStyle(int Foreground, int Background, TextFlags Flags)
{
    private const int RgbBit = 1 << 24;

    public bool IsPlain => this == default;

    /// <summary>Goes on with the parameters of one sequence.</summary>
    public TextStyle Apply(ReadOnlySpan<int> parameters)
    {
        var style = this;
        for (var i = 0; i < parameters.Length; i++)
        {
            var p = parameters[i];
            style = p switch
            {
                0 => default,
                1 => style with { Flags = style.Flags | TextFlags.Bold },
                2 => style with { Flags = style.Flags | TextFlags.Dim },
                3 => style with { Flags = style.Flags | TextFlags.Italic },
                4 or 21 => style with { Flags = style.Flags | TextFlags.Underline },
                7 => style with { Flags = style.Flags | TextFlags.Inverse },
                9 => style with { Flags = style.Flags | TextFlags.Struck },
                22 => style with { Flags = style.Flags & ~(TextFlags.Bold | TextFlags.Dim) },
                23 => style with { Flags = style.Flags & ~TextFlags.Italic },
                24 => style with { Flags = style.Flags & ~TextFlags.Underline },
                27 => style with { Flags = style.Flags & ~TextFlags.Inverse },
                29 => style with { Flags = style.Flags & ~TextFlags.Struck },
                >= 30 and <= 37 => style with { Foreground = p - 30 + 1 },
                38 => style with { Foreground = ReadColour(parameters, ref i) ?? style.Foreground },
                39 => style with { Foreground = 0 },
                >= 40 and <= 47 => style with { Background = p - 40 + 1 },
                48 => style with { Background = ReadColour(parameters, ref i) ?? style.Background },
                49 => style with { Background = 0 },
                >= 90 and <= 97 => style with { Foreground = p - 90 + 9 },
                >= 100 and <= 107 => style with { Background = p - 100 + 9 },
                _ => style,
            };
        }

        return style;
    }

    /// <summary>The tag that begins a span of this style.</summary>
    public void WriteOpening(StringBuilder html)
    {
        html.Append("<span class=\"");
        var (front, back) = Flags.HasFlag(TextFlags.Inverse) ? (Background, Foreground) : (Foreground, Background);
        Class(html, Flags.HasFlag(TextFlags.Bold), "b ");
        Class(html, Flags.HasFlag(TextFlags.Dim), "d ");
        Class(html, Flags.HasFlag(TextFlags.Italic), "i ");
        Class(html, Flags.HasFlag(TextFlags.Underline), "u ");
        Class(html, Flags.HasFlag(TextFlags.Struck), "s ");
        Class(html, Flags.HasFlag(TextFlags.Inverse) && front == 0, "if ");
        Class(html, Flags.HasFlag(TextFlags.Inverse) && back == 0, "ib ");
        if (front is >= 1 and <= 16)
        {
            html.Append('f').Append(front - 1).Append(' ');
        }

        if (back is >= 1 and <= 16)
        {
            html.Append('g').Append(back - 1).Append(' ');
        }

        // A colour of the command's own on the page's ground is kept legible by the stylesheet, in both themes.
        var isAdapted = front > 16 && back == 0;
        Class(html, isAdapted, "rc ");
        html.Append('"');
        if (front > 16 || back > 16)
        {
            html.Append(" style=\"");
            Colour(html, isAdapted ? "--c" : "color", front);
            Colour(html, "background", back);
            html.Append('"');
        }

        html.Append('>');

        static void Class(StringBuilder html, bool has, string name)
        {
            if (has)
            {
                html.Append(name);
            }
        }

        static void Colour(StringBuilder html, string property, int colour)
        {
            if (colour > 16)
            {
                html.Append(CultureInfo.InvariantCulture, $"{property}:#{Rgb(colour):x6};");
            }
        }
    }

    /// <summary>A colour beyond the first sixteen as red, green and blue: xterm's cube of 6 by 6 by 6, and its greys.</summary>
    internal static int Rgb(int colour)
    {
        if ((colour & RgbBit) != 0)
        {
            return colour & 0xffffff;
        }

        var index = colour - 1;
        if (index >= 232)
        {
            var grey = 8 + ((index - 232) * 10);
            return (grey << 16) | (grey << 8) | grey;
        }

        index -= 16;
        return (Level(index / 36) << 16) | (Level(index / 6 % 6) << 8) | Level(index % 6);

        static int Level(int step) => step == 0 ? 0 : 55 + (step * 40);
    }

    private static int? ReadColour(ReadOnlySpan<int> parameters, ref int at)
    {
        if (at + 2 < parameters.Length && parameters[at + 1] == 5)
        {
            var index = parameters[at + 2];
            at += 2;
            return index is >= 0 and <= 255 ? index + 1 : null;
        }

        if (at + 4 < parameters.Length && parameters[at + 1] == 2)
        {
            var (red, green, blue) = (parameters[at + 2], parameters[at + 3], parameters[at + 4]);
            at += 4;
            return (red | green | blue) is >= 0 and <= 255 ? RgbBit | (red << 16) | (green << 8) | blue : null;
        }

        at = parameters.Length;
        return null;
    }
}

/// <summary>What a style has besides colours.</summary>
[Flags]
internal enum TextFlags
{
    None = 0,
    Bold = 1,
    Dim = 2,
    Italic = 4,
    Underline = 8,
    Inverse = 16,
    Struck = 32,
}
