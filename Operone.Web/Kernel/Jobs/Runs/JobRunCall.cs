using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>What a step of a job's run calls, once, as stored. It is stored before it is done: that is what keeps it from being done twice.</summary>
internal sealed class JobRunCall
{
    public required Guid JobRunId { get; init; }
    public required int Step { get; init; }
    /// <summary>The run of the job, the run of the pipeline, or the event for the webhook. It has this id before there is any.</summary>
    public required Guid CalledId { get; init; }
    /// <summary>What the time before it called; nothing is begun again while that goes on.</summary>
    public Guid? PreviousId { get; init; }
    public JobCallStatus Status { get; init; }
    /// <summary>The how-manieth time it is, from 1 on.</summary>
    public int Attempt { get; init; } = 1;
    /// <summary>When it began; of one that is tried again, not before when.</summary>
    public required DateTimeOffset At { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Reason { get; init; }

    public JobRunCallView ToView(JobStep step) =>
        new(step.Job is not null ? "job" : step.Pipeline is not null ? "pipeline" : "webhook", CalledId, Status, At, EndedAt, Reason, Attempt);
}

internal sealed class JobRunCallConfiguration : IEntityTypeConfiguration<JobRunCall>
{
    public void Configure(EntityTypeBuilder<JobRunCall> builder)
    {
        builder.ToTable("job_run_calls");
        builder.HasKey(c => new { c.JobRunId, c.Step });
        builder.Property(c => c.Reason).HasMaxLength(1000);
        builder.Property(c => c.Attempt).HasDefaultValue(1);
        builder.HasOne<JobRun>().WithMany().HasForeignKey(c => c.JobRunId).OnDelete(DeleteBehavior.Cascade);
    }
}
