using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>The terminal at standard input and output, on Linux and macOS.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class UnixTerminal : ILocalTerminal
{
    private const int Input = 0;

    private readonly TerminalModes? _cooked = TerminalModes.Of(Input);
    private Action? _suspend;

    /// <inheritdoc/>
    public bool InputIsTerminal => _cooked is not null;

    /// <inheritdoc/>
    public (int Columns, int Rows)? Size => TerminalModes.SizeOf(1) ?? TerminalModes.SizeOf(0) ?? TerminalModes.SizeOf(2);

    /// <inheritdoc/>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = Libc.Read(Input, start, (nuint)buffer.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                if (Libc.LastError == Libc.Again)
                {
                    // somebody else has set the shared terminal to non-blocking
                    var wait = new Libc.PollFd { Fd = Input, Events = Libc.PollIn };
                    _ = Libc.Poll(&wait, 1, -1);
                }
                else if (Libc.LastError != Libc.Interrupted)
                {
                    // EIO: the terminal has gone
                    return 0;
                }
            }
        }
    }

    /// <inheritdoc/>
    public IDisposable BecomeRaw(TerminalSignals signals)
    {
        var session = new Session(_cooked, signals);
        _suspend = session.Suspend;
        return session;
    }

    /// <inheritdoc/>
    public void Suspend() => _suspend?.Invoke();

    /// <summary>From raw to as it was.</summary>
    private sealed class Session : IDisposable
    {
        private static readonly TimeSpan NotStopped = TimeSpan.FromSeconds(1);

        private readonly Lock _lock = new();
        private readonly TerminalModes? _cooked;
        private readonly TerminalModes? _raw;
        private readonly TerminalSignals _signals;
        private readonly List<PosixSignalRegistration> _registrations = [];
        private readonly ManualResetEventSlim _continued = new();
        private PosixSignalRegistration? _stops;
        private bool _isRaw, _isOver;
        private int _ends;

        public Session(TerminalModes? cooked, TerminalSignals signals)
        {
            (_cooked, _raw, _signals) = (cooked, cooked?.Raw(), signals);
            foreach (var (signal, number) in new[] { (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1) })
            {
                _registrations.Add(PosixSignalRegistration.Create(signal, context => End(context, 128 + number)));
            }

            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _signals.OnResize()));
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, Continue));
            _stops = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop);
            AppDomain.CurrentDomain.ProcessExit += OnExit;
            MakeRaw();
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _isOver = true;
            }

            Restore();
            AppDomain.CurrentDomain.ProcessExit -= OnExit;
            _registrations.ForEach(r => r.Dispose());
            _stops?.Dispose();
            _continued.Dispose();
        }

        /// <summary>Stops by SIGTSTP as it is by default, which does nothing to a process that no shell would wake again.</summary>
        public void Suspend()
        {
            _signals.OnStop();
            Restore();
            _continued.Reset();
            _stops?.Dispose();
            _ = Libc.Kill(Environment.ProcessId, OperatingSystem.IsMacOS() ? 18 : 20);

            // another thread may be the one that gets the signal, so that this one goes on for an instant
            if (!_continued.Wait(NotStopped))
            {
                Resume();
            }

            _stops = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop);
        }

        private void Continue(PosixSignalContext context)
        {
            // else .NET gives the terminal the modes that it had when this program started
            context.Cancel = true;
            Resume();
            _continued.Set();
        }

        private void MakeRaw()
        {
            lock (_lock)
            {
                _isRaw = !_isOver && _raw?.Apply(Input) == true;
            }
        }

        private void Restore()
        {
            lock (_lock)
            {
                if (_isRaw)
                {
                    _isRaw = !_cooked!.Apply(Input);
                }
            }
        }

        private void End(PosixSignalContext context, int code)
        {
            // the second time by the system: whatever hangs, this ends
            context.Cancel = Interlocked.Increment(ref _ends) == 1;
            Restore();
            _signals.OnEnd(code);
        }

        private void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            Suspend();
        }

        /// <summary>Raw again whatever was thought: while this was stopped, a shell may have made the terminal its own.</summary>
        private void Resume()
        {
            MakeRaw();
            _signals.OnResume();
        }

        private void OnExit(object? sender, EventArgs e) => Restore();
    }
}
