using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Jobs;

/// <summary>A job as stored: its newest version.</summary>
internal sealed class Job
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    /// <summary>The number of its newest version; a writer changes it only from the one it has seen.</summary>
    public required int Version { get; set; }
    public required JobDefinition Definition { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public required string UpdatedBy { get; set; }

    /// <summary>Names are the same without regard to case.</summary>
    public static string Normalize(string name) => name.Trim().ToUpperInvariant();

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<Job?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Normalize(idOrName);
        return db.Set<Job>().AsTracking().SingleOrDefaultAsync(j => isId ? j.Id == id : j.NormalizedName == name, cancellationToken);
    }

    public JobView ToView(bool whole, JobRunView? lastRun = null) =>
        new(Id, Name, Version, CreatedAt, CreatedBy, UpdatedAt, UpdatedBy, whole ? Definition : null, Definition.Description, lastRun);
}

/// <summary>A version of a job. It is never changed.</summary>
internal sealed class JobVersion
{
    public required Guid JobId { get; init; }
    /// <summary>From 1 on.</summary>
    public required int Number { get; init; }
    public required JobDefinition Definition { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
}

internal sealed class JobConfiguration : IEntityTypeConfiguration<Job>
{
    public void Configure(EntityTypeBuilder<Job> builder)
    {
        builder.ToTable("jobs");
        builder.Property(j => j.Id).ValueGeneratedNever();
        builder.Property(j => j.Name).HasMaxLength(JobRules.MaxNameLength);
        builder.Property(j => j.NormalizedName).HasMaxLength(JobRules.MaxNameLength);
        builder.Property(j => j.Version).IsConcurrencyToken();
        builder.Property(j => j.Definition).HasJsonText();
        builder.Property(j => j.CreatedBy).HasMaxLength(256);
        builder.Property(j => j.UpdatedBy).HasMaxLength(256);
        builder.HasIndex(j => j.NormalizedName).IsUnique();
    }
}

internal sealed class JobVersionConfiguration : IEntityTypeConfiguration<JobVersion>
{
    public void Configure(EntityTypeBuilder<JobVersion> builder)
    {
        builder.ToTable("job_versions");
        builder.HasKey(v => new { v.JobId, v.Number });
        builder.Property(v => v.Definition).HasJsonText();
        builder.Property(v => v.CreatedBy).HasMaxLength(256);
        builder.HasOne<Job>().WithMany().HasForeignKey(v => v.JobId).OnDelete(DeleteBehavior.Cascade);
    }
}
