using Operone.Core.Shell;

namespace Operone.Web.Shell;

/// <summary>What the writer knows of an execution: what is stored, and with the batch at hand what will be.</summary>
internal sealed record ExecutionState(
    Guid Id, Guid RunId, Guid DeviceId, string DeviceName, ExecutionStatus Status, long StdoutBytes, long StderrBytes,
    DateTimeOffset? StartedAt = null, int? ExitCode = null, string? Reason = null, DateTimeOffset? EndedAt = null, long DiscardedBytes = 0,
    SupervisionState? Supervision = null, long? NewestBytes = null, long StdoutFrom = 0, long StderrFrom = 0)
{
    public static ExecutionState From(Execution e) => new(
        e.Id, e.RunId, e.DeviceId, e.DeviceName, e.Status, e.StdoutBytes, e.StderrBytes, e.StartedAt, e.ExitCode, e.Reason, e.EndedAt, e.DiscardedBytes, e.Supervision,
        e.NewestBytes, e.StdoutFrom, e.StderrFrom);

    public long Offset(OutputStream stream) => stream == OutputStream.Stdout ? StdoutBytes : StderrBytes;

    public ExecutionState Advance(OutputStream stream, long bytes) => stream == OutputStream.Stdout
        ? this with { StdoutBytes = StdoutBytes + bytes }
        : this with { StderrBytes = StderrBytes + bytes };

    /// <summary>Bytes of output that are stored, where the newest are kept.</summary>
    public long KeptBytes => StdoutBytes + StderrBytes - DiscardedBytes;

    /// <summary>The device has let go of what is before these offsets: what is not stored of it will not come.</summary>
    public ExecutionState SkipTo(OutputPlace place)
    {
        var (stdout, stderr) = (Math.Max(StdoutBytes, place.Stdout), Math.Max(StderrBytes, place.Stderr));
        return this with
        {
            StdoutBytes = stdout,
            StderrBytes = stderr,
            StdoutFrom = StdoutFrom == StdoutBytes ? stdout : StdoutFrom,
            StderrFrom = StderrFrom == StderrBytes ? stderr : StderrFrom,
            DiscardedBytes = DiscardedBytes + (stdout - StdoutBytes) + (stderr - StderrBytes),
        };
    }

    /// <summary>How far it is stored, for the agent.</summary>
    public ExecutionAcknowledgement Acknowledge(bool rewind = false) => new(Id, StdoutBytes, StderrBytes, Status.IsEnd(), rewind);
}

/// <summary>Something for the writer to store.</summary>
internal abstract record WriterItem
{
    /// <summary>What it counts for in the queue's bound, in bytes.</summary>
    public virtual int Weight => 256;
}

/// <summary>News from a device.</summary>
internal sealed record ReportItem(Guid DeviceId, ExecutionReport Report) : WriterItem
{
    public override int Weight { get; } = 256 + (Report.Output?.Sum(chunk => chunk.Data.Length + 64) ?? 0);
}

/// <summary>The server itself ends executions that stand in one of <paramref name="From"/>; others are left alone.</summary>
internal sealed record EndItem(
    IReadOnlyList<Guid> ExecutionIds, IReadOnlyList<ExecutionStatus> From, ExecutionStatus Status, string Reason, TaskCompletionSource Done) : WriterItem;

/// <summary>The device was told to start these queued executions.</summary>
internal sealed record StartingItem(IReadOnlyList<Guid> ExecutionIds) : WriterItem;

/// <summary>Read these executions from the database again: another node may have written to them meanwhile.</summary>
internal sealed record ForgetItem(IReadOnlyList<Guid> ExecutionIds) : WriterItem;
