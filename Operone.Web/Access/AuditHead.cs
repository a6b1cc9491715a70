using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>
/// Where the audit chain ends: one row, locked by whoever appends, so that all nodes append to one chain, and so that an
/// end that was cut off is missed.
/// </summary>
internal sealed class AuditHead
{
    /// <summary>The id of the one row.</summary>
    public const int TheOne = 1;

    public required int Id { get; init; }

    /// <summary>The place of the newest entry; 0 where there is none.</summary>
    public required long Seq { get; init; }

    /// <summary>The hash of the newest entry; null while entries from before the chain are not sealed yet.</summary>
    public byte[]? Hash { get; init; }
}

internal sealed class AuditHeadConfiguration : IEntityTypeConfiguration<AuditHead>
{
    public void Configure(EntityTypeBuilder<AuditHead> builder)
    {
        builder.ToTable("audit_head");
        builder.Property(h => h.Id).ValueGeneratedNever();
        builder.Property(h => h.Hash).HasMaxLength(AuditChain.HashBytes);
    }
}
