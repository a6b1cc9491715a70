using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>A run of a job as stored. What it does is the definition as it was; it goes on whatever becomes of the job.</summary>
internal sealed class JobRun
{
    public required Guid Id { get; init; }
    public required Guid JobId { get; init; }
    public required string JobName { get; init; }
    public required int Version { get; init; }
    public required JobDefinition Definition { get; init; }
    /// <summary>What it is aimed at; once Operone has chosen, the devices that were chosen.</summary>
    public required RunTarget Target { get; init; }
    /// <summary>Among which devices Operone chose; null where it did not, or not yet.</summary>
    public RunTarget? Among { get; init; }
    /// <summary>How its devices were chosen, or why they are not yet; null where Operone does not choose.</summary>
    public PlacementView? Placement { get; init; }
    public JobRunStatus Status { get; init; }
    public required string Cause { get; init; }
    public required string CreatedBy { get; init; }
    /// <summary>The person or token in whose name it is; null for Operone itself.</summary>
    public Guid? CreatedById { get; init; }
    /// <summary>Whose it is: the person's, also where a token asked. They do not say yes to it themselves.</summary>
    public Guid? OwnerId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Reason { get; init; }
    /// <summary>The values of its parameters that are no secrets.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }
    public required IReadOnlyList<string> SecretNames { get; init; }
    /// <summary>The values of its secrets by name: sealed JSON.</summary>
    public byte[]? SealedSecrets { get; init; }
    /// <summary>Whether maintenance windows hold it until its devices are chosen: a schedule or trigger made it.</summary>
    public bool ObeysWindows { get; init; }
    /// <summary>Which stretch of steps between approvals is at work, from 0 on.</summary>
    public int Phase { get; init; }
    /// <summary>Which batch is at work, from 0 on.</summary>
    public int Batch { get; init; }
    public required int Batches { get; init; }
    /// <summary>How many devices it has; while it waits for room, how many it asks for, 0 for all.</summary>
    public required int Devices { get; init; }
    public required int AtOnce { get; init; }
    /// <summary>After how many failures nothing more begins; null for never.</summary>
    public int? StopAfter { get; init; }
    /// <summary>When the batch at work may begin, where it has to wait.</summary>
    public DateTimeOffset? ReadyAt { get; init; }
    /// <summary>When its time is up; null before it begins, and where it has no end.</summary>
    public DateTimeOffset? Deadline { get; init; }
    public DateTimeOffset? PausedAt { get; init; }
    public string? PausedBy { get; init; }
    public DateTimeOffset? CancelledAt { get; init; }
    public string? CancelledBy { get; init; }
    public Guid? RetryOf { get; init; }
    /// <summary>The run whose step called for it; null where none did.</summary>
    public Guid? ParentId { get; init; }
    /// <summary>How many runs called each other before it.</summary>
    public int Depth { get; init; }
    /// <summary>The job's id while no other run of it may be at work; null otherwise. Unique.</summary>
    public Guid? Exclusive { get; init; }
    /// <summary>Whoever takes it one step further just now; null for nobody.</summary>
    public Guid? Claim { get; init; }
    public DateTimeOffset? ClaimedUntil { get; init; }
    /// <summary>When to look at it again, whatever comes of its executions; null for not before there is news.</summary>
    public DateTimeOffset? NextAt { get; init; }
    /// <summary>How often somebody has changed it from outside: what came while it was at work is not overlooked.</summary>
    public int News { get; init; }

    /// <summary>Since when it waits for room; null for since it was made. A pause, and windows that hold it, do not count.</summary>
    public DateTimeOffset? WaitsFrom { get; init; }

    /// <summary>Until when it waits for room.</summary>
    public DateTimeOffset WaitsUntil => (WaitsFrom ?? CreatedAt) + Patience;

    /// <summary>Whether Operone has still to choose its devices.</summary>
    public bool IsUnplaced => Placement is not null && Among is null;

    /// <summary>How long it may wait for room.</summary>
    public TimeSpan Patience => PatienceOf(Definition);

