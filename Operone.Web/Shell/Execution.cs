using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>The part of a run on one device, as stored.</summary>
internal sealed class Execution
{
    public required Guid Id { get; init; }
    public required Guid RunId { get; init; }
    public required Guid DeviceId { get; init; }
    public required string DeviceName { get; init; }
    /// <summary>In a pipeline: which stage, from 0 on.</summary>
    public int? Stage { get; init; }
    public ExecutionStatus Status { get; set; }
    public int? ExitCode { get; set; }
    public string? Reason { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    /// <summary>When somebody cancelled this part of the run alone, because the others were not theirs to cancel.</summary>
    public DateTimeOffset? CancelledAt { get; init; }
    public long StdoutBytes { get; set; }
    public long StderrBytes { get; set; }
    /// <summary>Bytes that were printed and are not kept.</summary>
    public long DiscardedBytes { get; set; }
    /// <summary>Of one whose newest output is kept: how many bytes of it; null where the first are kept.</summary>
    public long? NewestBytes { get; init; }
    /// <summary>Where the newest output is kept: the offset in standard output of the first byte that is.</summary>
    public long StdoutFrom { get; set; }
    /// <summary>The same of standard error.</summary>
    public long StderrFrom { get; set; }
    /// <summary>Of a supervised one: how its host said last that it does.</summary>
    public SupervisionState? Supervision { get; set; }

    public ExecutionView ToView() => new(
        Id, DeviceId, DeviceName, Status, ExitCode, Reason, StartedAt, EndedAt, StdoutBytes, StderrBytes, DiscardedBytes)
    { Stage = Stage, Supervision = Supervision, NewestBytes = NewestBytes, StdoutFrom = StdoutFrom, StderrFrom = StderrFrom };
}

internal sealed class ExecutionConfiguration : IEntityTypeConfiguration<Execution>
{
    public void Configure(EntityTypeBuilder<Execution> builder)
    {
        builder.ToTable("executions");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.DeviceName).HasMaxLength(63);
        builder.Property(e => e.Supervision).HasJsonText();
        builder.HasOne<Run>().WithMany().HasForeignKey(e => e.RunId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(e => new { e.RunId, e.Status });
        builder.HasIndex(e => new { e.DeviceId, e.Status });
    }
}
