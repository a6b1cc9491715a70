using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host.Care;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Agent.Shell.Host.Streams;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// One execution in its host on Linux and macOS: claims it, starts the command, stores its output, ends it when told or
/// when its time is over, and writes down how it ended. One thread, which sleeps in poll(2).
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe partial class HostedExecution(
    ExecutionFolder folder, CommandPlanner planner, Reaper reaper, IProcessTree tree, Bells bells, TimeProvider time) : IDisposable
{
    /// <summary>
    /// How long after the command's exit its output is still waited for, where a child that it left behind keeps a pipe open.
    /// What such a child writes later is read and thrown away, so that it is not killed by SIGPIPE.
    /// </summary>
    private static readonly TimeSpan _pipeGrace = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long news waits for more of it. A command that ends within this time is told to the agent once, and one that
    /// writes byte by byte does not wake it for each.
    /// </summary>
    private static readonly TimeSpan _bellPause = TimeSpan.FromMilliseconds(2);

    private const int MaxDescriptors = 12 + CommandStreams.MaxDescriptors;

    private TreeKiller _killer = new(tree, time);
    private HostClaim? _claim;
    private Caretaker? _care;
    private OutputWriter? _output;
    private HeldCommand? _held;
    private string? _breach;
    private CommandPipes? _pipes;
    private CommandStreams? _streams;
    private long _bellAt = long.MaxValue;
    private long _timeoutAt = long.MaxValue;
    private long _pipesUntil = long.MaxValue;
    private double? _timeoutSeconds;
    private bool _timedOut;
    private bool _cancelled;
    private bool _isSpent;
    private bool _isUnwanted;

    /// <summary>Runs it to its end. Gives whether nothing of it is left in this process.</summary>
    public bool Run()
    {
        try
        {
            _claim = HostClaim.TryTake(folder) ?? (folder.CanBeHostedAgain() ? HostClaim.TryTakeAgain(folder) : null);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            End(ExecutionStatus.Refused, null, $"The device could not claim the execution: {problem.Message}");
            return true;
        }

        if (_claim is null)
        {
            return true;
        }

        bells.Close();
        if (!bells.Has(0))
        {
            bells.Add(0);
        }

        if (TakeRequest() is { } request)
        {
            Carry(request);
        }

        bells.Ring(HostProtocol.Ended);
        return LetGo();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bells.Close();
        _held?.Dispose();
        _streams?.Dispose();
        _pipes?.Dispose();
        _output?.Dispose();
        _claim?.Dispose();
    }

    private StartExecution? TakeRequest()
    {
        try
        {
            _requestedAt = File.GetLastWriteTimeUtc(folder.Request);
            var request = folder.TakeRequest();
            var masks = MaskSet.Of(request.Masks);
            _output = request is { KeepsNewest: true, Supervision: not null } ? OutputWriter.OfNewest(folder.Output, request.OutputLimitBytes, masks)
                : _claim!.IsAgain ? OutputWriter.Continue(folder.Output, request.OutputLimitBytes, masks)
                : new OutputWriter(folder.Output, request.OutputLimitBytes, masks);
            return request;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            End(ExecutionStatus.Refused, null, $"The device could not prepare the execution: {problem.Message}");
        }
        catch (JsonException problem)
        {
            End(ExecutionStatus.Refused, null, $"The device could not read the request: {problem.Message}");
        }

        return null;
    }

    private void Carry(StartExecution request)
    {
        if (request.Supervision is not null)
        {
            Supervise(request);
        }
        else if (Start(request))
        {
            Follow();
        }
    }

    private bool Start(StartExecution request)
    {
        try
        {
            var (plan, problem) = planner.Make(request, folder.Script);
            if (plan is null)
            {
                End(problem!.IsRefusal ? ExecutionStatus.Refused : ExecutionStatus.Failed, problem.ExitCode, problem.Reason);
                return false;
            }

            (_held, var refusal) = HeldCommand.Prepare(plan, request, folder, time);
            if (_held is null)
            {
                End(ExecutionStatus.Refused, null, refusal!);
                return false;
            }

            return request.Terminal is null ? Spawn(plan, _held, request) : RunTerminal(plan, _held, request);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            End(ExecutionStatus.Refused, null, $"The device could not prepare the execution: {problem.Message}");
            return false;
        }
    }

    private bool Spawn(CommandPlan plan, HeldCommand held, StartExecution request)
    {
        var pipes = _pipes = CommandPipes.Open(request);
        _streams = CommandStreams.Open(folder.Channels, pipes, request, time);
        var startedAt = time.GetUtcNow();
        var error = held.Start(tree, (how, out child) => UnixSpawn.Start(
            how.Program, how.Arguments, how.Environment, how.Directory, pipes.ChildStdin, pipes.ChildStdout, pipes.ChildStderr, out child, how.Descriptors), out var pid);
        _killer.Spared = held.IsIsolated ? pid : 0;
        _pipes.CloseChildEnds();
        if (error != 0)
        {
            EndUnspawned(error, plan);
            return false;
        }

        reaper.Watch(pid);
        folder.TryWriteStarted(new StartNote(startedAt, pid));
        _care?.Begin(pid);
        var now = time.GetTimestamp();
        _bellAt = now + Ticks(_bellPause);
        _timeoutSeconds = request.WallSeconds();
        _timeoutAt = _timeoutSeconds is { } seconds ? now + Ticks(TimeSpan.FromSeconds(seconds)) : long.MaxValue;
        return true;
    }

    private void EndUnspawned(int error, CommandPlan plan)
    {
        var (code, reason) = ExitWords.OfSpawn(error, plan.Arguments[0]);
        End(ExecutionStatus.Failed, code, reason);
    }

    private void Follow()
    {
        var fds = stackalloc Libc.PollFd[MaxDescriptors];
        while (true)
        {
            Turn(fds, PollMilliseconds());
            if (IsOver())
            {
                End();
                return;
            }

            DoWhatIsDue();
        }
    }

    /// <summary>Waits until something comes, or for so long, and takes what has come.</summary>
    private void Turn(Libc.PollFd* fds, int milliseconds)
    {
        var (count, clients) = Prepare(fds);
        Libc.Poll(fds, (nuint)count, milliseconds);
        if ((fds[0].Returned & Libc.PollIn) != 0)
        {
            reaper.TakeNews();
        }

        if (fds[1].Returned != 0)
        {
            bells.Accept();
        }

        Read(fds + 2, OutputStream.Stdout);
        Read(fds + 3, OutputStream.Stderr);
        if (fds[4].Returned != 0 && _streams?.InputEvents is null)
        {
            _pipes!.Feed();
        }

        for (var i = 5; i < 5 + clients; i++)
        {
            if (fds[i].Returned != 0 && bells.Read(fds[i].Fd) is { } grace)
            {
                Cancel(grace);
            }
        }

        _streams?.Step(fds + 5 + clients, fds[4].Returned, fds[2].Returned, reaper.Status is { } status ? ExitWords.Of(status).Code : null);
    }

    private (int Count, int Clients) Prepare(Libc.PollFd* fds)
    {
        fds[0] = new() { Fd = reaper.News, Events = Libc.PollIn };
        fds[1] = new() { Fd = bells.Listener, Events = Libc.PollIn };
        fds[2] = new() { Fd = _streams?.WantsOutput == false ? -1 : _pipes?.Stdout ?? -1, Events = Libc.PollIn };
        fds[3] = new() { Fd = _pipes?.Stderr ?? -1, Events = Libc.PollIn };
        fds[4] = new() { Fd = _pipes?.Stdin ?? -1, Events = _streams?.InputEvents ?? Libc.PollOut };
        var clients = bells.Descriptors;
        for (var i = 0; i < clients.Count; i++)
        {
            fds[5 + i] = new() { Fd = clients[i], Events = Libc.PollIn };
        }

        return (5 + clients.Count + (_streams?.Prepare(fds + 5 + clients.Count) ?? 0), clients.Count);
    }

    /// <summary>Reads what there is of a stream, a frame at a time so that the streams take turns.</summary>
    private void Read(Libc.PollFd* poll, OutputStream stream)
    {
        if (poll->Returned != 0 && _pipes!.Read(stream, _output!) && _bellAt == long.MaxValue)
        {
            _bellAt = time.GetTimestamp() + Ticks(_bellPause);
        }
    }

    private bool IsOver()
    {
        if (reaper.Status is null)
        {
            return _killer.HasGivenUp;
        }

        if (_pipesUntil == long.MaxValue)
        {
            _pipesUntil = time.GetTimestamp() + Ticks(_pipeGrace);
        }

        // a child that was left behind may write without end
        while ((_pipes!.Read(OutputStream.Stdout, _output!) | _pipes.Read(OutputStream.Stderr, _output!)) && time.GetTimestamp() < _pipesUntil)
        {
        }

        if (_killer.IsActive && !reaper.IsEmpty && !_killer.HasGivenUp)
        {
            return false;
        }

        if (_streams is { IsDone: false } && !_killer.IsActive)
        {
            return false; // what it printed is still being taken
        }

        return _pipes.AreClosed || _killer.IsActive || time.GetTimestamp() >= _pipesUntil;
    }

    private bool IsGoing => reaper.Status is null || _streams is { IsDone: false };

    private void Cancel(TimeSpan grace)
    {
        _isUnwanted = true;
        if (IsGoing || _killer.IsActive)
        {
            // one that has failed by itself, and whose output is still being taken, has not ended because of this
            _cancelled |= !_timedOut && (reaper.Status is null or 0);
            _killer.Begin(grace);
        }
    }

    private void DoWhatIsDue()
    {
        var now = time.GetTimestamp();
        RingWhereDue(now);
        if (now >= _timeoutAt)
        {
            _timeoutAt = long.MaxValue;
            if (IsGoing && !_killer.IsActive)
            {
                _timedOut = true;
                _killer.Begin(_care?.Grace ?? TimeSpan.FromSeconds(5));
            }
        }

        if (now >= _held!.NextAt && reaper.Status is null && _held.Check() is { } breach)
        {
            _breach ??= breach;
            _killer.Begin(TimeSpan.Zero);
        }

        if (_streams?.Failure is { } broken && !_killer.IsActive)
        {
            _breach ??= broken;
            _killer.Begin(TimeSpan.FromSeconds(5));
        }

        if (_care is not null)
        {
            TellOfTheLimit();
        }

        if (_care is not null && reaper.Status is null && !_killer.IsActive && _care.Check() is { } trouble)
        {
            _breach ??= trouble;
            _killer.Begin(_care.Grace);
        }

        if (_killer.IsActive && now >= _killer.NextAt)
        {
            _killer.Round();
        }
    }

    private void RingWhereDue(long now)
    {
        if (now >= _bellAt)
        {
            _bellAt = long.MaxValue;
            bells.Listen(folder.Socket);
            bells.Ring(HostProtocol.More);
        }
    }

    private int PollMilliseconds()
    {
        var pipesUntil = _streams is { IsDone: false } ? long.MaxValue : _pipesUntil;
        var next = Math.Min(Math.Min(_bellAt, _timeoutAt), Math.Min(pipesUntil, _killer.IsActive ? _killer.NextAt : long.MaxValue));
        next = reaper.Status is null ? Math.Min(next, _held!.NextAt) : next;
        next = Math.Min(next, _streams?.NextAt ?? long.MaxValue);
        return Milliseconds(_care is not null && reaper.Status is null && !_killer.IsActive ? Math.Min(next, _care.NextAt) : next);
    }

    /// <summary>How long to poll until a timestamp.</summary>
    private int Milliseconds(long next)
    {
        if (next == long.MaxValue)
        {
            return -1;
        }

        var left = (double)(next - time.GetTimestamp()) / time.TimestampFrequency * 1000;
        return left <= 0 ? 0 : (int)Math.Min(Math.Ceiling(left), 3_600_000);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
