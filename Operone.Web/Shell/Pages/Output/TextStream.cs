using System.Text;

namespace Operone.Web.Shell.Pages.Output;

/// <summary>
/// Reads one output stream of a command as a terminal would, as far as it goes on lines: UTF-8 in any pieces, colours,
/// carriage return, backspace, erasing. Everything else of a terminal is left out without a trace.
/// </summary>
internal sealed class TextStream
{
    private const int MaxParameters = 32;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly char[] _chars = new char[4096];
    private readonly int[] _parameters = new int[MaxParameters];
    private int _parameterCount;
    private State _state;
    private TextStyle _style;
    private bool _returned;

    private enum State
    {
        Text,
        Escape,
        Control,
        ControlIgnored,
        Text7,
        Text7Escape,
        Charset,
    }

    /// <summary>The line being written.</summary>
    public TextLine Line { get; } = new();

    /// <summary>Reads on; <paramref name="lineEnded"/> is called at the end of each line, before the next begins.</summary>
    public void Read(ReadOnlySpan<byte> data, Action lineEnded)
    {
        while (data.Length > 0)
        {
            _decoder.Convert(data, _chars, flush: false, out var read, out var written, out _);
            foreach (var c in _chars.AsSpan(0, written))
            {
                Take(c, lineEnded);
            }

            data = data[read..];
        }
    }

    private void Take(char c, Action lineEnded)
    {
        switch (_state)
        {
            case State.Text when c >= ' ' && c != '\x7f':
                if (_returned)
                {
                    Line.Return();
                    _returned = false;
                }

                Line.Write(c, _style);
                break;
            case State.Text:
                TakeControl(c, lineEnded);
                break;
            case State.Escape:
                (_state, _parameterCount) = (c switch
                {
                    '[' => State.Control,
                    ']' or 'P' or 'X' or '^' or '_' => State.Text7,
                    '(' or ')' or '*' or '+' or '#' or '%' or ' ' => State.Charset,
                    _ => State.Text,
                }, 0);
                _parameters[0] = 0;
                break;
            case State.Charset:
                _state = State.Text;
                break;
            case State.Control or State.ControlIgnored:
                TakeSequence(c);
                break;
            case State.Text7:
                _state = c switch { '\a' => State.Text, '\x1b' => State.Text7Escape, _ => State.Text7 };
                break;
            default:
                _state = c == '\\' ? State.Text : State.Text7;
                break;
        }
    }

    private void TakeControl(char c, Action lineEnded)
    {
        switch (c)
        {
            case '\n':
                _returned = false;
                lineEnded();
                Line.Clear();
                break;
            case '\r':
                // Only what follows tells whether the line is written over or has ended.
                _returned = true;
                break;
            case '\t':
                Line.Write('\t', _style);
                break;
            case '\b':
                Line.Back();
                break;
            case '\x1b':
                _state = State.Escape;
                break;
            case '\a' or '\x0e' or '\x0f':
                break;
            default:
                Line.Write(c == '\x7f' ? '\u2421' : (char)('\u2400' + c), _style);
                break;
        }
    }

    private void TakeSequence(char c)
    {
        switch (c)
        {
            case >= '0' and <= '9':
                _parameters[_parameterCount] = Math.Min((_parameters[_parameterCount] * 10) + (c - '0'), 100_000);
                break;
            case ';' or ':':
                if (_parameterCount < MaxParameters - 1)
                {
                    _parameters[++_parameterCount] = 0;
                }
                else
                {
                    _state = State.ControlIgnored;
                }

                break;
            case >= '@' and <= '~':
                if (_state == State.Control)
                {
                    Act(c);
                }

                _state = State.Text;
                break;
            case '\x1b':
                _state = State.Escape;
                break;
            default:
                // A private sequence, such as one that hides the cursor.
                _state = State.ControlIgnored;
                break;
        }
    }

    private void Act(char c)
    {
        if (c == 'm')
        {
            _style = _style.Apply(_parameters.AsSpan(0, _parameterCount + 1));
            return;
        }

        if (_returned && c is 'K' or 'G' or 'C' or 'D')
        {
            Line.Return();
            _returned = false;
        }

        switch (c)
        {
            case 'K':
                Line.Erase(_parameters[0]);
                break;
            case 'G':
                Line.GoTo(Math.Max(1, _parameters[0]) - 1);
                break;
        }
    }
}
