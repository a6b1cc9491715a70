using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// What the agent knows of one execution: its folder, how far the server has stored it, and what comes next. It holds no
/// output. Safe to use from several threads.
/// </summary>
internal sealed class Execution : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IOutputSource _reader;
    private DateTimeOffset? _startedAt;
    private ExecutionEnd? _end;
    private HostLink? _link;
    private TimeSpan? _cancelWanted;
    private long _storedStdout;
    private long _storedStderr;
    private long _progressAt;
    private long _rewoundStdout = -1;
    private long _rewoundStderr = -1;
    private long _rewoundAt;
    private bool _startReported;
    private bool _endReported;
    private bool _isUnwanted;
    private SupervisionState? _toldState;

    /// <summary>An execution with the folder that it has, or, where the disk does not even take an end, would have.</summary>
    public Execution(Guid id, ExecutionFolder folder, ExecutionEnd? end = null, bool isSupervised = false)
    {
        Id = id;
        Folder = folder;
        _end = end;
        IsSupervised = isSupervised;
        _reader = isSupervised ? new SegmentReader(folder.Output) : new OutputReader(folder.Output);
    }

    public Guid Id { get; }

    public ExecutionFolder Folder { get; }

    /// <summary>Whether its command is, or may be, supervised: then its host writes down how it does.</summary>
    public bool IsSupervised { get; }

    /// <summary>Whether its command is supervised for sure: then nothing of it may be left when it ends as lost, for the server starts another one.</summary>
    public bool LeavesNothing { get; private init; }

    /// <summary>For how long the server may not be heard of, in seconds; null where that does not matter.</summary>
    public double? LeaseSeconds { get; private init; }

    /// <summary>How often it was given another host, and when that may be done again, as a timestamp.</summary>
    public (int Count, long NextAt) HostedAgain { get; set; }

    /// <summary>One that is to be started.</summary>
    public static Execution Of(StartExecution start, ExecutionFolder folder) =>
        new(start.ExecutionId, folder, isSupervised: start.Supervision is not null) { LeavesNothing = start.Supervision is not null, LeaseSeconds = start.Supervision?.LeaseSeconds };

    /// <summary>One that an agent before this one has left.</summary>
    public static Execution Found(Guid id, ExecutionFolder folder)
    {
        try
        {
            return Of(folder.ReadRequest() with { ExecutionId = id }, folder);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            // the request held secrets, and is gone
            var note = folder.ReadNote();
            return new(id, folder, isSupervised: true) { LeavesNothing = note is not null, LeaseSeconds = note?.LeaseSeconds };
        }
    }

    /// <summary>The task that follows the host, once there is one.</summary>
    public Task Following { get; set; } = Task.CompletedTask;

    /// <summary>Whether it waits in the sender's queue. Belongs to <see cref="ExecutionSender"/>.</summary>
    public int IsQueued;

    /// <summary>Whether its host has let go of the folder.</summary>
    public bool IsFolderFree { get; set; }

    /// <summary>Whether the server wants nothing of it: its folder goes when it ends.</summary>
    public bool IsUnwanted
    {
        get
        {
            lock (_lock)
            {
                return _isUnwanted;
            }
        }
    }

    /// <summary>Whether its end is known.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
            {
                return _end is not null;
            }
        }
    }

    /// <summary>The end is known. The first one counts.</summary>
    public void SetEnd(ExecutionEnd end)
    {
        lock (_lock)
        {
            _end ??= end;
        }
    }

    /// <summary>The host can be reached, or not any more (null). A cancel that waited goes at once.</summary>
    public void SetLink(HostLink? link)
    {
        lock (_lock)
        {
            _link = link;
            if (link is not null && _cancelWanted is { } grace)
            {
                link.Cancel(grace);
            }
        }
    }

    /// <summary>Asks the host to end it, now or as soon as it can be reached.</summary>
    public void Cancel(TimeSpan grace)
    {
        lock (_lock)
        {
            _cancelWanted = grace;
            _link?.Cancel(grace);
        }
    }

    /// <summary>The server wants nothing of it: no report goes any more.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _isUnwanted = true;
        }
    }

    /// <summary>A new connection: what was sent and not stored may be lost, and goes again.</summary>
    public void Resume(ExecutionAcknowledgement? stored)
    {
        lock (_lock)
        {
            (_storedStdout, _storedStderr) = stored is null ? (_storedStdout, _storedStderr) : (stored.StdoutOffset, stored.StderrOffset);
            (_startReported, _endReported, _toldState) = (false, false, null);
            _reader.Seek(_storedStdout, _storedStderr);
        }
    }

    /// <summary>The server has stored this much.</summary>
    /// <returns>Whether something has to be sent because of it.</returns>
    public bool Acknowledge(ExecutionAcknowledgement stored, long now)
    {
        lock (_lock)
        {
            var moved = stored.StdoutOffset > _storedStdout || stored.StderrOffset > _storedStderr;
            if (stored.Rewind)
            {
                return Rewind(stored, now);
            }

            if (moved)
            {
                _progressAt = now;
                _storedStdout = Math.Max(_storedStdout, stored.StdoutOffset);
                _storedStderr = Math.Max(_storedStderr, stored.StderrOffset);
                _reader.Forget(_storedStdout, _storedStderr);
            }

            return moved;
        }
    }

    /// <summary>Where reports were sent, and no acknowledgement has come since <paramref name="before"/>: they go again.</summary>
    public bool RetryIfStalled(long before, long now)
    {
        lock (_lock)
        {
            var waits = _end is not null || _reader.Stdout + _reader.Stderr > _storedStdout + _storedStderr;
            if (!waits || _progressAt > before)
            {
                return false;
            }

            _progressAt = now;
            (_startReported, _endReported, _toldState) = (false, false, null);
            _reader.Seek(_storedStdout, _storedStderr);
            return true;
        }
    }

    /// <summary>The next report, or null where there is nothing to tell or the window is full.</summary>
    /// <param name="memory">For the reader; its data is good until the next report is asked for.</param>
    /// <param name="now">A timestamp.</param>
    public ExecutionReport? NextReport(OutputReader.ReadMemory memory, long now)
    {
        lock (_lock)
        {
            if (_isUnwanted || _endReported)
            {
                return null;
            }

            _startedAt ??= Folder.ReadStarted()?.StartedAt;
            var unstored = _reader.Stdout + _reader.Stderr - _storedStdout - _storedStderr;
            var budget = (int)Math.Min(ProtocolVersion.MaxReportBytes, ProtocolVersion.WindowBytes - unstored);
            var output = _reader.Read(budget, memory);
            var from = _reader.Gap;
            var end = Complete(_end, nothingMore: output.Count == 0 && from is null && budget >= OutputLog.MaxDataBytes);
            var state = IsSupervised ? Folder.ReadNote()?.State : null;
            state = state == _toldState ? null : state;
            if (output.Count == 0 && from is null && end is null && state is null && (_startReported || _startedAt is null))
            {
                return null;
            }

            if (unstored == 0)
            {
                _progressAt = now;
            }

            _startReported = true;
            _endReported = end is not null;
            _toldState = state ?? _toldState;
            return new ExecutionReport(Id, _startedAt, output.Count > 0 ? output : null, end, state, from);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isUnwanted = true;
            _reader.Dispose();
        }
    }

    /// <summary>The end, where all output before it has been read; else null.</summary>
    /// <param name="end">The end, where it is known.</param>
    /// <param name="nothingMore">Whether the reader has found nothing though it had room: the file ends here.</param>
    private ExecutionEnd? Complete(ExecutionEnd? end, bool nothingMore)
    {
        if (end is null || (_reader.Stdout >= end.StdoutBytes && _reader.Stderr >= end.StderrBytes))
        {
            return end;
        }

        // somebody has taken the output away; an execution that never ends would be worse than one that says so
        return nothingMore
            ? end with
            {
                StdoutBytes = _reader.Stdout,
                StderrBytes = _reader.Stderr,
                Reason = $"{end.Reason} The rest of its output ({end.StdoutBytes + end.StderrBytes - _reader.Stdout - _reader.Stderr} bytes) is missing on the device.",
            }
            : null;
    }

    /// <summary>
    /// Several reports that were under way each bring the same answer: only the first one counts. One that counts no more
    /// comes again by <see cref="RetryIfStalled"/>.
    /// </summary>
    private bool Rewind(ExecutionAcknowledgement stored, long now)
    {
        var isEcho = stored.StdoutOffset == _rewoundStdout && stored.StderrOffset == _rewoundStderr && now - _rewoundAt < TimeProvider.System.TimestampFrequency;
        if (isEcho)
        {
            return false;
        }

        (_rewoundStdout, _rewoundStderr, _rewoundAt) = (stored.StdoutOffset, stored.StderrOffset, now);
        (_storedStdout, _storedStderr) = (stored.StdoutOffset, stored.StderrOffset);
        _endReported = false;
        _reader.Seek(_storedStdout, _storedStderr);
        return true;
    }
}
