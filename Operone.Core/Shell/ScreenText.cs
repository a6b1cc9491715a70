using System.Globalization;
using System.Text;

namespace Operone.Core.Shell;

/// <summary>
/// What a terminal printed, with nothing left in it that reaches outside of a screen: for recordings of strangers that are played
/// on somebody's own terminal. Text, colours, moving and erasing stay. What sets titles or the clipboard, makes links, asks the terminal for
/// an answer (which it would type), changes what keys and mouse send, prints, or resizes windows goes; only what is known to be harmless stays.
/// </summary>
public sealed class ScreenText : EscapeParser
{
    /// <summary>Brings a terminal back from whatever a recording left: colours, cursor, margins, character sets, the other screen.</summary>
    public const string Reset = "\e[?2026l\e[?5l\e[?1049l\e[?6l\e[?7h\e[?25h\e[4l\e[20l\e[r\e(B\u000f\e[0m";

    private readonly StringBuilder _out = new();

    /// <summary>Filters the next piece.</summary>
    public string Filter(ReadOnlySpan<char> text)
    {
        _out.Clear();
        Write(text);
        return _out.ToString();
    }

    /// <inheritdoc/>
    protected override void OnText(char c) => _out.Append(c);

    /// <inheritdoc/>
    protected override void OnControl(char c)
    {
        if (c is '\b' or '\t' or '\n' or '\v' or '\f' or '\r' or '\u000e' or '\u000f')
        {
            _out.Append(c);
        }
    }

    /// <inheritdoc/>
    protected override void OnEscape(ReadOnlySpan<char> intermediates, char final)
    {
        if (intermediates.IsEmpty && final == 'c')
        {
            // A full reset would forget the person's own settings too.
            _out.Append("\e[0m\e[r\e[H\e[2J");
        }
        else if (intermediates.IsEmpty ? final is '7' or '8' or 'D' or 'E' or 'H' or 'M' : intermediates is "(" or ")" && final is 'A' or 'B' or '0')
        {
            _out.Append('\e').Append(intermediates).Append(final);
        }
    }

    /// <inheritdoc/>
    protected override void OnCsi(ReadOnlySpan<char> parameters, char final)
    {
        if (final is 'h' or 'l' ? AreHarmlessModes(parameters) : AreNumbers(parameters) && IsHarmless(parameters, final))
        {
            _out.Append("\e[").Append(parameters).Append(final);
        }
    }

    private static bool IsHarmless(ReadOnlySpan<char> parameters, char final) => final switch
    {
        '@' or (>= 'A' and <= 'M') or 'P' or 'S' or 'X' or 'Z' or '`' or 'a' or 'b' or 'd' or 'e' or 'f' or 'g' or 'm' or 'r' => true,
        // With more numbers this tracks the mouse.
        'T' => !parameters.Contains(';'),
        's' or 'u' => parameters.IsEmpty,
        _ => false,
    };

    // Anything else, such as "?" or "$" or a space, makes it another sequence.
    private static bool AreNumbers(ReadOnlySpan<char> parameters)
    {
        var digits = 0;
        foreach (var c in parameters)
        {
            digits = char.IsAsciiDigit(c) ? digits + 1 : 0;
            if (digits > 4 || (digits == 0 && c is not (';' or ':')))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreHarmlessModes(ReadOnlySpan<char> parameters)
    {
        var isPrivate = parameters is ['?', ..];
        foreach (var part in (isPrivate ? parameters[1..] : parameters).Split(';'))
        {
            var mode = (isPrivate ? parameters[1..] : parameters)[part];
            if (!int.TryParse(mode, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || !(isPrivate ? number is 5 or 6 or 7 or 12 or 25 or 47 or 1047 or 1048 or 1049 or 2026 : number is 4 or 20))
            {
                return false;
            }
        }

        return true;
    }
}
