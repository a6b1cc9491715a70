using System.Globalization;
using Operone.Agent.Platforms;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>How a terminal has ended.</summary>
internal readonly record struct TerminalEnd(ExecutionStatus Status, int? ExitCode, string Reason);

/// <summary>
/// A terminal in its host, whatever the system: what it has printed, whoever is attached to it, its recording, and what is due
/// at some time. It belongs to one thread. Nobody who is attached, and nothing that fails about them, ends the program.
/// </summary>
internal abstract class TerminalBase : ITerminal, IDisposable
{
    /// <summary>Typed bytes that the program has not taken. Past this nobody is listened to until it does.</summary>
    protected const int MaxTypedBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan _flushPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _redraw = TimeSpan.FromMilliseconds(60);

    private readonly StartTerminal _terminal;
    private readonly double? _wallSeconds;
    private Recorder? _recorder;
    private TerminalEnd? _unrecorded;

    /// <summary>Makes it, with nobody at it yet.</summary>
    protected TerminalBase(StartExecution request, ILocalDoor door, OutputWriter output, TimeProvider time)
    {
        _terminal = request.Terminal!;
        _wallSeconds = request.WallSeconds();
        (Columns, Rows) = (Side(_terminal.Columns), Side(_terminal.Rows));
        Timers = new Timers(time);
        Clients = new TerminalClients(door, this, Scrollback, time);
        if (_terminal.Record != RecordMode.Off)
        {
            var command = string.Join(' ', request.Argv ?? [_terminal.Shell ?? "shell"]);
            _recorder = new Recorder(output, request.OutputLimitBytes, Columns, Rows, command.Length > 200 ? command[..200] : command, _terminal.Shell ?? "", time);
        }
    }

    /// <inheritdoc/>
    public int Columns { get; private set; }

    /// <inheritdoc/>
    public int Rows { get; private set; }

    /// <summary>The last of what it has printed.</summary>
    protected Scrollback Scrollback { get; } = new(TerminalLimits.ScrollbackBytes);

    /// <summary>Whoever is at it.</summary>
    protected TerminalClients Clients { get; }

    /// <summary>What was typed.</summary>
    protected TypedQueue Keys { get; } = new();

    /// <summary>What is due.</summary>
    protected Timers Timers { get; }

    /// <summary>Why it is being ended, where it is.</summary>
    protected TerminalEnd? Stopped { get; set; }

    /// <inheritdoc/>
    public void Attached(TerminalClient client, TerminalControl hello)
    {
        if (client.MayType && hello is { Columns: { } columns, Rows: { } rows })
        {
            SizeWanted(columns, rows);
        }

        if (hello.Offset is { } seen && seen >= Scrollback.Start && seen <= Scrollback.End)
        {
            client.Offset = seen;
            client.Tell(new TerminalControl { Type = TerminalControls.Attached, Columns = Columns, Rows = Rows, Offset = seen });
            return;
        }

        client.Replay(Scrollback, TerminalControls.Attached);
    }

    /// <inheritdoc/>
    public void Typed(ReadOnlySpan<byte> bytes)
    {
        if (_terminal.RecordInput && _recorder is not null && IsEchoOn())
        {
            _recorder.Input(bytes);
        }

        Keys.Add(bytes);
        WriteTyped();
    }

    /// <inheritdoc/>
    public void SizeWanted(int columns, int rows)
    {
        if (Side(columns) == Columns && Side(rows) == Rows)
        {
            return;
        }

        (Columns, Rows) = (Side(columns), Side(rows));
        Timers.Redraw.Stop();
        Resize(Columns, Rows);
        _recorder?.Size(Columns, Rows);
        Clients.TellSize();
    }

    /// <inheritdoc/>
    public void Redraw()
    {
        // a program draws when its size changes
        Resize(Columns, Rows > 1 ? Rows - 1 : 2);
        Timers.Redraw.In(_redraw);
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        Clients.Dispose();
        Scrollback.Dispose();
    }

