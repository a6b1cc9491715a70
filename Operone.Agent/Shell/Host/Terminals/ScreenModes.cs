using System.Buffers;
using System.Globalization;
using System.Text;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>
/// Follows what a program's output does to a terminal besides putting characters on it: modes, colours, character sets, the
/// scroll region, the title (ECMA-48; DEC private modes as in xterm's ctlseqs). It knows no screen: with it a fresh terminal
/// is brought to the state from which the rest of the output can be replayed rightly.
/// </summary>
internal sealed class ScreenModes
{
    private const int MaxParameters = 128;
    private const int MaxModes = 64;
    private const int MaxTitle = 256;

    /// <summary>The private modes that are on in a fresh terminal: autowrap and the cursor.</summary>
    private static readonly int[] _onAtFirst = [7, 25];

    /// <summary>Private modes of which one at a time holds: the alternate screens, what a mouse reports, and how.</summary>
    private static readonly int[][] _oneOf = [[47, 1047, 1049], [9, 1000, 1001, 1002, 1003], [1005, 1006, 1015, 1016]];

    private static readonly SearchValues<char> _numbers = SearchValues.Create("0123456789;");

    private readonly SortedDictionary<int, bool> _modes;
    private readonly Pen _pen;
    private readonly byte[] _sequence = new byte[MaxParameters];
    private readonly char[] _sets = ['B', 'B'];
    private int _length;
    private State _state;
    private bool _isShifted;
    private bool _isKeypad;
    private bool _isInsert;
    private string _region = "";
    private string _cursor = "";
    private string _title = "";

    /// <summary>A fresh terminal.</summary>
    public ScreenModes() => (_modes, _pen) = ([], new Pen());

    private ScreenModes(ScreenModes other)
    {
        (_modes, _pen) = (new(other._modes), other._pen.Clone());
        other._sequence.CopyTo(_sequence, 0);
        other._sets.CopyTo(_sets, 0);
        (_length, _state, _isShifted, _isKeypad, _isInsert) = (other._length, other._state, other._isShifted, other._isKeypad, other._isInsert);
        (_region, _cursor, _title) = (other._region, other._cursor, other._title);
    }

    private enum State
    {
        Ground,
        Escape,
        Charset,
        Control,
        Text,
        TextEscape,
    }

    /// <summary>Whether no sequence has begun and not ended.</summary>
    public bool IsBetween => _state == State.Ground;

    /// <summary>Whether the alternate screen is shown, as full-screen programs have it.</summary>
    public bool IsAlternate => IsOn(1049) || IsOn(1047) || IsOn(47);

    /// <summary>The same state, to go on from by itself.</summary>
    public ScreenModes Clone() => new(this);

    /// <summary>Follows output.</summary>
    public void Feed(ReadOnlySpan<byte> output)
    {
        while (!output.IsEmpty)
        {
            if (_state == State.Ground)
            {
                var next = output.IndexOfAny((byte)0x1b, (byte)0x0e, (byte)0x0f);
                if (next < 0)
                {
                    return;
                }

                output = output[next..];
            }

            Take(output[0]);
            output = output[1..];
        }
    }

    /// <summary>What brings a fresh terminal to this state.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (IsAlternate)
        {
            text.Append("\e[?1049h\e[H");
        }

        foreach (var (mode, isOn) in _modes)
        {
            if (mode is not (1049 or 1047 or 47 or 1048))
            {
                text.Append(CultureInfo.InvariantCulture, $"\e[?{mode}{(isOn ? 'h' : 'l')}");
            }
        }

