using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Workloads;

/// <summary>Whether a workload is on its way from one version or start to another.</summary>
internal enum WorkloadPhase
{
    /// <summary>It is not.</summary>
    Steady = 0,
    /// <summary>It is.</summary>
    Updating = 1,
    /// <summary>It is on its way back.</summary>
    RollingBack = 2,
}

/// <summary>A workload as stored: what is wanted of it, and how far that is.</summary>
internal sealed class Workload
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required string NormalizedName { get; init; }
    /// <summary>The number of its newest version; a writer changes it only from the one it has seen.</summary>
    public required int Newest { get; set; }
    /// <summary>The version that is to run.</summary>
    public required int Version { get; set; }
    /// <summary>What that version is.</summary>
    public required WorkloadDefinition Definition { get; set; }
    /// <summary>Instances of another work than this are replaced. It has a new number where a version runs otherwise, and at a restart.</summary>
    public required int Work { get; set; }
    /// <summary>The highest number that was given to a work.</summary>
    public required int LastWork { get; set; }
    /// <summary>How many instances; null for one on every device.</summary>
    public int? Count { get; set; }
    public bool IsStarted { get; set; }
    /// <summary>Since when it is to be removed.</summary>
    public DateTimeOffset? RemovedAt { get; set; }
    /// <summary>In whose name it runs.</summary>
    public required string RunsAs { get; set; }
    public Guid? RunsAsId { get; set; }
    public WorkloadPhase Phase { get; set; }
    /// <summary>While it is updated: the version that comes back where the new one is not well.</summary>
    public int? FromVersion { get; set; }
    /// <summary>While it is updated: how many ran before, of which no more than a batch may be missing.</summary>
    public int Floor { get; set; }
    public string? Reason { get; set; }
    /// <summary>How the last instance was placed, or why it was not.</summary>
    public PlacementView? Placement { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public required string UpdatedBy { get; set; }
    /// <summary>Which conductor works on it; null for none.</summary>
    public Guid? Claim { get; init; }
    public DateTimeOffset? ClaimedUntil { get; init; }
    /// <summary>When to look at it again; null for not before there is news.</summary>
    public DateTimeOffset? NextAt { get; set; }
    /// <summary>Counts what people do to it, so that a step that did not see it is not stored.</summary>
    public int News { get; set; }

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<Workload?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Job.Normalize(idOrName);
        return db.Set<Workload>().AsTracking().SingleOrDefaultAsync(w => isId ? w.Id == id : w.NormalizedName == name, cancellationToken);
    }
}

/// <summary>A version of a workload.</summary>
internal sealed class WorkloadVersion
{
    public required Guid WorkloadId { get; init; }
    /// <summary>From 1 on.</summary>
    public required int Number { get; init; }
    public required WorkloadDefinition Definition { get; init; }
    /// <summary>The work that its instances are of.</summary>
    public required int Work { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    /// <summary>Why it was rolled back; null where it was not.</summary>
    public string? Problem { get; set; }
}

/// <summary>An instance of a workload: one execution on one device, or the wish for one.</summary>
internal sealed class WorkloadInstance
{
    public required Guid Id { get; init; }
    public required Guid WorkloadId { get; init; }
    public required int Version { get; set; }
    public required int Work { get; set; }
    public InstanceStatus Status { get; set; }
    public required DateTimeOffset Since { get; set; }
    public string? Reason { get; set; }
    public Guid? DeviceId { get; set; }
    public string? DeviceName { get; set; }
    public Guid? RunId { get; set; }
    public Guid? ExecutionId { get; set; }
    /// <summary>For how long its host goes on without the server, in seconds; null for ever.</summary>
    public double? LeaseSeconds { get; set; }
    /// <summary>How long it has to end, in seconds.</summary>
    public double GraceSeconds { get; set; }
    /// <summary>While it waits: the one device that it may have; null for any.</summary>
    public Guid? Wish { get; set; }
    /// <summary>While it waits: a device that comes last for it.</summary>
    public Guid? Avoid { get; set; }
    /// <summary>The one whose place it takes.</summary>
    public Guid? Replaces { get; set; }
    /// <summary>While it waits: not before this. While it stops: when to ask again.</summary>
    public DateTimeOffset? NotBefore { get; set; }
    /// <summary>While it is part of an update: by when it must be well.</summary>
    public DateTimeOffset? DueAt { get; set; }
    /// <summary>How often those before it ended by themselves, without one that was stable in between.</summary>
    public int Failures { get; set; }
    /// <summary>How often its host said that it was started.</summary>
    public int Starts { get; set; }
    public DateTimeOffset? HealthySince { get; set; }
    public DateTimeOffset? AwaySince { get; set; }
    /// <summary>Whether somebody asked for it to go elsewhere, and where; null for anywhere.</summary>
    public bool IsMoved { get; set; }
    public Guid? MoveTo { get; set; }
    /// <summary>Whether it ends once others are enough.</summary>
    public bool Leaves { get; set; }
}

internal sealed class WorkloadConfiguration : IEntityTypeConfiguration<Workload>
{
    public void Configure(EntityTypeBuilder<Workload> builder)
    {
        builder.ToTable("workloads");
        builder.Property(w => w.Id).ValueGeneratedNever();
        builder.Property(w => w.Name).HasMaxLength(JobRules.MaxNameLength);
        builder.Property(w => w.NormalizedName).HasMaxLength(JobRules.MaxNameLength);
        builder.Property(w => w.News).IsConcurrencyToken();
        builder.Property(w => w.Definition).HasJsonText();
        builder.Property(w => w.Placement).HasJsonText();
        builder.Property(w => w.RunsAs).HasMaxLength(256);
        builder.Property(w => w.Reason).HasMaxLength(1000);
        builder.Property(w => w.CreatedBy).HasMaxLength(256);
        builder.Property(w => w.UpdatedBy).HasMaxLength(256);
        builder.HasIndex(w => w.NormalizedName).IsUnique();
        builder.HasIndex(w => w.NextAt);
    }
}

internal sealed class WorkloadVersionConfiguration : IEntityTypeConfiguration<WorkloadVersion>
{
    public void Configure(EntityTypeBuilder<WorkloadVersion> builder)
    {
        builder.ToTable("workload_versions");
        builder.HasKey(v => new { v.WorkloadId, v.Number });
        builder.Property(v => v.Definition).HasJsonText();
        builder.Property(v => v.CreatedBy).HasMaxLength(256);
        builder.Property(v => v.Problem).HasMaxLength(1000);
        builder.HasOne<Workload>().WithMany().HasForeignKey(v => v.WorkloadId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class WorkloadInstanceConfiguration : IEntityTypeConfiguration<WorkloadInstance>
{
    public void Configure(EntityTypeBuilder<WorkloadInstance> builder)
    {
        builder.ToTable("workload_instances");
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.DeviceName).HasMaxLength(63);
        builder.Property(i => i.Reason).HasMaxLength(1000);
        builder.HasOne<Workload>().WithMany().HasForeignKey(i => i.WorkloadId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(i => new { i.WorkloadId, i.Status });
        builder.HasIndex(i => i.DeviceId);
        builder.HasIndex(i => i.ExecutionId);
    }
}
