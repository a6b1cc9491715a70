using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>An audit entry as stored. Its id grows with time.</summary>
internal sealed class AuditEntry
{
    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Actor { get; init; }
    public required string Action { get; init; }
    public string? Target { get; init; }
    public required bool Allowed { get; init; }
    public string? Detail { get; init; }
    public string? RemoteAddress { get; init; }

    public AuditEntryView ToView() => new(Id, At, Actor, Action, Target, Allowed, Detail, RemoteAddress);
}

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("audit_entries");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Actor).HasMaxLength(256);
        builder.Property(e => e.Action).HasMaxLength(100);
        builder.Property(e => e.Target).HasMaxLength(AuditTrail.MaxText);
        builder.Property(e => e.Detail).HasMaxLength(AuditTrail.MaxText);
        builder.Property(e => e.RemoteAddress).HasMaxLength(64);
    }
}
