using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>An event as stored. Its id grows with time.</summary>
internal sealed class EventEntry
{
    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Type { get; init; }
    public string? Subject { get; init; }
    public Guid? DeviceId { get; init; }
    public Guid? RunId { get; init; }
    public string? Actor { get; init; }
    public IReadOnlyDictionary<string, string?>? Data { get; init; }

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
        builder.Property(e => e.Subject).HasMaxLength(256);
        builder.Property(e => e.Actor).HasMaxLength(256);
        builder.Property(e => e.Data).HasJsonText();
        builder.HasIndex(e => new { e.Type, e.Id });
        builder.HasIndex(e => new { e.DeviceId, e.Id });
    }
}