        text.Append(_isInsert ? "\e[4h" : "").Append(_isKeypad ? "\e=" : "").Append(_region).Append(_cursor);
        text.Append(_sets[0] == 'B' ? "" : $"\e({_sets[0]}").Append(_sets[1] == 'B' ? "" : $"\e){_sets[1]}").Append(_isShifted ? "\x0e" : "");
        text.Append(_pen).Append(_title.Length > 0 ? $"\e]2;{_title}\a" : "").Append(Begun());
        return text.ToString();
    }

    /// <summary>
    /// The beginning of a sequence that has not ended, so that its rest is not taken for text: one that is longer than all that is kept.
    /// What it says is left out, for it is not whole.
    /// </summary>
    private string Begun() => _state switch
    {
        State.Escape => "\e",
        State.Charset => "\e%",
        State.Control => "\e[0 0", // a parameter behind an intermediate: ignored to its end
        State.Text => _sequence[0] == ']' ? "\e]x" : "\eX",
        State.TextEscape => _sequence[0] == ']' ? "\e]x\e" : "\eX\e",
        _ => "",
    };

    private bool IsOn(int mode) => _modes.GetValueOrDefault(mode);

    private void Take(byte value)
    {
        if (value is 0x18 or 0x1a)
        {
            _state = State.Ground; // CAN and SUB end a sequence
            return;
        }

        switch (_state)
        {
            case State.Ground:
                _isShifted = value switch { 0x0e => true, 0x0f => false, _ => _isShifted };
                _state = value == 0x1b ? State.Escape : State.Ground;
                break;
            case State.Escape:
                TakeEscape(value);
                break;
            case State.Charset:
                TakeCharset(value);
                break;
            case State.Control:
                TakeControl(value);
                break;
            case State.Text:
                TakeText(value);
                break;
            case State.TextEscape:
                // ESC \ ends it; an ESC and something else ends it too, and begins another sequence
                EndText();
                _state = State.Ground;
                if (value != '\\')
                {
                    TakeEscape(value);
                }

                break;
        }
    }

    private void TakeEscape(byte value)
    {
        _length = 0;
        switch (value)
        {
            case (byte)'[':
                _state = State.Control;
                break;
            case (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_':
                _sequence[0] = value;
                _length = 1;
                _state = State.Text;
                break;
            case (byte)'(' or (byte)')' or (byte)'*' or (byte)'+' or (byte)'-' or (byte)'.' or (byte)'/' or (byte)'#' or (byte)'%' or (byte)' ':
                _sequence[0] = value;
                _state = State.Charset;
                break;
            case 0x1b:
                _state = State.Escape;
                break;
            default:
                _isKeypad = value switch { (byte)'=' => true, (byte)'>' => false, _ => _isKeypad };
                if (value == 'c')
                {
                    Reset(all: true);
                }

                _state = State.Ground;
                break;
        }
    }

    private void TakeCharset(byte value)
    {
        if (value is < 0x20 or 0x7f)
        {
            _state = value == 0x1b ? State.Escape : State.Charset;
            return;
        }

        if (value is >= 0x30 and < 0x7f && _sequence[0] is (byte)'(' or (byte)')')
        {
            _sets[_sequence[0] == '(' ? 0 : 1] = (char)value;
        }

        _state = value < 0x30 ? State.Charset : State.Ground;
        _sequence[0] = value < 0x30 ? (byte)'%' : _sequence[0]; // a set with a longer name: not one that is known here
    }

    private void TakeControl(byte value)
    {
        if (value == 0x1b)
        {
            _state = State.Escape;
        }
        else if (value is >= 0x20 and < 0x40)
        {
            // what is too long is followed to its end, and means nothing
            if (_length < MaxParameters)
            {
                _sequence[_length] = value;
            }

            _length++;
        }
        else if (value is 0x0e or 0x0f)
        {
            _isShifted = value == 0x0e; // controls count in the midst of a sequence too
        }
        else if (value is >= 0x40 and not 0x7f)
        {
            _state = State.Ground;
            if (_length <= MaxParameters)
            {
                Carry((char)value, Encoding.ASCII.GetString(_sequence, 0, _length));
            }
        }
    }

    private void Carry(char final, string parameters)
    {
        switch (final)
        {
            case 'h' or 'l' when parameters.StartsWith('?'):
                foreach (var part in parameters[1..].Split(';'))
                {
                    if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var mode))
                    {
                        Set(mode, final == 'h');
                    }
                }

                break;
            case 'h' or 'l' when parameters == "4":
                _isInsert = final == 'h';
                break;
            case 'm' when !parameters.StartsWith('>') && !parameters.StartsWith('?'):
                _pen.Set(parameters);
                break;
            case 'r' when parameters.AsSpan().IndexOfAnyExcept(_numbers) < 0:
                _region = parameters.Length > 0 ? $"\e[{parameters}r" : "";
                break;
            case 'q' when parameters.EndsWith(' ') && parameters.AsSpan(0, parameters.Length - 1).IndexOfAnyExcept(_numbers) < 0:
                _cursor = $"\e[{parameters}q";
                break;
            case 'p' when parameters == "!":
                Reset(all: false);
                break;
        }
    }

    private void Set(int mode, bool isOn)
    {
        foreach (var other in Array.Find(_oneOf, group => group.Contains(mode)) ?? [])
        {
            _modes.Remove(other);
        }

        if (Array.IndexOf(_onAtFirst, mode) >= 0 == isOn)
        {
            _modes.Remove(mode);
        }
        else if (_modes.Count < MaxModes)
        {
            _modes[mode] = isOn;
        }
    }

    private void TakeText(byte value)
    {
        if (value == 0x07)
        {
            EndText();
            _state = State.Ground;
        }
        else if (value == 0x1b)
        {
            _state = State.TextEscape;
        }
        else if (_length < MaxParameters)
        {
            _sequence[_length++] = value;
        }
    }

    /// <summary>Of texts the title alone is kept (OSC 0 and 2), without anything in it that steers a terminal.</summary>
    private void EndText()
    {
        var text = Encoding.UTF8.GetString(_sequence, 0, _length);
        if (text.StartsWith("]0;", StringComparison.Ordinal) || text.StartsWith("]2;", StringComparison.Ordinal))
        {
            var title = new string([.. text[3..].Where(c => !char.IsControl(c) && c != '\uFFFD').Take(MaxTitle)]);
            _title = title;
        }
    }

    private void Reset(bool all)
    {
        _pen.Set("");
        (_isInsert, _isKeypad, _isShifted, _region, _cursor) = (false, false, false, "", "");
        (_sets[0], _sets[1]) = ('B', 'B');
        if (all)
        {
            _modes.Clear();
        }
        else
        {
            Set(25, true);
            Set(6, false);
            Set(1, false);
        }
    }
}
