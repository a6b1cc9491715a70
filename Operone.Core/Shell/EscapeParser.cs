namespace Operone.Core.Shell;

/// <summary>
/// Parts what a program printed into text, control characters and escape sequences (ECMA-48; the states are those of Paul
/// Williams' parser of the VT500 series, https://vt100.net/emu/dec_ansi_parser), in constant memory, however it is cut into pieces. Strings for the
/// terminal itself (OSC, DCS, SOS, PM, APC, and the title of GNU screen) are swallowed: nobody here obeys one.
/// </summary>
public abstract class EscapeParser
{
    private const int MaxSequence = 64;

    private readonly char[] _sequence = new char[MaxSequence];
    private int _length;
    private State _state;

    private enum State
    {
        Ground,
        Escape,
        Csi,
        CsiIgnored,
        Text,
        TextEscape,
    }

    /// <summary>Reads on.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            Next(c);
        }
    }

    /// <summary>A character to be shown; halves of surrogate pairs come one by one.</summary>
    protected abstract void OnText(char c);

    /// <summary>A control character below space.</summary>
    protected abstract void OnControl(char c);

    /// <summary>An escape sequence of two or three characters: what stands between ESC and its last, and its last.</summary>
    protected abstract void OnEscape(ReadOnlySpan<char> intermediates, char final);

    /// <summary>A control sequence: its parameters and intermediates as they stand there, and its last character.</summary>
    protected abstract void OnCsi(ReadOnlySpan<char> parameters, char final);

    private void Next(char c)
    {
        // These end whatever was begun, wherever they stand.
        if (c is '\u0018' or '\u001a')
        {
            _state = State.Ground;
            return;
        }

        switch (_state)
        {
            case State.Text:
                _state = c switch
                {
                    '\e' => State.TextEscape,
                    '\a' or '\u009c' => State.Ground,
                    _ => State.Text,
                };
                return;
            case State.TextEscape when c == '\\':
                _state = State.Ground;
                return;
            case State.TextEscape:
                // Not its end: another sequence has begun.
                (_state, _length) = (State.Escape, 0);
                break;
        }

        if (c == '\e')
        {
            (_state, _length) = (State.Escape, 0);
        }
        else if (c is >= '\u0080' and <= '\u009f')
        {
            Introduce((char)(c - 0x40));
        }
        else if (c < ' ')
        {
            // In the midst of a sequence they count as if they stood before it.
            OnControl(c);
        }
        else if (_state == State.Escape)
        {
            InEscape(c);
        }
        else if (_state is State.Csi or State.CsiIgnored)
        {
            InCsi(c);
        }
        else if (c != '\u007f')
        {
            OnText(c);
        }
    }

    private void InEscape(char c)
    {
        if (c is >= ' ' and <= '/')
        {
            _length = Math.Min(_length, MaxSequence - 1);
            _sequence[_length++] = c;
        }
        else if (_length == 0 && c is >= '@' and <= '_')
        {
            Introduce(c);
        }
        else if (_length == 0 && c == 'k')
        {
            _state = State.Text;
        }
        else
        {
            _state = State.Ground;
            if (c < '\u007f')
            {
                OnEscape(_sequence.AsSpan(0, _length), c);
            }
        }
    }

    // Of C1, which is ESC and this character too.
    private void Introduce(char c)
    {
        _length = 0;
        _state = c switch
        {
            '[' => State.Csi,
            'P' or 'X' or ']' or '^' or '_' => State.Text,
            _ => State.Ground,
        };
        if (_state == State.Ground && c != '\\')
        {
            OnEscape([], c);
        }
    }

    private void InCsi(char c)
    {
        if (c is >= '@' and <= '~')
        {
            var isWhole = _state == State.Csi;
            _state = State.Ground;
            if (isWhole)
            {
                OnCsi(_sequence.AsSpan(0, _length), c);
            }
        }
        else if (c > '~' || _length == MaxSequence)
        {
            _state = c > '\u007f' ? State.Ground : State.CsiIgnored;
        }
        else
        {
            _sequence[_length++] = c;
        }
    }
}
