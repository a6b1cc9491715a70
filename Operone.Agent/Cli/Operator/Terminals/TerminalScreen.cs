using System.Text;
using Operone.Agent.Platforms;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>
/// The screen on which a terminal is shown: passes bytes on as they are, and puts this program's own words between them without
/// disturbing more than it must. The words come from others, so they are made plain; a terminal's bytes cannot be.
/// </summary>
/// <param name="cli">Standard output and standard error.</param>
/// <param name="local">The terminal.</param>
/// <param name="onAttached">Called at every connection.</param>
internal sealed class TerminalScreen(CliContext cli, ILocalTerminal local, Action onAttached) : ITerminalFace
{
    // what a full reset does, without throwing away what the person had on the screen before: soft reset, wrapping, cursor,
    // origin, insert, scroll region, colours, character set, cursor keys, keypad; then an empty screen
    private static readonly byte[] Fresh = Encoding.ASCII.GetBytes("\e[!p\e[?7h\e[?25h\e[?6l\e[4l\e[r\e[0m\e(B\x0f\e[?1l\e>\e[H\e[2J");

    private readonly Lock _lock = new();
    private readonly ScreenModes _modes = new();
    private IReadOnlyList<TerminalViewer>? _people;
    private bool? _mayType;
    private bool _isRaw, _isAway, _isSpoilt;

    /// <inheritdoc/>
    public (int Columns, int Rows)? Size => local.Size;

    /// <inheritdoc/>
    public bool IsSpoilt
    {
        get
        {
            lock (_lock)
            {
                return _isSpoilt;
            }
        }
    }

    // standard error as a part of the screen
    private bool CanDraw => _isRaw && cli.ErrorIsTerminal && cli.OutputIsTerminal;

    /// <inheritdoc/>
    public void Attached(string? text)
    {
        onAttached();
        lock (_lock)
        {
            ClearAway();
            if (text is not null)
            {
                if (cli.OutputIsTerminal)
                {
                    cli.Output.Write([.. _modes.Undo(), .. Fresh]);
                }

                Show(Encoding.UTF8.GetBytes(text));
                _isSpoilt = false;
            }
        }
    }

    /// <inheritdoc/>
    public void Print(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            Show(bytes);
        }
    }

    /// <inheritdoc/>
    public void Away()
    {
        lock (_lock)
        {
            if (_isAway)
            {
                return;
            }

            _isAway = true;
            if (CanDraw)
            {
                DrawUnderCursor("connection lost, reconnecting; the terminal goes on. Ctrl+C leaves it");
            }
            else
            {
                WriteLines(["the connection is lost; the terminal goes on. Reconnecting ..."]);
            }
        }
    }

    /// <inheritdoc/>
    public void Tell(TerminalControl control)
    {
        switch (control.Type)
        {
            case TerminalControls.Notice when control.Text is { Length: > 0 } text:
                Say(text);
                break;
            case TerminalControls.Mode when control.MayType is { } may:
                if (may != (_mayType ?? true))
                {
                    Say(may ? "you may type now" : "you may watch, and not type");
                }

                _mayType = may;
                break;
            case TerminalControls.People when control.People is { } people:
                TellPeople(people);
                break;
        }
    }

    /// <summary>Whether from now on lines must end with a carriage return as well.</summary>
    public void BecomesRaw(bool isRaw) => _isRaw = isRaw;

    /// <summary>Says something between what the terminal prints.</summary>
    public void Say(params IEnumerable<string> lines)
    {
        lock (_lock)
        {
            if (CanDraw && _modes.IsAlternate)
            {
                // a full-screen program's lines are all in use: one of them gives way until it draws itself again
                DrawUnderCursor(string.Join("; ", lines));
            }
            else
            {
                WriteLines(lines);
            }
        }
    }

    /// <summary>The screen belongs to others again: what a program has switched on is off, and what comes next begins on a line of its own.</summary>
    /// <param name="inTheMiddle">The terminal goes on, so that the cursor may stand anywhere.</param>
    public void Leave(bool inTheMiddle)
    {
        lock (_lock)
        {
            ClearAway();
            if (cli.OutputIsTerminal)
            {
                var undo = _modes.Undo();
                cli.Output.Write(inTheMiddle ? [.. undo, .. "\r\n"u8] : undo);
            }
        }
    }

    /// <summary>Makes the screen fit for a shell while the program is stopped.</summary>
    public void Pause()
    {
        lock (_lock)
        {
            if (cli.OutputIsTerminal)
            {
                _isSpoilt = true;
                cli.Output.Write([.. _modes.Undo(), .. "\r\n"u8]);
            }
        }
    }

    private void Show(ReadOnlySpan<byte> bytes)
    {
        if (cli.OutputIsTerminal)
        {
            _modes.Watch(bytes);
        }

        cli.Output.Write(bytes);
    }

    private void TellPeople(IReadOnlyList<TerminalViewer> people)
    {
        // who was in already is what somebody who joins wants to know, and of no interest to who opened it
        var before = _people ?? [];
        var joined = people.Where(p => !p.IsYou && before.All(b => b.Id != p.Id)).ToList();
        var left = before.Where(b => !b.IsYou && people.All(p => p.Id != b.Id)).ToList();
        var verb = _people is null ? "is in as well" : "has joined";
        _people = people;
        string[] lines = [.. joined.Select(p => $"{p.Name} {verb}{(p.MayType ? "" : ", to watch")}"), .. left.Select(p => $"{p.Name} has left")];
        if (lines.Length > 0)
        {
            Say(lines);
        }
    }

    /// <summary>
    /// A line under the cursor, in reverse, and the cursor stays. At the bottom of the screen there is none, so the screen moves up by
    /// one first. In a full-screen program that line was something else's, and it is drawn again afterwards.
    /// </summary>
    private void DrawUnderCursor(string text)
    {
        _isSpoilt |= _modes.IsAlternate;
        var width = (local.Size?.Columns ?? 80) - 1;
        var line = $"operone: {CliContext.Plain(text).Replace('\n', ' ')}";
        line = line.Length > width ? line[..Math.Max(0, width)] : line;
        cli.ErrorText.Write($"{(_modes.IsAlternate ? "" : "\n\e[A")}\e7\e[B\r\e[2K\e[7m{line}\e[0m\e8");
    }

    private void ClearAway()
    {
        if (!_isAway)
        {
            return;
        }

        _isAway = false;
        if (CanDraw)
        {
            cli.ErrorText.Write("\e7\e[B\r\e[2K\e8");
        }
        else
        {
            WriteLines(["connected again"]);
        }
    }

    private void WriteLines(IEnumerable<string> lines)
    {
        // a raw terminal does not return the carriage by itself
        var (begin, end) = _isRaw && cli.ErrorIsTerminal ? ("\r\n", "\r\n") : ("", "\n");
        cli.ErrorText.Write(begin + string.Concat(lines.SelectMany(l => CliContext.Plain(l).Split('\n')).Select(l => $"operone: {l}{end}")));
    }
}
