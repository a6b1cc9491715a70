using Microsoft.Extensions.Logging;
using Operone.Agent.Connection;
using Operone.Agent.Shell.Host;
using Operone.Agent.Shell.Host.Care;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// Follows one execution from the outside: gives it a host where nobody has claimed it, connects to the host that has, and
/// ends it as lost where that one is dead, unless it is supervised: then it gets another host, or what is left of it is ended first.
/// </summary>
internal sealed partial class ExecutionFollower(
    Hosts hosts, ExecutionSender sender, TimeProvider time, ILogger<ExecutionFollower> logger, Heartbeat? heartbeat = null)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);

    /// <summary>How long the system is asked for a process before the execution fails.</summary>
    private static readonly TimeSpan _startPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long a host that was started has to claim its execution, before another one is.</summary>
    private static readonly TimeSpan _claimPatience = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause between two hosts of a supervised execution, each of which is twice the one before.</summary>
    private static readonly TimeSpan _longestHostPause = TimeSpan.FromMinutes(1);

    /// <summary>After this long without the need for another host the pauses begin anew.</summary>
    private static readonly TimeSpan _forgotten = TimeSpan.FromMinutes(10);

    /// <summary>Follows it to its end.</summary>
    public async Task FollowAsync(Execution execution, CancellationToken cancel)
    {
        using var lease = heartbeat?.Hold(execution.LeaseSeconds);
        while (!execution.HasEnded && await ReachAsync(execution, cancel) is { } link)
        {
            execution.SetLink(link);
            var news = HostNews.Gone;
            try
            {
                news = await ListenAsync(execution, link, cancel);
            }
            finally
            {
                execution.SetLink(null);
                if (news != HostNews.Ended)
                {
                    link.Dispose();
                }
            }

            if (execution.Folder.ReadEnd() is { } end)
            {
                End(execution, end);
            }

            if (news == HostNews.Ended)
            {
                await TakeBackAsync(execution, link, cancel);
            }
        }
    }

    private async Task<HostNews> ListenAsync(Execution execution, HostLink link, CancellationToken cancel)
    {
        while (true)
        {
            var news = await link.ListenAsync(cancel);
            if (news != HostNews.More)
            {
                return news;
            }

            sender.Add(execution);
            hosts.KeepWarm();
        }
    }

    private async Task TakeBackAsync(Execution execution, HostLink link, CancellationToken cancel)
    {
        var news = HostNews.Gone;
        try
        {
            news = await link.ListenAsync(cancel);
        }
        finally
        {
            if (news == HostNews.Ready)
            {
                execution.IsFolderFree = true;
                hosts.Return(link);
            }
            else
            {
                link.Dispose();
                hosts.KeepWarm();
            }
        }
    }

    /// <summary>A connection to the execution's host, or null where it has ended.</summary>
    private async Task<HostLink?> ReachAsync(Execution execution, CancellationToken cancel)
    {
        var (began, startedAt) = (time.GetTimestamp(), (long?)null);
        for (var pause = _firstPause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                var link = TryReach(execution, ref startedAt, out var isLost);
                if (isLost)
                {
                    await LoseAsync(execution, cancel);
                }

                if (link is not null || execution.HasEnded)
                {
                    return link;
                }
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                Log.NotReached(logger, execution.Id, problem.Message);
                if (time.GetElapsedTime(began) > _startPatience && !File.Exists(execution.Folder.Claimed))
                {
                    End(execution, NewEnd(execution.Folder, ExecutionStatus.Failed, problem.Message));
                    return null;
                }
            }

            await Task.Delay(pause, time, cancel);
        }
    }

    /// <summary>One attempt: a link, or the end is set, or neither where the host is between two steps.</summary>
    private HostLink? TryReach(Execution execution, ref long? startedAt, out bool isLost)
    {
        isLost = false;
        var folder = execution.Folder;
        if (folder.ReadEnd() is { } end)
        {
            End(execution, end);
            return null;
        }

        if (!File.Exists(folder.Claimed))
        {
            if (startedAt is { } at && time.GetElapsedTime(at) < _claimPatience)
            {
                return null;
            }

            startedAt = time.GetTimestamp();
            return hosts.Start(folder);
        }

        using (var dead = HostClaim.TryTakeOver(folder))
        {
            if (dead is null)
            {
                try
                {
                    return Hosts.Connect(folder);
                }
                catch (IOException)
                {
                    return null; // it has just begun and does not listen yet, or has just ended
                }
            }

            // the host may have ended between the two looks
            if (folder.ReadEnd() is not null || !execution.IsSupervised || !folder.CanBeHostedAgain())
            {
                isLost = true;
                return null;
            }
        }

        return HostAgain(execution, ref startedAt);
    }

    /// <summary>Another host for a supervised execution, not too often: one whose hosts die at once would keep the device busy with nothing else.</summary>
    private HostLink? HostAgain(Execution execution, ref long? startedAt)
    {
        var now = time.GetTimestamp();
        if (now < execution.HostedAgain.NextAt || (startedAt is { } at && time.GetElapsedTime(at) < _claimPatience))
        {
            return null;
        }

        var count = execution.HostedAgain.NextAt > 0 && time.GetElapsedTime(execution.HostedAgain.NextAt) > _forgotten ? 0 : execution.HostedAgain.Count;
        execution.HostedAgain = (count + 1, now + (long)(Math.Min(Math.Pow(2, count), _longestHostPause.TotalSeconds) * time.TimestampFrequency));
        Log.HostedAgain(logger, execution.Id);
        startedAt = now;
        return hosts.Start(execution.Folder);
    }

    /// <summary>The host is dead, and no other one comes. Of a supervised command nothing is left when the server learns of it.</summary>
    private async Task LoseAsync(Execution execution, CancellationToken cancel)
    {
        var folder = execution.Folder;
        using var dead = HostClaim.TryTakeOver(folder);
        if (dead is null)
        {
            return; // somebody looks at it; there is another attempt
        }

        bool? isSwept = null;
        if (execution.LeavesNothing && OperatingSystem.IsLinux() && folder.ReadEnd() is null)
        {
            isSwept = await LinuxLeftovers.EndAsync(execution.Id, folder.ReadNote(), time, cancel);
        }

        End(execution, folder.ReadEnd() ?? Lose(folder, isSwept));
    }

    private ExecutionEnd Lose(ExecutionFolder folder, bool? isSwept)
    {
        var started = folder.ReadStarted();
        var reason = started is null
            ? "The host process ended before it had started the command (the device was restarted, or the process was killed). Whether the command ran is not known."
            : $"The host process ended before the command did (the device was restarted, or the process was killed). {Rest()}";
        return NewEnd(folder, ExecutionStatus.Lost, reason);

        string Rest() => isSwept switch
        {
            true => "What was left of the command was ended.",
            false => $"What was left of the command, process {started.Pid}, could not be ended and may still run.",
            null => $"The command, process {started.Pid}, may still run.",
        };
    }

    /// <summary>An end that no host has written. A host that still comes finds it and starts nothing.</summary>
    private ExecutionEnd NewEnd(ExecutionFolder folder, ExecutionStatus status, string reason)
    {
        var (stdout, stderr) = OutputSegments.Measure(folder.Output);
        var end = new ExecutionEnd(status, null, reason, time.GetUtcNow(), stdout, stderr);
        try
        {
            folder.WriteEnd(end);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Log.EndNotStored(logger, folder.Path, problem.Message); // the server is told all the same
        }

        return end;
    }

    private void End(Execution execution, ExecutionEnd end)
    {
        execution.SetEnd(end);
        sender.Add(execution);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The host of execution {Id} cannot be reached: {Problem}")]
        public static partial void NotReached(ILogger logger, Guid id, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The host of execution {Id} is dead; it gets another one")]
        public static partial void HostedAgain(ILogger logger, Guid id);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The end in {Path} is in memory alone: {Problem}")]
        public static partial void EndNotStored(ILogger logger, string path, string problem);
    }
}
