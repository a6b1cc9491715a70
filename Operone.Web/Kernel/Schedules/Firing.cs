using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel.Schedules;

/// <summary>
/// A time that a schedule fires. It is written in the same transaction as what is next, with the id that its job run will have: whoever
/// carries it out, how often ever, makes one job run.
/// </summary>
internal sealed class Firing
{
    /// <summary>The longest problem that is kept.</summary>
    public const int MaxProblem = 500;

    public required Guid Id { get; init; }
    public required Guid ScheduleId { get; init; }
    /// <summary>What it is for, once for each schedule: the occurrence, the event, the version of the file.</summary>
    public required string Key { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Cause { get; init; }
    /// <summary>The device of the event, where the job is for that alone.</summary>
    public Guid? DeviceId { get; init; }
    /// <summary>The devices that it is for, where it waited for their maintenance windows; null for all.</summary>
    public IReadOnlyList<Guid>? DeviceIds { get; set; }
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    public required Guid JobRunId { get; init; }
    /// <summary>Until when a node is at it, or it waits.</summary>
    public required DateTimeOffset ClaimedUntil { get; set; }
    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt => CreatedAtOf(Id);
    /// <summary>When it was carried out; null while it was not.</summary>
    public DateTimeOffset? FiredAt { get; set; }
    public string? Problem { get; set; }

    /// <summary>Drops what a schedule has fired that has not begun, in the context's present transaction.</summary>
    public static Task DropAsync(OperoneDb db, Guid scheduleId, CancellationToken cancellationToken) =>
        db.Set<Firing>().Where(f => f.ScheduleId == scheduleId && f.FiredAt == null && !db.Set<JobRun>().Any(r => r.Id == f.JobRunId)).ExecuteDeleteAsync(cancellationToken);

    // the first 48 bits of a UUIDv7 (RFC 9562)
    private static DateTimeOffset CreatedAtOf(Guid id) => DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(id.ToString("N")[..12], 16));

    public FiringView ToView() => new(Id, ScheduleId, At, FiredAt, Cause, FiredAt is null || Problem is not null ? null : JobRunId, Problem);
}

internal sealed class FiringConfiguration : IEntityTypeConfiguration<Firing>
{
    public void Configure(EntityTypeBuilder<Firing> builder)
    {
        builder.ToTable("schedule_firings");
        builder.Property(f => f.Id).ValueGeneratedNever();
        builder.Property(f => f.Key).HasMaxLength(100);
        builder.Property(f => f.Cause).HasMaxLength(300);
        builder.Property(f => f.Parameters).HasJsonText();
        builder.Property(f => f.DeviceIds).HasJsonText();
        builder.Ignore(f => f.CreatedAt);
        builder.Property(f => f.Problem).HasMaxLength(Firing.MaxProblem);
        builder.HasIndex(f => new { f.ScheduleId, f.Key }).IsUnique();
        builder.HasIndex(f => new { f.FiredAt, f.ClaimedUntil });
        builder.HasIndex(f => new { f.ScheduleId, f.Id });
    }
}
