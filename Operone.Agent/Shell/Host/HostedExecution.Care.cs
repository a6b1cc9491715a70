using System.Globalization;
using System.Text;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host.Care;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <content>
/// What a supervised command has instead of one start: as many as its policy says, one after the other, and never two at once. In between the
/// host waits, and still takes cancels.
/// </content>
internal sealed unsafe partial class HostedExecution
{
    private StartEnd? _lastEnd;
    private bool _hasToldOfTheLimit;
    private DateTime _requestedAt;

    /// <summary>How one start ended, as an execution would have.</summary>
    private sealed record StartEnd(ExecutionStatus Status, int? Code, string Reason);

    /// <summary>Cares for the command until it is over.</summary>
    private void Supervise(StartExecution request)
    {
        _isSpent = true;
        var before = _claim!.IsAgain ? folder.ReadNote() : null;
        _care = new Caretaker(folder, request, before, _claim.IsAgain ? null : _requestedAt, Probe, () => bells.Ring(HostProtocol.More), time);
        if (_claim.IsAgain)
        {
            File.Delete(folder.Socket); // a dead host's, in whose place no other could listen
        }

        bells.Listen(folder.Socket);
        if (!_claim.IsAgain)
        {
            _care.NoteLease();
        }

        var end = _claim.IsAgain ? TakeOver(request, before) : WaitForTheServer(new StartEnd(ExecutionStatus.Failed, null, "It was not started."));
        while (end is null)
        {
            end = Settle(RunOnce(request));
        }

        WriteEnd(end.Status, end.Code, end.Reason);

        IProbe Probe(HealthCheck check) => check.Argv is not null ? new CommandProbe(request, check, planner, reaper) : new NetworkProbe(check, reaper.Nudge);
    }

    /// <summary>One start, from its plan to the moment in which nothing is left of it.</summary>
    private StartEnd RunOnce(StartExecution request)
    {
        (_killer, _lastEnd, _breach, _timedOut, _pipesUntil) = (new TreeKiller(tree, time), null, null, false, long.MaxValue);
        if (Start(request))
        {
            Follow();
        }

        _care!.StopChecks();
        Sweep();
        TellOfTheLimit(); // where it has printed and ended in the same moment
        _held?.Dispose();
        _pipes?.Dispose();
        if (request.Script is not null)
        {
            UserDrop.DeleteScript(UserDrop.ScriptFile(request.ExecutionId)); // one that could not be held has left it
        }

        (_held, _pipes) = (null, null);
        return _lastEnd!;
    }

