using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Events.Subscribers;

/// <summary>How far a subscriber has come, and which node runs it.</summary>
internal sealed class EventCursor
{
    public required string Name { get; init; }

    /// <summary>The place of the last event that it has acted on.</summary>
    public required long Position { get; set; }

    /// <summary>The start of the node that runs it.</summary>
    public Guid? Owner { get; set; }

    /// <summary>Until when that node has it. It says so again and again.</summary>
    public DateTimeOffset Until { get; set; }
}

internal sealed class EventCursorConfiguration : IEntityTypeConfiguration<EventCursor>
{
    public void Configure(EntityTypeBuilder<EventCursor> builder)
    {
        builder.ToTable("event_cursors");
        builder.HasKey(c => c.Name);
        builder.Property(c => c.Name).HasMaxLength(100);
    }
}
