using System.ComponentModel;
using System.Runtime.Versioning;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>
/// A terminal in its host on Linux and macOS: a program on a pseudo-terminal. One thread, which sleeps in poll(2).
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class HostedTerminal : TerminalBase
{
    private const int MaxBurstBytes = 64 * 1024;
    private const int InputOutputError = 5;

    private static readonly TimeSpan _lastOutput = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _hangUp = TimeSpan.FromSeconds(1);

    private readonly HeldCommand _held;
    private readonly IProcessTree _tree;
    private readonly ExecutionFolder _folder;
    private readonly Reaper _reaper;
    private readonly Bells _bells;
    private readonly TimeProvider _time;
    private readonly TreeKiller _killer;
    private readonly PseudoTerminal _pty;
    private int _pid;
    private bool _isHungUp;

    /// <summary>Opens the pseudo-terminal.</summary>
    /// <exception cref="Win32Exception">The system has none.</exception>
    public HostedTerminal(
        StartExecution request, HeldCommand held, ExecutionFolder folder, OutputWriter output, Reaper reaper, IProcessTree tree, Bells bells, TimeProvider time)
        : base(request, new SocketDoor(folder.Channels, TerminalClients.Max), output, time)
    {
        (_held, _tree) = (held, tree);
        (_folder, _reaper, _bells, _time, _killer) = (folder, reaper, bells, time, new TreeKiller(tree, time));
        _pty = PseudoTerminal.Open(Columns, Rows);
    }

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
        Begin();
        var fds = stackalloc Libc.PollFd[5 + 8 + TerminalClients.Max];
        TerminalEnd? ended = null;
        while (ended is null)
        {
            Step(fds);
            ended = Finish();
        }

        return Close(ended.Value);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _pty.Dispose();
    }

    /// <inheritdoc/>
    protected override void Resize(int columns, int rows) => _pty.Resize(columns, rows);

    /// <inheritdoc/>
    protected override bool IsEchoOn() => _pty.IsEchoOn();

    /// <inheritdoc/>
    protected override void WriteTyped() => Keys.WriteTo(_pty.Descriptor);

    /// <inheritdoc/>
    protected override void Ring() => _bells.Ring(HostProtocol.More);

    private void Step(Libc.PollFd* fds)
    {
        var reads = !_isHungUp && !Clients.HoldBack;
        fds[0] = new() { Fd = _reaper.News, Events = Libc.PollIn };
        fds[1] = new() { Fd = _bells.Listener, Events = Libc.PollIn };
        // one that is not to be read is not looked at: that nobody has the other side any more would wake this again and again
        fds[2] = new() { Fd = _isHungUp || (!reads && Keys.IsEmpty) ? -1 : _pty.Descriptor, Events = (short)((reads ? Libc.PollIn : 0) | (Keys.IsEmpty ? 0 : Libc.PollOut)) };
        fds[3] = new() { Fd = Clients.Listener, Events = Libc.PollIn };
        var count = 4;
        foreach (var bell in _bells.Descriptors)
        {
            fds[count++] = new() { Fd = bell, Events = Libc.PollIn };
        }

        var firstClient = count;
        foreach (var client in Clients.All)
        {
            fds[count++] = new()
            {
                Fd = client.Descriptor,
                // who only watches types nothing, and is always heard
                Events = (short)((Keys.Length < MaxTypedBytes || !client.MayType ? Libc.PollIn : 0) | (client.IsBlocked ? Libc.PollOut : 0)),
            };
        }

        Libc.Poll(fds, (nuint)count, Timers.Milliseconds(_killer.IsActive ? Math.Min(_held.NextAt, _killer.NextAt) : _held.NextAt, heldBack: !reads && !_isHungUp));
        if ((fds[0].Returned & Libc.PollIn) != 0)
        {
            _reaper.TakeNews();
        }

        for (var i = firstClient; i < count; i++)
        {
            if ((fds[i].Returned & ~Libc.PollOut) != 0)
            {
                Clients.All[i - firstClient].Read();
            }
        }

        if (fds[2].Returned != 0)
        {
            Keys.WriteTo(_pty.Descriptor);
            if (reads)
            {
                TakeOutput();
            }
        }

        TakeBells(fds, firstClient);
        if (fds[3].Returned != 0)
        {
            Clients.Accept();
        }

        DoWhatIsDue();
        Clients.Send();
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
            var room = Scrollback.Room(MaxBurstBytes - taken);
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

            Printed(room[..count]);
            taken += count;
        }
    }

    private void DoWhatIsDue()
    {
        DoWhatIsDueForAll();
        if (_time.GetTimestamp() >= _held.NextAt && _held.Check() is { } breach)
        {
            Stop(TimeSpan.Zero, new TerminalEnd(ExecutionStatus.Failed, null, breach));
        }

        if (_killer.IsActive && _time.GetTimestamp() >= _killer.NextAt)
        {
            _killer.Round();
        }
    }

    /// <inheritdoc/>
    protected override void Stop(TimeSpan grace, TerminalEnd why)
    {
        if (_reaper.Status is not null)
        {
            return;
        }

        Stopped ??= why;
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
            return _killer.HasGivenUp ? Stopped!.Value with { Reason = $"{Stopped.Value.Reason} Some of its processes could not be ended." } : null;
        }

        if (_killer.IsActive && !_reaper.IsEmpty && !_killer.HasGivenUp)
        {
            return null;
        }

        // who is left behind may print for ever; else the terminal hangs up once all that was printed is taken
        Timers.Last.AtLatestIn(_reaper.IsEmpty ? _hangUp : _lastOutput);
        if (!_isHungUp)
        {
            TakeOutput(); // also where the time is over: this may not have been let run, and the system holds no more than one burst
            if (!_isHungUp && !Timers.Last.IsDue)
            {
                return null;
            }
        }

        var (code, how) = ExitWords.Of(status);
        return Stopped is { } stopped ? stopped with { ExitCode = code, Reason = $"{stopped.Reason} {how}" }
            : new TerminalEnd(code == 0 ? ExecutionStatus.Succeeded : ExecutionStatus.Failed, code, how);
    }
}
