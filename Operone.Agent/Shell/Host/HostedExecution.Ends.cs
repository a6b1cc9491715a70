using Operone.Agent.Shell.Host.Sandbox;
using Operone.Agent.Shell.Host.Terminals;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <content>How it ends, what a terminal does instead, and what is left when all is over.</content>
internal sealed unsafe partial class HostedExecution
{
    private void End()
    {
        _output!.Finish();
        _streams?.Finish(time);
        var (code, how) = ExitWords.Of(reaper.Status);
        if (!_killer.IsActive && _held!.Failure(reaper.Status, folder) is { } failure)
        {
            End(ExecutionStatus.Refused, null, failure);
            return;
        }

        _breach ??= _held!.Breach();
        var (status, reason) = _breach is not null ? (ExecutionStatus.Failed, _breach)
            : _timedOut ? (ExecutionStatus.TimedOut, FormattableString.Invariant($"Took longer than {_timeoutSeconds} seconds. {how}"))
            : _cancelled ? (ExecutionStatus.Cancelled, $"Cancelled. {how}")
            : code == 0 ? (ExecutionStatus.Succeeded, how)
            : (ExecutionStatus.Failed, how);
        if (_killer.IsActive && !reaper.IsEmpty)
        {
            reason += " Some of its processes could not be ended.";
        }

        reason += _held!.Notices;
        if (_output!.Problem is not null)
        {
            status = status == ExecutionStatus.Succeeded ? ExecutionStatus.Failed : status;
            reason += $" Its output could not be stored: {_output.Problem}";
        }

        End(status, code, reason);
    }

    private void End(ExecutionStatus status, int? code, string reason)
    {
        if (_care is not null)
        {
            _lastEnd = new StartEnd(status, code, reason); // of one start; there may be others
            return;
        }

        WriteEnd(status, code, reason);
    }

    private void WriteEnd(ExecutionStatus status, int? code, string reason)
    {
        _held?.Dispose(); // whoever reads of the end finds nothing left of it
        LastWord.Write(folder, new ExecutionEnd(
            status, code, reason, time.GetUtcNow(), _output?.StdoutBytes ?? 0, _output?.StderrBytes ?? 0, _output?.DiscardedBytes ?? 0));
    }

    /// <summary>Runs a terminal to its end.</summary>
    private bool RunTerminal(CommandPlan plan, HeldCommand held, StartExecution request)
    {
        _isSpent = true;
        try
        {
            using var terminal = new HostedTerminal(request, held, folder, _output!, reaper, tree, bells, time);
            var startedAt = time.GetUtcNow();
            var error = terminal.Start(out var pid);
            if (error != 0)
            {
                EndUnspawned(error, plan);
                return false;
            }

            reaper.Watch(pid);
            folder.TryWriteStarted(new StartNote(startedAt, pid));
            var end = terminal.Run();
            end = held.Failure(reaper.Status, null) is { } failure ? new TerminalEnd(ExecutionStatus.Refused, null, failure) : end;
            _output!.Finish();
            End(end.Status, end.ExitCode, end.Reason);
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            End(ExecutionStatus.Refused, null, $"The device has no terminal to give: {problem.Message}");
        }

        return false;
    }

    /// <summary>Gives up all of the folder; then stays for children that were left behind, as long as they hold a pipe.</summary>
    private bool LetGo()
    {
        bells.Close();
        _output?.Dispose();
        _streams?.Dispose();
        _streams = null;
        _claim?.Dispose();
        if (_isSpent)
        {
            return false; // a terminal may have left something behind, and its memory is better given back whole
        }

        if (_pipes is null || (_pipes.AreClosed && reaper.IsEmpty))
        {
            return true;
        }

        if (_pipes.AreClosed && !reaper.IsEmptySoon(_held?.IsIsolated == true))
        {
            return false;
        }

        if (!_pipes.AreClosed)
        {
            UnixHost.CloseStandardInput();
            _pipes.Drain();
            return false;
        }

        return true;
    }
}
