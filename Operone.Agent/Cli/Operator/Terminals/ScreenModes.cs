using System.Text;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>
/// Watches what is printed for the modes of a terminal that a program switches on and should switch off again, so that whoever
/// leaves in the middle gets a screen that works: alternate screen, hidden cursor, mouse, bracketed paste and the like
/// (xterm's ctlseqs). Looks at escape sequences alone; other bytes cost next to nothing.
/// </summary>
internal sealed class ScreenModes
{
    private const byte Escape = 0x1b, Bell = 0x07;
    private const int MaxSequence = 64;

    // DEC's private modes with what a fresh terminal has: cursor keys, reverse, origin, wrapping, X10 mouse, cursor, alternate
    // screens, mouse reports and their encodings, focus reports, bracketed paste, synchronized output
    private static readonly int[] Known = [1, 5, 6, 7, 9, 25, 47, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026];

    private readonly byte[] _sequence = new byte[MaxSequence];
    private int _length;
    private State _state;
    private ulong _changed;
    private int _keyboards;
    private bool _keypad, _region, _keys, _cursor, _insert;

    private enum State
    {
        Text,
        Escaped,
        Intermediate,
        Control,
        String,
        StringEscaped,
    }

    /// <summary>Whether a program has the alternate screen, as full-screen programs do.</summary>
    public bool IsAlternate => Has(47) || Has(1047) || Has(1049);

    /// <summary>Watches what is printed.</summary>
    public void Watch(ReadOnlySpan<byte> printed)
    {
        while (printed.Length > 0)
        {
            if (_state is State.Text or State.String)
            {
                var next = _state == State.Text ? printed.IndexOf(Escape) : printed.IndexOfAny(Escape, Bell);
                if (next < 0)
                {
                    return;
                }

                _state = printed[next] == Bell ? State.Text : _state == State.Text ? State.Escaped : State.StringEscaped;
                printed = printed[(next + 1)..];
                continue;
            }

            Take(printed[0]);
            printed = printed[1..];
        }
    }

    /// <summary>The sequences that undo what is on now. Afterwards nothing is.</summary>
    public byte[] Undo()
    {
        var undo = new StringBuilder();
        if (_state is not State.Text)
        {
            // a sequence that was cut off would swallow what comes next
            undo.Append("\e\\");
        }

        if (Has(2026))
        {
            undo.Append("\e[?2026l");
        }

        for (var i = 0; i < _keyboards; i++)
        {
            undo.Append("\e[<u");
        }

        // a scroll region's end moves the cursor
        undo.Append(_region ? "\e7\e[r\e8" : "").Append(_keypad ? "\e>" : "").Append(_keys ? "\e[>4m" : "").Append(_insert ? "\e[4l" : "");
        foreach (var mode in Known.Where(m => m != 2026 && Has(m)))
        {
            undo.Append("\e[?").Append(mode).Append(IsOnByDefault(mode) ? 'h' : 'l');
        }

        undo.Append(_cursor ? "\e[0 q" : "").Append("\e[0m\e(B\x0f");
        Forget();
        return Encoding.ASCII.GetBytes(undo.ToString());
    }

    private static bool IsOnByDefault(int mode) => mode is 7 or 25;

    private bool Has(int mode) => (_changed & (1UL << Array.IndexOf(Known, mode))) != 0;

    private void Forget()
    {
        (_changed, _keyboards, _state, _length) = (0, 0, State.Text, 0);
        _keypad = _region = _keys = _cursor = _insert = false;
    }

    private void Take(byte next)
    {
        switch (_state)
        {
            case State.Escaped:
                _length = 0;
                _state = next switch
                {
                    (byte)'[' => State.Control,
                    (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_' => State.String,
                    Escape => State.Escaped,
                    >= 0x20 and <= 0x2f => State.Intermediate,
                    _ => State.Text,
                };
                if (next == (byte)'c')
                {
                    Forget();
                }

                _keypad = next == (byte)'=' || (next != (byte)'>' && _keypad);
                break;
            case State.StringEscaped:
                // "ESC \" ends a string, and so does any other sequence
                _state = next == (byte)'\\' ? State.Text : State.Escaped;
                if (_state == State.Escaped)
                {
                    Take(next);
                }

                break;
            case State.Intermediate:
                _state = next == Escape ? State.Escaped : next is >= 0x20 and <= 0x2f ? State.Intermediate : State.Text;
                break;
            default:
                if (next is 0x18 or 0x1a or Escape)
                {
                    _state = next == Escape ? State.Escaped : State.Text;
                }
                else if (next is >= 0x40 and <= 0x7e)
                {
                    _state = State.Text;
                    Apply(next, _sequence.AsSpan(0, Math.Min(_length, MaxSequence)));
                }
                else if (next >= 0x20)
                {
                    // longer than any that matters: read to its end all the same
                    if (_length < MaxSequence)
                    {
                        _sequence[_length] = next;
                    }

                    _length++;
                }

                break;
        }
    }

    private void Apply(byte final, ReadOnlySpan<byte> parameters)
    {
        if (_length > MaxSequence)
        {
            return;
        }

        switch (final)
        {
            case (byte)'h' or (byte)'l' when parameters is [(byte)'?', .. var modes]:
                Switch(modes, final == (byte)'h');
                break;
            case (byte)'h' or (byte)'l' when parameters is [(byte)'4']:
                _insert = final == (byte)'h';
                break;
            case (byte)'r' when parameters is not [(byte)'?', ..]:
                _region = parameters.Length > 0;
                break;
            case (byte)'p' when parameters is [(byte)'!']:
                // a soft reset (DECSTR)
                _region = _keypad = _insert = false;
                Switch("1;6"u8, on: false);
                Switch("25"u8, on: true);
                break;
            case (byte)'q' when parameters is [.., (byte)' ']:
                _cursor = parameters is not ([(byte)' '] or [(byte)'0', (byte)' ']);
                break;
            case (byte)'m' when parameters is [(byte)'>', (byte)'4', .. var level]:
                _keys = level is [(byte)';', not (byte)'0', ..];
                break;
            case (byte)'u' when parameters is [(byte)'>', ..]:
                // no terminal keeps more than a few (kitty's keyboard protocol)
                _keyboards = Math.Min(_keyboards + 1, 16);
                break;
            case (byte)'u' when parameters is [(byte)'<', ..]:
                _keyboards = Math.Max(_keyboards - 1, 0);
                break;
        }
    }

    private void Switch(ReadOnlySpan<byte> modes, bool on)
    {
        foreach (var range in modes.Split((byte)';'))
        {
            if (!System.Buffers.Text.Utf8Parser.TryParse(modes[range], out int mode, out _) || Array.IndexOf(Known, mode) is not (>= 0 and var at))
            {
                continue;
            }

            _changed = on == IsOnByDefault(mode) ? _changed & ~(1UL << at) : _changed | (1UL << at);
        }
    }
}
