using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>A yes that a job's run waits for, as stored.</summary>
internal sealed class Approval
{
    public required Guid Id { get; init; }
    public required Guid JobRunId { get; init; }
    public required string JobName { get; init; }
    /// <summary>The approval step; null for the whole job.</summary>
    public int? Step { get; init; }
    public ApprovalStatus Status { get; init; }
    public string? Message { get; init; }
    /// <summary>What it is bound to.</summary>
    public required string Hash { get; init; }
    /// <summary>The jobs that are called, as they were; null where that was not noted. See <see cref="ApprovalContent.HashOf"/>.</summary>
    public string? Called { get; init; }
    public required int Devices { get; init; }
    public required string AskedBy { get; init; }
    public Guid? OwnerId { get; init; }
    public required DateTimeOffset AskedAt { get; init; }
    public required DateTimeOffset Until { get; init; }
    public string? DecidedBy { get; init; }
    public Guid? DecidedById { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public string? Comment { get; init; }

    public ApprovalView ToView() => new(Id, JobRunId, JobName, Step, Status, Message, Hash, Devices, AskedBy, AskedAt, Until, DecidedBy, DecidedAt, Comment);
}

internal sealed class ApprovalConfiguration : IEntityTypeConfiguration<Approval>
{
    public void Configure(EntityTypeBuilder<Approval> builder)
    {
        builder.ToTable("job_approvals");
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.JobName).HasMaxLength(JobRules.MaxNameLength);
        builder.Property(a => a.Message).HasMaxLength(JobRules.MaxTextLength);
        builder.Property(a => a.Hash).HasMaxLength(64);
        builder.Property(a => a.Called).HasMaxLength(64);
        builder.Property(a => a.AskedBy).HasMaxLength(256);
        builder.Property(a => a.DecidedBy).HasMaxLength(256);
        builder.Property(a => a.Comment).HasMaxLength(JobRules.MaxTextLength);
        builder.HasOne<JobRun>().WithMany().HasForeignKey(a => a.JobRunId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(a => new { a.Status, a.Id });
        builder.HasIndex(a => a.JobRunId);
    }
}
