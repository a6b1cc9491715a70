using Operone.Agent.Platforms;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>
/// One <c>operone shell</c> at a terminal that is there: the keys, the screen, the signals and the exit code.
/// </summary>
internal sealed class TerminalSession : IDisposable
{
    private const byte EndOfTransmission = 4, ControlC = 3;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ResizeCalm = TimeSpan.FromMilliseconds(25);

    private readonly CliContext _cli;
    private readonly OperoneApi _api;
    private readonly TerminalView _terminal;
    private readonly byte? _escape;
    private readonly ILocalTerminal _local;
    private readonly TerminalScreen _screen;
    private readonly TerminalClient _client;
    private readonly CancellationTokenSource _leave = new();
    private IDisposable? _signals;
    private IDisposable? _raw;
    private volatile int _exitCode = -1;
    private int _resizing;

    public TerminalSession(CliContext cli, OperoneApi api, TerminalView terminal, byte? escape)
    {
        (_cli, _api, _terminal) = (cli, api, terminal);
        _local = cli.LocalTerminal();

        // what a program writes is not meant for us
        _escape = _local.InputIsTerminal ? escape : null;
        _screen = new TerminalScreen(cli, _local, BeginOnce);
        _client = new TerminalClient(api, terminal.Id, _screen, cli.Time, keepsKeys: !_local.InputIsTerminal);
    }

    /// <summary>Follows the terminal until it ends or is left, and gives the exit code.</summary>
    /// <param name="isNew">Nobody has seen anything of it, so that the screen stays as it is.</param>
    /// <param name="cancellationToken">Leaves at once.</param>
    public async Task<int> RunAsync(bool isNew, CancellationToken cancellationToken)
    {
        _signals = _cli.OnInterrupt(() => LeaveAtOnce(RunSession.CancelledExitCode));
        using var outer = cancellationToken.Register(() => LeaveAtOnce(RunSession.CancelledExitCode));
        TerminalFate fate = default;
        try
        {
            fate = await _client.FollowAsync(isNew ? 0 : null, _leave.Token);
        }
        catch (OperationCanceledException) when (_leave.IsCancellationRequested)
        {
            // left
        }
        catch (BrokenPipeException)
        {
            End(inTheMiddle: false);
            SayHowToComeBack();
            throw;
        }
        catch (IOException) when (_exitCode < 0)
        {
            // the local terminal has gone, before the signal that says so
            _exitCode = 128 + 1;
        }
        finally
        {
            End(inTheMiddle: fate.End is null);
        }

        return Report(fate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signals?.Dispose();
        _raw?.Dispose();
        _leave.Dispose();
    }

    private int Report(TerminalFate fate)
    {
        if (fate.Error is { } error)
        {
            _cli.Say($"the terminal on {_terminal.DeviceName} cannot be followed:");
            var code = _cli.Fail(error);
            if (error.Kind is not ErrorKind.NotFound)
            {
                _cli.Say($"it may go on; try 'operone shell --attach {_terminal.Id}'");
            }

            return code;
        }

        if (fate.End is { } end)
        {
            // what a shell's exit code says, its user knows
            if (end.Text is { Length: > 0 } text && !(end.ExitCode is not null && text.StartsWith("Exited", StringComparison.Ordinal)))
            {
                _cli.Say($"{_terminal.DeviceName}: the terminal has ended: {text}");
            }

            return end.ExitCode ?? 1;
        }

        SayHowToComeBack();
        return Math.Max(_exitCode, 0);
    }

    private void SayHowToComeBack() => _cli.Say($"left the terminal on {_terminal.DeviceName}, which goes on. To come back: operone shell --attach {_terminal.Id}");

    /// <summary>The screen and the keyboard are the shell's again that called this.</summary>
    private void End(bool inTheMiddle)
    {
        if (_raw is null)
        {
            return;
        }

        try
        {
            _screen.Leave(inTheMiddle);
        }
        catch (IOException)
        {
            // nobody looks any more
        }

        _raw.Dispose();
        _raw = null;
    }

    /// <summary>
    /// At the first connection. Before it the terminal stays as it is, so that Ctrl+C ends this, and what is typed ahead waits in it.
    /// </summary>
    private void BeginOnce()
    {
        if (_raw is not null)
        {
            return;
        }

        _signals?.Dispose();
        _raw = _local.BecomeRaw(new TerminalSignals(Resized, _screen.Pause, _client.Reattach, LeaveAtOnce));
        _screen.BecomesRaw(_local.InputIsTerminal);
        new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();
    }

    private void ReadKeys()
    {
        var typed = new byte[16 * 1024];
        var keys = new byte[typed.Length + 2];
        var escapes = new EscapeReader(_escape);
        byte last = (byte)'\n';
        while (_local.Read(typed) is > 0 and var count)
        {
            if (_client.IsAway && _local.InputIsTerminal && typed.AsSpan(0, count).Contains(ControlC))
            {
                LeaveAtOnce(0);
                return;
            }

            ReadOnlySpan<byte> rest = typed.AsSpan(0, count);
            while (true)
            {
                var command = escapes.Read(ref rest, keys, out var length);
                _client.Type(keys.AsSpan(0, length));
                last = length > 0 ? keys[length - 1] : last;
                if (command == EscapeCommand.None)
                {
                    break;
                }

                if (!Obey(command))
                {
                    return;
                }
            }
        }

        // as "ssh -tt" does: a terminal has no end of input, but a key for it; in the middle of a line it takes two
        _client.Type(last == (byte)'\n' ? [EndOfTransmission] : [EndOfTransmission, EndOfTransmission]);
    }

    /// <summary>Does what was asked. False where the keys are of no interest any more.</summary>
    private bool Obey(EscapeCommand command)
    {
        switch (command)
        {
            case EscapeCommand.Leave:
                LeaveInOrder();
                return false;
            case EscapeCommand.AskEnd:
                _screen.Say($"end this terminal on {_terminal.DeviceName}, and what runs in it? y ends it, any other key goes on");
                return true;
            case EscapeCommand.End:
                _ = EndTerminalAsync();
                return true;
            case EscapeCommand.Suspend:
                _local.Suspend();
                return true;
            case EscapeCommand.Help:
                _screen.Say(EscapeReader.Help(_escape!.Value));
                return true;
            default:
                return true;
        }
    }

    private async Task EndTerminalAsync()
    {
        try
        {
            var ended = await _api.PostAsync($"terminals/{_terminal.Id}/end", _leave.Token);
            if (ended.Error is { } error and not { Kind: ErrorKind.Conflict })
            {
                _screen.Say($"{error.Title} {error.Detail}");
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
        {
            // it was left first
        }
    }

    private void LeaveInOrder()
    {
        if (_client.Leave())
        {
            _leave.CancelAfter(Farewell);
        }
        else
        {
            _leave.Cancel();
        }
    }

    private void LeaveAtOnce(int exitCode)
    {
        _exitCode = exitCode;
        try
        {
            _leave.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it is over already
        }
    }

    /// <summary>Somebody who drags a window's edge makes many sizes of which the last one counts.</summary>
    private void Resized()
    {
        if (Interlocked.Exchange(ref _resizing, 1) == 0)
        {
            _ = SendSizeAsync();
        }
    }

    private async Task SendSizeAsync()
    {
        await Task.Delay(ResizeCalm, _cli.Time, CancellationToken.None);
        Interlocked.Exchange(ref _resizing, 0);
        _client.Resize();
    }
}