    /// <summary>Gives the pseudo-terminal another size.</summary>
    protected abstract void Resize(int columns, int rows);

    /// <summary>Whether what is typed is shown; false where that cannot be told.</summary>
    protected abstract bool IsEchoOn();

    /// <summary>Hands <see cref="Keys"/> to the program, as much as it takes.</summary>
    protected abstract void WriteTyped();

    /// <summary>Tells the agent that there is more.</summary>
    protected abstract void Ring();

    /// <summary>Ends the program, and all that it has started.</summary>
    protected abstract void Stop(TimeSpan grace, TerminalEnd why);

    /// <summary>It begins: nobody is there, and the recording has its first line.</summary>
    protected void Begin()
    {
        Timers.Idle.In(TimeSpan.FromSeconds(_terminal.IdleSeconds));
        Timers.Flush.In(TimeSpan.Zero);
        if (_wallSeconds is { } seconds)
        {
            Timers.Wall.In(TimeSpan.FromSeconds(seconds));
        }
    }

    /// <summary>The program has printed this, into the room that the scrollback gave.</summary>
    protected void Printed(ReadOnlySpan<byte> bytes)
    {
        Scrollback.Advance(bytes.Length);
        if (_recorder is not null)
        {
            _recorder.Output(bytes);
            Timers.Flush.AtLatestIn(_flushPause);
        }
    }

    /// <summary>Does what is due on every system.</summary>
    protected void DoWhatIsDueForAll()
    {
        if (!Clients.IsEmpty)
        {
            Timers.Idle.In(TimeSpan.FromSeconds(_terminal.IdleSeconds));
        }
        else if (Timers.Idle.IsDue)
        {
            Stop(TimeSpan.FromSeconds(5), new TerminalEnd(
                ExecutionStatus.Cancelled, null, string.Create(CultureInfo.InvariantCulture, $"Nobody was attached for {TimeSpan.FromSeconds(_terminal.IdleSeconds):c}.")));
        }

        if (Timers.Wall.IsDue)
        {
            Timers.Wall.Stop();
            Stop(TimeSpan.FromSeconds(5), new TerminalEnd(
                ExecutionStatus.TimedOut, null, string.Create(CultureInfo.InvariantCulture, $"Took longer than {_wallSeconds} seconds.")));
        }

        if (Timers.Redraw.IsDue)
        {
            Timers.Redraw.Stop();
            Resize(Columns, Rows);
        }

        if (Timers.Flush.IsDue)
        {
            Timers.Flush.Stop();
            Record(static r => r.Flush());
        }
    }

    /// <summary>It is over: the recording gets its last line, and everybody is told.</summary>
    protected TerminalEnd Close(TerminalEnd end)
    {
        Record(static r => r.Finish());
        if (Stopped is null && _unrecorded is { } why)
        {
            end = why with { ExitCode = end.ExitCode }; // it ended by itself, and the last of it could not be recorded
        }

        Clients.Close(new TerminalControl { Type = TerminalControls.Ended, ExitCode = end.ExitCode, Text = end.Reason });
        return end;
    }

    private static int Side(int wanted) => Math.Clamp(wanted, 1, TerminalLimits.MaxSide);

    /// <summary>Does something with the recording. One that fails is told of, and ends the terminal where it must be recorded.</summary>
    private void Record(Func<Recorder, bool> act)
    {
        if (_recorder is null)
        {
            return;
        }

        if (act(_recorder))
        {
            Ring();
        }

        if (_recorder.Problem is { } problem)
        {
            _recorder = null;
            if (_terminal.Record == RecordMode.Required)
            {
                var why = new TerminalEnd(ExecutionStatus.Failed, null, $"It had to be recorded, and could not be any more: {problem}.");
                _unrecorded = why;
                Stop(TimeSpan.Zero, why);
                return;
            }

            Clients.Tell(new TerminalControl { Type = TerminalControls.Notice, Text = $"This terminal is not recorded any more: {problem}." });
        }
    }
}