    /// <summary>How long a run of it may wait for room.</summary>
    public static TimeSpan PatienceOf(JobDefinition job) => JobRules.Time(job.Limits?.Wait) ?? TimeSpan.FromSeconds(RunLimits.DefaultExpirySeconds);
}

/// <summary>A device of a job's run as stored.</summary>
internal sealed class JobRunDevice
{
    public required Guid JobRunId { get; init; }
    public required Guid DeviceId { get; init; }
    public required string DeviceName { get; init; }
    /// <summary>Its place in the order, from 0 on.</summary>
    public required int Position { get; init; }
    /// <summary>Its batch, from 0 on.</summary>
    public required int Batch { get; init; }
    public JobDeviceStatus Status { get; set; }
    /// <summary>The step that it is at, from 0 on; past the last where it did all.</summary>
    public int Step { get; set; }
    /// <summary>How often that step was sent to it.</summary>
    public int Attempt { get; set; }
    public Guid? RunId { get; set; }
    /// <summary>The execution of the step that was sent last. It is stored before it is sent: that is what keeps it from being sent twice.</summary>
    public Guid? ExecutionId { get; set; }
    /// <summary>When its step is tried again.</summary>
    public DateTimeOffset? RetryAt { get; set; }
    public string? Reason { get; set; }
}

/// <summary>A run that was made for a step of a job's run.</summary>
internal sealed class JobRunPart
{
    public required Guid RunId { get; init; }
    public required Guid JobRunId { get; init; }
    public required int Step { get; init; }
}

internal sealed class JobRunConfiguration : IEntityTypeConfiguration<JobRun>
{
    public void Configure(EntityTypeBuilder<JobRun> builder)
    {
        builder.ToTable("job_runs");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.JobName).HasMaxLength(JobRules.MaxNameLength);
        builder.Property(r => r.Definition).HasJsonText();
        builder.Property(r => r.Target).HasJsonText();
        builder.Property(r => r.Among).HasJsonText();
        builder.Property(r => r.Placement).HasJsonText();
        builder.Ignore(r => r.IsUnplaced).Ignore(r => r.Patience).Ignore(r => r.WaitsUntil);
        builder.Property(r => r.Parameters).HasJsonText();
        builder.Property(r => r.SecretNames).HasJsonText();
        builder.Property(r => r.Cause).HasMaxLength(200);
        builder.Property(r => r.Reason).HasMaxLength(1000);
        builder.Property(r => r.CreatedBy).HasMaxLength(256);
        builder.Property(r => r.PausedBy).HasMaxLength(256);
        builder.Property(r => r.CancelledBy).HasMaxLength(256);
        builder.HasIndex(r => new { r.JobId, r.Id });
        builder.HasIndex(r => new { r.JobId, r.EndedAt });
        builder.HasIndex(r => new { r.Status, r.NextAt });
        builder.HasIndex(r => r.Exclusive).IsUnique();
    }
}

internal sealed class JobRunDeviceConfiguration : IEntityTypeConfiguration<JobRunDevice>
{
    public void Configure(EntityTypeBuilder<JobRunDevice> builder)
    {
        builder.ToTable("job_run_devices");
        builder.HasKey(d => new { d.JobRunId, d.DeviceId });
        builder.Property(d => d.DeviceName).HasMaxLength(63);
        builder.Property(d => d.Reason).HasMaxLength(1000);
        builder.HasOne<JobRun>().WithMany().HasForeignKey(d => d.JobRunId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(d => new { d.JobRunId, d.Position });
        builder.HasIndex(d => d.Status);
        builder.HasIndex(d => d.DeviceId);
    }
}

internal sealed class JobRunPartConfiguration : IEntityTypeConfiguration<JobRunPart>
{
    public void Configure(EntityTypeBuilder<JobRunPart> builder)
    {
        builder.ToTable("job_run_parts");
        builder.HasKey(p => p.RunId);
        builder.Property(p => p.RunId).ValueGeneratedNever();
        builder.HasOne<JobRun>().WithMany().HasForeignKey(p => p.JobRunId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(p => new { p.JobRunId, p.Step });
    }
}
