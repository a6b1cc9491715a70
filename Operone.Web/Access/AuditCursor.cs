using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Access;

/// <summary>Up to which entry a sink has been given the audit trail.</summary>
internal sealed class AuditCursor
{
    /// <summary>Which sink.</summary>
    public required string Sink { get; init; }

    /// <summary>The place of the last entry that it has; 0 for none.</summary>
    public required long Seq { get; init; }
}

internal sealed class AuditCursorConfiguration : IEntityTypeConfiguration<AuditCursor>
{
    public void Configure(EntityTypeBuilder<AuditCursor> builder)
    {
        builder.ToTable("audit_cursors");
        builder.HasKey(c => c.Sink);
        builder.Property(c => c.Sink).HasMaxLength(500);
    }
}
