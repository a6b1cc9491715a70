using System.ComponentModel;
using System.Globalization;
using System.Runtime.Versioning;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>How a terminal has ended.</summary>
internal readonly record struct TerminalEnd(ExecutionStatus Status, int? ExitCode, string Reason);

/// <summary>
/// A terminal in its host on Linux and macOS: a program on a pseudo-terminal, whoever is attached to it, and its recording.
/// One thread, which sleeps in poll(2). Nobody who is attached, and nothing that fails about them, ends the program.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class HostedTerminal : ITerminal, IDisposable
{
    private const int MaxBurstBytes = 64 * 1024;
    private const int InputOutputError = 5;

    /// <summary>Typed bytes that the program has not taken. Past this nobody is listened to until it does.</summary>
    private const int MaxTypedBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan _flushPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _lastOutput = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _redraw = TimeSpan.FromMilliseconds(60);

    private readonly StartTerminal _terminal;
    private readonly HeldCommand _held;
    private readonly IProcessTree _tree;
    private readonly ExecutionFolder _folder;
    private readonly Reaper _reaper;
    private readonly Bells _bells;
    private readonly TimeProvider _time;
    private readonly TreeKiller _killer;
    private readonly PseudoTerminal _pty;
    private readonly Scrollback _scrollback = new(TerminalLimits.ScrollbackBytes);
    private readonly TerminalClients _clients;
    private readonly TypedQueue _typed = new();
    private readonly Timers _timers;
    private Recorder? _recorder;
    private TerminalEnd? _ended;
    private TerminalEnd? _stopped;
    private TerminalEnd? _unrecorded;
    private int _pid;
    private bool _isHungUp;

    /// <summary>Opens the pseudo-terminal.</summary>
    /// <exception cref="Win32Exception">The system has none.</exception>
    public HostedTerminal(
        StartExecution request, HeldCommand held, ExecutionFolder folder, OutputWriter output, Reaper reaper, IProcessTree tree, Bells bells, TimeProvider time)
    {
        (_held, _tree) = (held, tree);
        _terminal = request.Terminal!;
        (_folder, _reaper, _bells, _time, _killer, _timers) = (folder, reaper, bells, time, new TreeKiller(tree, time), new Timers(time));
        (Columns, Rows) = (Side(_terminal.Columns), Side(_terminal.Rows));
        _pty = PseudoTerminal.Open(Columns, Rows);
        _clients = new TerminalClients(folder.Channels, this, _scrollback, time);
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

    /// <summary>Starts the program on it. Gives 0, or the error number that says why not.</summary>
    public int Start(out int pid)
    {
        if (_held.Plan.User is { } user && UserDrop.IsNeeded(user))
        {
            UnixUsers.GiveTo(_pty.Path, user); // programs that look for their terminal open it by its name
        }

        var error = _held.Start(_tree, (plan, out child) => UnixSpawn.StartOnTerminal(
            plan.Program, plan.Arguments, plan.Environment, plan.Directory, _pty.Path, out child, plan.Descriptors), out pid);
        _killer.Spared = _held.IsIsolated ? pid : 0;
        _pid = pid;
        return error;
    }

    /// <summary>Follows it to its end.</summary>
    public TerminalEnd Run()
    {
        _bells.Listen(_folder.Socket);
        _bells.Ring(HostProtocol.More);
        _timers.Idle.In(TimeSpan.FromSeconds(_terminal.IdleSeconds));
        _timers.Flush.In(TimeSpan.Zero);
        var fds = stackalloc Libc.PollFd[5 + 8 + TerminalClients.Max];
        while (_ended is null)
        {
            Step(fds);
            _ended ??= Finish();
        }

        Record(static r => r.Finish());
        var end = _ended.Value;
        if (_stopped is null && _unrecorded is { } why)
        {
            end = why with { ExitCode = end.ExitCode }; // it ended by itself, and the last of it could not be recorded
        }

        _clients.Close(new TerminalControl { Type = TerminalControls.Ended, ExitCode = end.ExitCode, Text = end.Reason });
        return end;
    }

    /// <inheritdoc/>
    public void Attached(TerminalClient client, TerminalControl hello)
    {
        if (client.MayType && hello is { Columns: { } columns, Rows: { } rows })
        {
            SizeWanted(columns, rows);
        }

        if (hello.Offset is { } seen && seen >= _scrollback.Start && seen <= _scrollback.End)
        {
            client.Offset = seen;
            client.Tell(new TerminalControl { Type = TerminalControls.Attached, Columns = Columns, Rows = Rows, Offset = seen });
            return;
        }

        client.Replay(_scrollback, TerminalControls.Attached);
    }

    /// <inheritdoc/>
    public void Typed(ReadOnlySpan<byte> bytes)
    {
        if (_terminal.RecordInput && _recorder is not null && _pty.IsEchoOn())
        {
            _recorder.Input(bytes);
        }

        _typed.Add(bytes);
        _typed.WriteTo(_pty.Descriptor);
    }

    /// <inheritdoc/>
    public void SizeWanted(int columns, int rows)
    {
        if (Side(columns) == Columns && Side(rows) == Rows)
        {
            return;
        }

        (Columns, Rows) = (Side(columns), Side(rows));
        _timers.Redraw.Stop();
        _pty.Resize(Columns, Rows);
        _recorder?.Size(Columns, Rows);
        _clients.TellSize();
    }

    /// <inheritdoc/>
    public void Redraw()
    {
        // a program draws when its size changes
        _pty.Resize(Columns, Rows > 1 ? Rows - 1 : 2);
        _timers.Redraw.In(_redraw);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clients.Dispose();
        _pty.Dispose();
        _scrollback.Dispose();
    }

    private static int Side(int wanted) => Math.Clamp(wanted, 1, TerminalLimits.MaxSide);

    private void Step(Libc.PollFd* fds)
    {
        var reads = !_isHungUp && !_clients.HoldBack;
        fds[0] = new() { Fd = _reaper.News, Events = Libc.PollIn };
        fds[1] = new() { Fd = _bells.Listener, Events = Libc.PollIn };
        // one that is not to be read is not looked at: that nobody has the other side any more would wake this again and again
        fds[2] = new() { Fd = _isHungUp || (!reads && _typed.IsEmpty) ? -1 : _pty.Descriptor, Events = (short)((reads ? Libc.PollIn : 0) | (_typed.IsEmpty ? 0 : Libc.PollOut)) };
        fds[3] = new() { Fd = _clients.Listener, Events = Libc.PollIn };
        var count = 4;
        foreach (var bell in _bells.Descriptors)
        {
            fds[count++] = new() { Fd = bell, Events = Libc.PollIn };
        }

        var firstClient = count;
        foreach (var client in _clients.All)
        {
            fds[count++] = new()
            {
                Fd = client.Descriptor,
                // who only watches types nothing, and is always heard
                Events = (short)((_typed.Length < MaxTypedBytes || !client.MayType ? Libc.PollIn : 0) | (client.IsBlocked ? Libc.PollOut : 0)),
            };
        }

        Libc.Poll(fds, (nuint)count, _timers.Milliseconds(_killer, _held.NextAt, heldBack: !reads && !_isHungUp));
        if ((fds[0].Returned & Libc.PollIn) != 0)
        {
            _reaper.TakeNews();
        }

        for (var i = firstClient; i < count; i++)
        {
            if ((fds[i].Returned & ~Libc.PollOut) != 0)
            {
                _clients.All[i - firstClient].Read();
            }
        }

        if (fds[2].Returned != 0)
        {
            _typed.WriteTo(_pty.Descriptor);
            if (reads)
            {
                TakeOutput();
            }
        }

        TakeBells(fds, firstClient);
        if (fds[3].Returned != 0)
        {
            _clients.Accept();
        }

        DoWhatIsDue();
        _clients.Send();
    }

    private void TakeBells(Libc.PollFd* fds, int firstClient)
    {
        if (fds[1].Returned != 0)
        {
            _bells.Accept();
        }

        for (var i = 4; i < firstClient; i++)
        {
            if (fds[i].Returned != 0 && _bells.Read(fds[i].Fd) is { } grace)
            {
                Stop(grace, new TerminalEnd(ExecutionStatus.Cancelled, null, "It was ended."));
            }
        }
    }

    /// <summary>Reads what the program has printed, as much as comes at once.</summary>
    private void TakeOutput()
    {
        for (var taken = 0; taken < MaxBurstBytes;)
        {
            var room = _scrollback.Room(MaxBurstBytes - taken);
            int count;
            fixed (byte* to = room)
            {
                count = (int)Libc.Read(_pty.Descriptor, to, (nuint)room.Length);
            }

            if (count <= 0)
            {
                // nobody has the other side open any more: EIO on Linux, the end on macOS
                _isHungUp |= count == 0 || Libc.LastError == InputOutputError;
                return;
            }

            _scrollback.Advance(count);
            taken += count;
            if (_recorder is not null)
            {
                _recorder.Output(room[..count]);
                _timers.Flush.AtLatestIn(_flushPause);
            }
        }
    }

    private void DoWhatIsDue()
    {
        if (!_clients.IsEmpty)
        {
            _timers.Idle.In(TimeSpan.FromSeconds(_terminal.IdleSeconds));
        }
        else if (_timers.Idle.IsDue)
        {
            Stop(TimeSpan.FromSeconds(5), new TerminalEnd(
                ExecutionStatus.Cancelled, null, string.Create(CultureInfo.InvariantCulture, $"Nobody was attached for {TimeSpan.FromSeconds(_terminal.IdleSeconds):c}.")));
        }

        if (_timers.Redraw.IsDue)
        {
            _timers.Redraw.Stop();
            _pty.Resize(Columns, Rows);
        }

        if (_timers.Flush.IsDue)
        {
            _timers.Flush.Stop();
            Record(static r => r.Flush());
        }

        if (_time.GetTimestamp() >= _held.NextAt && _held.Check() is { } breach)
        {
            Stop(TimeSpan.Zero, new TerminalEnd(ExecutionStatus.Failed, null, breach));
        }

        if (_killer.IsActive && _time.GetTimestamp() >= _killer.NextAt)
        {
            _killer.Round();
        }
    }

    /// <summary>Does something with the recording. One that fails is told of, and ends the terminal where it must be recorded.</summary>
    private void Record(Func<Recorder, bool> act)
    {
        if (_recorder is null)
        {
            return;
        }

        if (act(_recorder))
        {
            _bells.Ring(HostProtocol.More);
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

            _clients.Tell(new TerminalControl { Type = TerminalControls.Notice, Text = $"This terminal is not recorded any more: {problem}." });
        }
    }

    private void Stop(TimeSpan grace, TerminalEnd why)
    {
        if (_reaper.Status is not null)
        {
            return;
        }

        _stopped ??= why;
        if (!_killer.IsActive)
        {
            Libc.Kill(-_pid, Libc.SigHup); // what a shell waits for; it takes no notice of SIGTERM
        }

        _killer.Begin(grace);
    }

    /// <summary>The end, once the program has ended and its last output is there; else null.</summary>
    private TerminalEnd? Finish()
    {
        if (_reaper.Status is not { } status)
        {
            return _killer.HasGivenUp ? _stopped!.Value with { Reason = $"{_stopped.Value.Reason} Some of its processes could not be ended." } : null;
        }

        if (_killer.IsActive && !_reaper.IsEmpty && !_killer.HasGivenUp)
        {
            return null;
        }

        _timers.Last.AtLatestIn(_lastOutput);
        var before = _scrollback.End;
        if (!_isHungUp && !_timers.Last.IsDue)
        {
            TakeOutput();
            if (!_isHungUp && _scrollback.End > before)
            {
                return null;
            }
        }

        if (!_isHungUp && !_timers.Last.IsDue && !_reaper.IsEmpty)
        {
            return null; // something that it has left behind still has the terminal, and may print
        }

        var (code, how) = ExitWords.Of(status);
        return _stopped is { } stopped ? stopped with { ExitCode = code, Reason = $"{stopped.Reason} {how}" }
            : new TerminalEnd(code == 0 ? ExecutionStatus.Succeeded : ExecutionStatus.Failed, code, how);
    }
}
