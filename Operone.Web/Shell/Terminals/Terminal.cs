using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Terminals;

/// <summary>
/// A terminal as stored. Its id is that of its run and of its execution too: those say where it stands, and the execution's
/// standard output is its recording. See docs/decisions/0008.
/// </summary>
internal sealed class Terminal
{
    public required Guid Id { get; init; }
    public required Guid DeviceId { get; init; }
    public required string DeviceName { get; init; }
    /// <summary>The person, or the token, that opened it.</summary>
    public required Guid OwnerId { get; init; }
    public required string OwnerName { get; init; }
    public string? Title { get; set; }
    /// <summary>The user on the device; null for the agent's.</summary>
    public string? User { get; init; }
    /// <summary>What runs in it, for people.</summary>
    public required string Command { get; init; }
    public required RecordMode Record { get; init; }
    public bool RecordInput { get; init; }
    public bool GuestsMayType { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When the recording was read into lines that can be searched; null before.</summary>
    public DateTimeOffset? IndexedAt { get; set; }
    /// <summary>When its recording was removed, by hand or by age.</summary>
    public DateTimeOffset? RecordingRemovedAt { get; set; }
}

internal sealed class TerminalConfiguration : IEntityTypeConfiguration<Terminal>
{
    public void Configure(EntityTypeBuilder<Terminal> builder)
    {
        builder.ToTable("terminals");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.Property(t => t.DeviceName).HasMaxLength(63);
        builder.Property(t => t.OwnerName).HasMaxLength(256);
        builder.Property(t => t.Title).HasMaxLength(100);
        builder.Property(t => t.User).HasMaxLength(64);
        builder.Property(t => t.Command).HasMaxLength(200);
        builder.HasOne<Run>().WithOne().HasForeignKey<Terminal>(t => t.Id).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(t => new { t.DeviceId, t.Id });
        builder.HasIndex(t => new { t.OwnerId, t.Id });
    }
}

/// <summary>A line of what a recorded terminal printed, as people read it, with its moment: what is searched.</summary>
internal sealed class RecordingLine
{
    public long Id { get; init; }
    public required Guid TerminalId { get; init; }
    /// <summary>Seconds from the recording's beginning.</summary>
    public required double At { get; init; }
    public required string Text { get; init; }
}

internal sealed class RecordingLineConfiguration : IEntityTypeConfiguration<RecordingLine>
{
    public void Configure(EntityTypeBuilder<RecordingLine> builder)
    {
        builder.ToTable("recording_lines");
        builder.Property(l => l.Text).HasMaxLength(1000);
        builder.HasOne<Terminal>().WithMany().HasForeignKey(l => l.TerminalId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(l => new { l.TerminalId, l.Id });
    }
}
