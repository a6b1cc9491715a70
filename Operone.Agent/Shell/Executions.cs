using Microsoft.Extensions.Logging;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>All executions that this device has a folder for.</summary>
internal sealed partial class Executions(
    string folder, ExecutionFollower follower, ExecutionSender sender, Tombstones tombstones, TimeProvider time, ILogger<Executions> logger)
    : IAsyncDisposable
{
    /// <summary>How long the server may stay silent about a report before it goes again.</summary>
    private static readonly TimeSpan _stalled = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Execution> _all = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly SpareFolders _spares = new(folder);

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>A task failed in a way that nobody foresaw. The agent ends by it: the hosts go on, and a fresh agent finds them.</summary>
    public TaskCompletionSource Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Finds what an agent before this one has left, and follows it.</summary>
    public void Load()
    {
        tombstones.Load();
        foreach (var path in Directory.EnumerateDirectories(folder))
        {
            var found = new ExecutionFolder(path);
            if (SpareFolders.IsOne(path))
            {
                Delete(found);
                continue;
            }

            if (!Guid.TryParseExact(Path.GetFileName(path), "N", out var id))
            {
                continue;
            }

            if (!File.Exists(found.Request) && !File.Exists(found.Claimed) && !File.Exists(found.Ended))
            {
                Delete(found); // an agent died while it made the folder: nothing was started, and the server asks again
                continue;
            }

            Follow(Execution.Found(id, found));
        }
    }

    /// <summary>Starts an execution, once: what is known, or was, is not started again.</summary>
    public void Start(StartExecution start)
    {
        lock (_lock)
        {
            if (_all.TryGetValue(start.ExecutionId, out var known))
            {
                sender.Add(known);
                return;
            }
        }

        if (tombstones.Has(start.ExecutionId))
        {
            Log.StartedBefore(logger, start.ExecutionId);
            return;
        }

        var target = FolderOf(start.ExecutionId);
        if (StartRules.Check(start) is { } problem)
        {
            Refuse(start.ExecutionId, target, problem);
            return;
        }

        try
        {
            if (!_spares.TryUse(target, start))
            {
                target.Create(start);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Delete(target);
            Refuse(start.ExecutionId, target, $"The device could not store the request: {failure.Message}");
            return;
        }

        Follow(Execution.Of(start, target));
    }

    /// <summary>Ends an execution. One that is not known is remembered, so that its start, should it still come, starts nothing.</summary>
    public void Cancel(CancelExecution cancel)
    {
        Execution? known;
        lock (_lock)
        {
            _all.TryGetValue(cancel.ExecutionId, out known);
        }

        if (known is not null)
        {
            known.Cancel(TimeSpan.FromSeconds(Math.Clamp(cancel.GraceSeconds, 0, 3600)));
            sender.Add(known);
            return;
        }

        if (!tombstones.Has(cancel.ExecutionId))
        {
            EndUnstarted(cancel.ExecutionId, FolderOf(cancel.ExecutionId), ExecutionStatus.Cancelled, "Cancelled before it started.");
        }
    }

    /// <summary>The server has stored something.</summary>
    public void Acknowledge(ExecutionAcknowledgement stored)
    {
        Execution? known;
        lock (_lock)
        {
            _all.TryGetValue(stored.ExecutionId, out known);
        }

        if (known is null)
        {
            return;
        }

        if (stored.Problem is not null)
        {
            Abandon(known, stored.Problem);
        }
        else if (stored.Ended && !known.HasEnded)
        {
            Abandon(known, "it has ended for the server, which has given it up");
        }
        else if (stored.Ended)
        {
            Finish(known);
        }
        else if (known.Acknowledge(stored, time.GetTimestamp()))
        {
            sender.Add(known);
        }
    }

    /// <summary>The folder of an execution that has not ended; null where there is none.</summary>
    public ExecutionFolder? FindRunning(Guid id)
    {
        lock (_lock)
        {
            return _all.TryGetValue(id, out var known) && !known.HasEnded ? known.Folder : null;
        }
    }

    /// <summary>Those that have not ended.</summary>
    public IReadOnlyList<(Guid Id, ExecutionFolder Folder)> Running()
    {
        lock (_lock)
        {
            return [.. _all.Values.Where(e => !e.HasEnded).Select(e => (e.Id, e.Folder))];
        }
    }

    /// <summary>What there is, for the server to compare.</summary>
    public ExecutionInventory Inventory()
    {
        lock (_lock)
        {
            return new ExecutionInventory([.. _all.Keys]);
        }
    }

    /// <summary>A connection is there, and both sides have compared: what the server lacks is sent to it.</summary>
    public void Connect(IShellHub hub, ExecutionReconciliation stored)
    {
        var byId = stored.Executions.ToDictionary(e => e.ExecutionId);
        foreach (var execution in All())
        {
            execution.Resume(byId.GetValueOrDefault(execution.Id) is { Problem: null, Ended: false } known ? known : null);
        }

        foreach (var settled in stored.Executions.Where(e => e.Problem is not null || e.Ended))
        {
            Acknowledge(settled);
        }

        foreach (var id in stored.Unaccounted ?? [])
        {
            if (!Knows(id))
            {
                EndUnstarted(id, FolderOf(id), ExecutionStatus.Lost, "The device has no record of it any more (its state directory was deleted or restored). How it ended is not known.");
            }
        }

        sender.SetHub(hub);
        foreach (var execution in All())
        {
            sender.Add(execution);
        }
    }

    /// <summary>The connection is gone: nothing is sent, nothing is kept in memory, the hosts go on.</summary>
    public void Disconnect() => sender.SetHub(null);

    /// <summary>Sends again what the server has said nothing about for long. Runs until cancelled.</summary>
    public async Task RetryAsync(CancellationToken cancel)
    {
        while (true)
        {
            await Task.Delay(_stalled / 2, time, cancel);
            RetryStalled();
        }
    }

    private void RetryStalled()
    {
        var now = time.GetTimestamp();
        foreach (var execution in All())
        {
            if (execution.RetryIfStalled(now - (long)(_stalled.TotalSeconds * time.TimestampFrequency), now))
            {
                sender.Add(execution);
            }
        }
    }

    /// <summary>Lets all hosts go; they go on by themselves.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var execution in All())
        {
            try
            {
                await execution.Following;
            }
            catch (OperationCanceledException)
            {
                // that is how it ends here
            }
        }

        _stop.Dispose();
    }

    private Execution[] All()
    {
        lock (_lock)
        {
            return [.. _all.Values];
        }
    }

    private bool Knows(Guid id)
    {
        lock (_lock)
        {
            return _all.ContainsKey(id);
        }
    }

    private ExecutionFolder FolderOf(Guid id) => new($"{folder}/{id:N}");

    private void Follow(Execution execution)
    {
        lock (_lock)
        {
            _all[execution.Id] = execution;
        }

        execution.Following = SuperviseAsync(execution);
    }

    private async Task SuperviseAsync(Execution execution)
    {
        try
        {
            await follower.FollowAsync(execution, _stop.Token);
            if (execution.IsUnwanted)
            {
                Finish(execution);
            }
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            Failed.TrySetException(bug);
        }
    }

    private void Refuse(Guid id, ExecutionFolder target, string reason)
    {
        Log.Refused(logger, id, reason);
        EndUnstarted(id, target, ExecutionStatus.Refused, reason);
    }

    /// <summary>An end without a beginning. It is kept in the folder too, so that it outlives this agent, where the disk takes it.</summary>
    private void EndUnstarted(Guid id, ExecutionFolder target, ExecutionStatus status, string reason)
    {
        var end = new ExecutionEnd(status, null, reason, time.GetUtcNow(), 0, 0);
        try
        {
            target.Create(end);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Log.EndNotStored(logger, id, problem.Message);
        }

        var execution = new Execution(id, target, end);
        lock (_lock)
        {
            _all[id] = execution;
        }

        sender.Add(execution);
    }

    /// <summary>The server wants no more of it: it is ended, and then its folder goes.</summary>
    private void Abandon(Execution execution, string problem)
    {
        Log.NotWanted(logger, execution.Id, problem);
        execution.Abandon();
        if (execution.HasEnded)
        {
            Finish(execution);
        }
        else
        {
            execution.Cancel(TimeSpan.FromSeconds(5));
        }
    }

    private void Finish(Execution execution)
    {
        lock (_lock)
        {
            if (!_all.Remove(execution.Id))
            {
                return;
            }
        }

        tombstones.Add(execution.Id);
        execution.Dispose();
        if (!execution.IsFolderFree || !_spares.TryKeep(execution.Folder))
        {
            Delete(execution.Folder);
        }
    }

    private void Delete(ExecutionFolder target)
    {
        try
        {
            Directory.Delete(target.Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // it was never made
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Log.NotDeleted(logger, target.Path, problem.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Execution {Id} was here before and is over; a late start message is ignored")]
        public static partial void StartedBefore(ILogger logger, Guid id);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Execution {Id} is refused: {Reason}")]
        public static partial void Refused(ILogger logger, Guid id, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The end of execution {Id} is in memory alone: {Problem}")]
        public static partial void EndNotStored(ILogger logger, Guid id, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The server wants nothing of execution {Id}, which is ended: {Problem}")]
        public static partial void NotWanted(ILogger logger, Guid id, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The folder {Path} could not be deleted: {Problem}")]
        public static partial void NotDeleted(ILogger logger, string path, string problem);
    }
}
