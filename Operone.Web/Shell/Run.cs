using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>What a run is of.</summary>
internal enum RunKind
{
    /// <summary>A command or script.</summary>
    Command = 0,
    /// <summary>A terminal: it is in no list of runs, see <see cref="Terminals.Terminal"/>.</summary>
    Terminal = 1,
    /// <summary>A pipeline: an execution a stage.</summary>
    Pipeline = 2,
    /// <summary>A step of a job on some of its devices: who may run jobs there is enough.</summary>
    Job = 3,
    /// <summary>An instance of a workload: its host cares for it. Who may run jobs there is enough.</summary>
    Workload = 4,
}

/// <summary>A run as stored.</summary>
internal sealed class Run
{
    public required Guid Id { get; init; }
    public RunKind Kind { get; init; }
    public RunStatus Status { get; set; }
    /// <summary>What was asked for, without standard input.</summary>
    public required CreateRun Request { get; init; }
    public byte[]? Stdin { get; init; }
    /// <summary>What holds its commands, as the sandbox profile was when it was asked for; null for nothing.</summary>
    public SandboxSpec? Sandbox { get; init; }
    /// <summary>The variables and secrets of its environments, as they were when it was asked for: sealed JSON.</summary>
    public byte[]? SealedEnvironment { get; init; }
    public required string Summary { get; init; }
    public required string CreatedBy { get; init; }
    /// <summary>The person or token that asked, to check the permission again when a device comes back.</summary>
    public Guid? CreatedById { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? EndedAt { get; set; }
    /// <summary>Since when it waits for room; null once its devices are chosen, or were named. While it waits it has no executions.</summary>
    public DateTimeOffset? WaitingSince { get; set; }
    /// <summary>How its devices were chosen, or why they were not; null where they were named.</summary>
    public PlacementView? Placement { get; set; }
    public DateTimeOffset? CancelledAt { get; set; }
    public string? CancelledBy { get; set; }
}

internal sealed class RunConfiguration : IEntityTypeConfiguration<Run>
{
    public void Configure(EntityTypeBuilder<Run> builder)
    {
        builder.ToTable("runs");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.Request).HasJsonText();
        builder.Property(r => r.Sandbox).HasJsonText();
        builder.Property(r => r.Placement).HasJsonText();
        builder.Property(r => r.Summary).HasMaxLength(200);
        builder.Property(r => r.CreatedBy).HasMaxLength(256);
        builder.Property(r => r.CancelledBy).HasMaxLength(256);
        builder.HasIndex(r => new { r.Status, r.Id });
    }
}
