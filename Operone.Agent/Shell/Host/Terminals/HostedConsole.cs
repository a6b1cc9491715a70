using System.ComponentModel;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Windows;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>
/// A terminal in its host on Windows: a program on a pseudo-console, in a job. One thread, which sleeps until something of it,
/// of its agent or of somebody who is attached has news.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class HostedConsole : TerminalBase
{
    private const int MaxBurstBytes = 64 * 1024;

    /// <summary>For how long what is drawn last is waited for, once the program has ended.</summary>
    private static readonly TimeSpan _lastOutput = TimeSpan.FromSeconds(2);

    /// <summary>For how long the end of a program that was killed is waited for.</summary>
    private static readonly TimeSpan _giveUp = TimeSpan.FromSeconds(15);

    private readonly ExecutionFolder _folder;
    private readonly TimeProvider _time;
    private readonly WindowsJob _job;
    private readonly AutoResetEvent _news;
    private readonly PseudoConsole _console;
    private readonly Due _kill;
    private readonly Due _lost;
    private readonly Lock _lock = new();
    private ConsoleProcess? _process;
    private PipeBells? _bells;
    private TimeSpan? _asked;
    private bool _hasEnded;
    private bool _isClosed;

    /// <summary>Opens the pseudo-console.</summary>
    /// <exception cref="Win32Exception">The system has none.</exception>
    /// <exception cref="IOException">The system has no pipe left.</exception>
    public HostedConsole(StartExecution request, ExecutionFolder folder, OutputWriter output, WindowsJob job, AutoResetEvent news, TimeProvider time)
        : base(request, new PipeDoor(folder.Channels, () => news.Set()), output, time)
    {
        (_folder, _time, _job, _news, _kill, _lost) = (folder, time, job, news, new Due(time), new Due(time));
        _console = PseudoConsole.Open(Columns, Rows, () => news.Set());
    }

    /// <summary>Starts the program on it.</summary>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public void Start(CommandPlan plan)
    {
        var startedAt = _time.GetUtcNow();
        _process = _console.Start(
            plan.Program, WindowsText.CommandLine(plan.Arguments), WindowsText.EnvironmentBlock(plan.Environment), plan.Directory, _job);
        _process.WhenEnded(() => _news.Set());
        _folder.TryWriteStarted(new StartNote(startedAt, _process.Id));
    }

    /// <summary>Follows it to its end.</summary>
    public TerminalEnd Run(PipeBells bells)
    {
        _bells = bells;
        Ring();
        Begin();
        TerminalEnd? ended = null;
        while (ended is null)
        {
            Step();
            ended = Finish();
        }

        return Close(ended.Value);
    }

    /// <summary>The agent asks for the end. On whatever thread.</summary>
    public void Cancel(TimeSpan grace)
    {
        lock (_lock)
        {
            _asked = _asked is { } before && before < grace ? before : grace;
        }

        _news.Set();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _console.Dispose();
        _process?.Dispose();
    }

    /// <inheritdoc/>
    protected override void Resize(int columns, int rows) => _console.Resize(columns, rows);

    /// <inheritdoc/>
    /// <remarks>A console tells nobody outside whether a program shows what is typed. So it counts as a password.</remarks>
    protected override bool IsEchoOn() => false;

    /// <inheritdoc/>
    protected override void WriteTyped() => Keys.WriteTo(_console.End);

    /// <inheritdoc/>
    protected override void Ring() => _bells?.Ring(HostProtocol.More);

    /// <inheritdoc/>
    protected override void Stop(TimeSpan grace, TerminalEnd why)
    {
        if (_process?.ExitCode is not null)
        {
            return;
        }

        if (Stopped is null)
        {
            CloseConsole(); // what a window's cross does: programs are told, and those that stay are ended by the system
        }

        Stopped ??= why;
        if (grace <= TimeSpan.Zero)
        {
            _job.End();
        }
        else
        {
            _kill.AtLatestIn(grace);
        }

        _lost.AtLatestIn(grace + _giveUp);
    }

    private void Step()
    {
        var heldBack = Clients.HoldBack && !_hasEnded;
        _news.WaitOne(Timers.Milliseconds(Math.Min(_kill.At, _lost.At), heldBack));
        foreach (var client in Clients.All)
        {
            // who only watches types nothing, and is always heard
            if (Keys.Length < MaxTypedBytes || !client.MayType)
            {
                client.Read();
            }
        }

        WriteTyped();
        if (!Clients.HoldBack)
        {
            TakeOutput();
        }

        while (Clients.Accept())
        {
        }

        if (TakeAsked() is { } grace)
        {
            Stop(grace, new TerminalEnd(ExecutionStatus.Cancelled, null, "It was ended."));
        }

        DoWhatIsDueForAll();
        if (_kill.IsDue)
        {
            _kill.Stop();
            _job.End();
        }

        Clients.Send();
    }

    private TimeSpan? TakeAsked()
    {
        lock (_lock)
        {
            var asked = _asked;
            _asked = null;
            return asked;
        }
    }

    /// <summary>Takes what was drawn, as much as has come.</summary>
    private void TakeOutput()
    {
        for (var taken = 0; taken < MaxBurstBytes && !_hasEnded;)
        {
            var room = Scrollback.Room(MaxBurstBytes - taken);
            var count = _console.End.Read(room);
            if (count <= 0)
            {
                _hasEnded = count == 0;
                return;
            }

            Printed(room[..count]);
            taken += count;
        }

        _news.Set(); // there may be more, and nobody says so again
    }

    /// <summary>The end, once the program has ended and what it has drawn last is there; else null.</summary>
    private TerminalEnd? Finish()
    {
        if (_process!.ExitCode is not { } code)
        {
            return _lost.IsDue ? Stopped!.Value with { Reason = $"{Stopped.Value.Reason} Some of its processes could not be ended." } : null;
        }

        if (Stopped is not null)
        {
            _job.End(); // who is left of it was told as well
        }

        CloseConsole();
        Timers.Last.AtLatestIn(_lastOutput);
        if (!_hasEnded && !Timers.Last.IsDue)
        {
            TakeOutput();
            if (!_hasEnded)
            {
                return null;
            }
        }

        var how = FormattableString.Invariant($"Exited with code {code}.");
        return Stopped is { } stopped ? stopped with { ExitCode = code, Reason = $"{stopped.Reason} {how}" }
            : new TerminalEnd(code == 0 ? ExecutionStatus.Succeeded : ExecutionStatus.Failed, code, how);
    }

    /// <summary>Closes the console. It may wait for what was drawn last to be taken, which is done here meanwhile.</summary>
    private void CloseConsole()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _ = Task.Run(_console.Close);
        }
    }
}