    /// <summary>What comes after a start: the end of all, or null where it is to be started again, now.</summary>
    private StartEnd? Settle(StartEnd last)
    {
        if (Over(last) is { } over)
        {
            return over;
        }

        var isFirst = _care!.Starts == 0 || (_care.Starts == 1 && last.Status == ExecutionStatus.Refused);
        var isUnhealthy = _care.IsUnhealthy;
        var decision = _care.End(last.Status != ExecutionStatus.Succeeded);
        if (isFirst || !reaper.IsEmpty)
        {
            return reaper.IsEmpty ? last : last with { Status = ExecutionStatus.Failed, Reason = $"{last.Reason} What it left behind could not be ended, so that it is not started again." };
        }

        if (!decision.IsAgain)
        {
            return !decision.IsUsedUp ? last
                : last with { Status = ExecutionStatus.Failed, Reason = string.Create(CultureInfo.InvariantCulture, $"It was started again {decision.Count} times without lasting, which is as often as it may be. The last time: {last.Reason}") };
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"{last.Reason} It is started again in {decision.Pause.TotalSeconds:0.#} s, for start {_care.Starts + 1}."));
        _care.Wait(last.Reason, last.Code, isUnhealthy ? HealthState.Unhealthy : HealthState.Unknown, time.GetUtcNow() + decision.Pause);
        var until = time.GetTimestamp() + Ticks(decision.Pause);
        WaitWhile(() => time.GetTimestamp() < until, until);
        return Over(last);
    }

    /// <summary>The end, where somebody has ended it: whoever cancelled it, or the device itself.</summary>
    private StartEnd? Over(StartEnd last) =>
        _isUnwanted ? new StartEnd(ExecutionStatus.Cancelled, last.Code, last.Status == ExecutionStatus.Cancelled ? last.Reason : $"Cancelled. {last.Reason}")
        : _care!.Fence is { } fence ? new StartEnd(ExecutionStatus.Failed, last.Code, last.Reason.StartsWith(fence, StringComparison.Ordinal) ? last.Reason : $"{fence} Before that: {last.Reason}")
        : null;

    /// <summary>After another host's death: what it has left is ended before anything is started. Gives the end, where it cannot go on.</summary>
    private StartEnd? TakeOver(StartExecution request, SupervisionNote? before)
    {
        const string Gone = "Its host ended before it did: the device was restarted, or the host was killed.";
        var last = new StartEnd(ExecutionStatus.Lost, null, Gone);
        if (request.Script is not null)
        {
            UserDrop.DeleteScript(UserDrop.ScriptFile(request.ExecutionId));
        }

        if (!OperatingSystem.IsLinux() || !EndLeftovers(new LinuxLeftovers(request.ExecutionId, before)))
        {
            return last with { Reason = $"{Gone} What is left of it could not be ended, so that it is not started again." };
        }

        _care!.Wait(Gone, null, HealthState.Unknown, null);
        if (WaitForTheServer(last) is { } over)
        {
            return over;
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"{Gone} It is started again, for start {_care.Starts + 1}."));
        return null;
    }

    /// <summary>On a lease nothing is started before the server was heard of: an order may be old, and the command may be elsewhere by now. Gives the end, where it comes first.</summary>
    private StartEnd? WaitForTheServer(StartEnd last)
    {
        WaitWhile(() => !_care!.MayGoOn, long.MaxValue);
        return Over(last);
    }

    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private bool EndLeftovers(LinuxLeftovers left)
    {
        _killer = new TreeKiller(left, time);
        _killer.Begin(_care!.Grace);
        var fds = stackalloc Libc.PollFd[MaxDescriptors];
        for (var lookAt = NextLook(); _killer.Left > 0 && !_killer.HasGivenUp;)
        {
            Turn(fds, Milliseconds(lookAt));
            if (time.GetTimestamp() >= lookAt)
            {
                _killer.Round();
                lookAt = NextLook();
            }
        }

        return _killer.Left == 0;

        long NextLook() => time.GetTimestamp() + Ticks(LinuxLeftovers.Pause);
    }

    /// <summary>Ends what the command has left behind, whoever ended the command itself.</summary>
    private void Sweep()
    {
        if (reaper.IsEmptySoon(_held?.IsIsolated == true) || _killer.HasGivenUp)
        {
            TakeTheRest();
            return;
        }

        _killer = new TreeKiller(tree, time);
        _killer.Begin(_isUnwanted ? TimeSpan.Zero : _care!.Grace);
        var fds = stackalloc Libc.PollFd[MaxDescriptors];
        while (!reaper.IsEmpty && !_killer.HasGivenUp)
        {
            Turn(fds, Milliseconds(Math.Min(_bellAt, _killer.NextAt)));
            var now = time.GetTimestamp();
            RingWhereDue(now);
            if (now >= _killer.NextAt)
            {
                _killer.Round();
            }
        }

        TakeTheRest();
    }

    /// <summary>Nobody writes any more: what is still in the pipes is the last of it.</summary>
    private void TakeTheRest()
    {
        while (_pipes is not null && reaper.IsEmpty && (_pipes.Read(OutputStream.Stdout, _output!) | _pipes.Read(OutputStream.Stderr, _output!)))
        {
        }

        _output!.Finish();
    }

    /// <summary>Waits, until it is cancelled or its lease is over at the longest.</summary>
    private void WaitWhile(Func<bool> isEarly, long until)
    {
        _killer = new TreeKiller(tree, time);
        var fds = stackalloc Libc.PollFd[MaxDescriptors];
        while (true)
        {
            RingWhereDue(time.GetTimestamp());
            _care!.CheckLease();
            if (_isUnwanted || _care.Fence is not null || !isEarly())
            {
                return;
            }

            Turn(fds, Milliseconds(Math.Min(Math.Min(until, _bellAt), _care.LeaseNextAt)));
        }
    }

    /// <summary>Says once that the output's limit is reached: a command that goes on and on would fall silent without a word.</summary>
    private void TellOfTheLimit()
    {
        if (!_hasToldOfTheLimit && _output is { DiscardedBytes: > 0, Problem: null })
        {
            _hasToldOfTheLimit = true;
            const string Words = "The limit of this output is reached: what is printed from here on is not kept.";
            _output.Allow(Words.Length + "operone: \n".Length);
            Say(Words);
        }
    }

    /// <summary>Writes a line of the host's own into the output.</summary>
    private void Say(string line)
    {
        var data = Encoding.UTF8.GetBytes($"operone: {line}\n");
        var frame = new byte[OutputLog.HeadBytes + data.Length];
        data.CopyTo(frame, OutputLog.HeadBytes);
        _output!.Append(OutputStream.Stderr, frame, data.Length);
        _output.Finish();
        _bellAt = Math.Min(_bellAt, time.GetTimestamp());
    }
}
