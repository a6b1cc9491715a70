using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Schedules;

/// <summary>A schedule as stored. See <see cref="ScheduleView"/>.</summary>
internal sealed class Schedule
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required SaveSchedule Definition { get; set; }
    public required Guid JobId { get; set; }
    /// <summary>In whose name it fires: a person's or token's id; null for Operone itself.</summary>
    public Guid? OwnerId { get; set; }
    public required string OwnerName { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public bool IsEnabled { get; set; }
    /// <summary>The next occurrence by the clock.</summary>
    public DateTimeOffset? NextAt { get; set; }
    /// <summary>When that one is carried out: its time and its jitter, or when the pause of a trigger is over.</summary>
    public DateTimeOffset? DueAt { get; set; }
    public DateTimeOffset? LastAt { get; set; }
    public string? LastOutcome { get; set; }
    /// <summary>Whether it waits for something to happen.</summary>
    public bool IsTriggered { get; set; }
    /// <summary>The version of the file that it waits for, as it was last seen.</summary>
    public string? FileTag { get; set; }
    /// <summary>The SHA-256 of the token in its address for webhooks.</summary>
    public byte[]? HookHash { get; set; }

    /// <summary>Its times. They were checked when it was saved; an error where this server cannot read them all the same, as where it does not know their time zone.</summary>
    public Result<ScheduleTimes> Times => ScheduleTimes.Parse(Definition, CreatedAt);

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<Schedule?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Role.Normalize(idOrName);
        return db.Set<Schedule>().SingleOrDefaultAsync(s => isId ? s.Id == id : s.NormalizedName == name, cancellationToken);
    }

    /// <summary>Holds the row of one until the context's present transaction ends, so that what is read of its firings stays so.</summary>
    public static Task LockAsync(OperoneDb db, Guid id, CancellationToken cancellationToken) =>
        db.Set<Schedule>().Where(s => s.Id == id).ExecuteUpdateAsync(s => s.SetProperty(x => x.LastOutcome, x => x.LastOutcome), cancellationToken);

    /// <summary>Sets the next occurrence, and when it is carried out.</summary>
    public void Await(ScheduleTimes times, DateTimeOffset? next)
    {
        NextAt = next;
        DueAt = next is { } at ? Occurrences.DueAt(times, Id, at, Jitter) : null;
    }

    /// <summary>It waits for no time.</summary>
    public void AwaitNothing() => (NextAt, DueAt) = (null, null);

    /// <summary>Turns it off where nobody asked for that, and says why.</summary>
    public void TurnOff(string why, DateTimeOffset now)
    {
        Definition = Definition with { Enabled = false };
        (IsEnabled, UpdatedAt, FileTag, LastOutcome) = (false, now, null, ShortText.Shorten(why, Firing.MaxProblem));
        AwaitNothing();
    }

    /// <summary>The most by which an occurrence is late.</summary>
    public TimeSpan Jitter => Definition.Jitter is { } jitter ? Core.Quantities.ParseDuration(jitter).Value : TimeSpan.Zero;

    public ScheduleView ToView(DateTimeOffset now) => new(
        Id, Definition, JobId, OwnerName, CreatedAt, IsEnabled ? NextAt : null, LastAt, LastOutcome,
        IsEnabled && Times is { IsError: false } times ? [.. times.Value.Following(now, 10)] : []);
}

internal sealed class ScheduleConfiguration : IEntityTypeConfiguration<Schedule>
{
    public void Configure(EntityTypeBuilder<Schedule> builder)
    {
        builder.ToTable("schedules");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Name).HasMaxLength(ScheduleRules.MaxName);
        builder.Property(s => s.NormalizedName).HasMaxLength(ScheduleRules.MaxName);
        builder.Property(s => s.Definition).HasJsonText();
        builder.Property(s => s.OwnerName).HasMaxLength(256);
        builder.Property(s => s.LastOutcome).HasMaxLength(Firing.MaxProblem);
        builder.Property(s => s.FileTag).HasMaxLength(300);
        builder.Property(s => s.HookHash).HasMaxLength(32);
        builder.HasIndex(s => s.NormalizedName).IsUnique();
        builder.HasIndex(s => s.JobId);
        builder.HasIndex(s => new { s.IsEnabled, s.DueAt });
        builder.HasIndex(s => s.HookHash);
    }
}
