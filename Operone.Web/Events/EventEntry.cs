using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>An event as stored. Its id grows with time.</summary>
internal sealed class EventEntry : IWrittenLast
{
    /// <summary>The longest subject and actor, in characters.</summary>
    public const int MaxText = 256;

    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Type { get; init; }
    public string? Subject { get; init; }
    public Guid? DeviceId { get; init; }
    public Guid? RunId { get; init; }
    public string? Actor { get; init; }
    public IReadOnlyDictionary<string, string?>? Data { get; init; }

    /// <inheritdoc/>
    public long Arrival { get; init; }

    /// <summary>
    /// Its place in the log, which <see cref="EventSequencer"/> gives it after the commit; null until then. Who reads by it from a cursor
    /// misses none: what is committed late gets a later place.
    /// </summary>
    public long? Position { get; init; }

    /// <summary>What it is about, for the order in which it is told: of one such, events are told one after the other.</summary>
    public string Key => IsOfWorkload ? Subject! : DeviceId?.ToString() ?? RunId?.ToString() ?? Subject ?? Type;

    // what happens to its instances on devices is in one order with what happens to the whole
    private bool IsOfWorkload => Subject is not null && Type.StartsWith("workload.", StringComparison.Ordinal);

    /// <summary>As a CloudEvent. The source is a URI reference: this installation.</summary>
    public EventView ToView() => new(
        "1.0", Id, "/operone", Type, Subject, At, "application/json", new EventData(DeviceId, RunId, Actor, Data));
}

internal sealed class EventEntryConfiguration : IEntityTypeConfiguration<EventEntry>
{
    public void Configure(EntityTypeBuilder<EventEntry> builder)
    {
        builder.ToTable("events");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Type).HasMaxLength(100);
        builder.Property(e => e.Subject).HasMaxLength(EventEntry.MaxText);
        builder.Property(e => e.Actor).HasMaxLength(EventEntry.MaxText);
        builder.Property(e => e.Data).HasJsonText();
        builder.Ignore(e => e.Key);
        builder.HasIndex(e => new { e.Type, e.Id });
        builder.HasIndex(e => new { e.DeviceId, e.Id });
        builder.HasIndex(e => e.Position).IsUnique();
        builder.HasIndex(e => new { e.Arrival, e.Id }).HasFilter("\"Position\" IS NULL");
    }
}

/// <summary>How far the log is numbered. One row; its lock is the turn of whoever numbers.</summary>
internal sealed class EventHead
{
    public const int OnlyId = 1;

    public required int Id { get; init; }

    /// <summary>The place of the last event that has one.</summary>
    public required long Position { get; set; }
}

internal sealed class EventHeadConfiguration : IEntityTypeConfiguration<EventHead>
{
    public void Configure(EntityTypeBuilder<EventHead> builder)
    {
        builder.ToTable("event_head");
        builder.Property(h => h.Id).ValueGeneratedNever();
        builder.HasData(new EventHead { Id = EventHead.OnlyId, Position = 0 });
    }
}
