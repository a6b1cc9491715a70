using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>What pruning leaves: the last entry that is gone, from which the chain goes on.</summary>
internal sealed class AuditAnchor
{
    /// <summary>The place of the last entry that was pruned.</summary>
    public required long Seq { get; init; }

    /// <summary>Its hash.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>How many entries this pruning took.</summary>
    public required long Count { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }
}

internal sealed class AuditAnchorConfiguration : IEntityTypeConfiguration<AuditAnchor>
{
    public void Configure(EntityTypeBuilder<AuditAnchor> builder)
    {
        builder.ToTable("audit_anchors");
        builder.HasKey(a => a.Seq);
        builder.Property(a => a.Seq).ValueGeneratedNever();
        builder.Property(a => a.Hash).HasMaxLength(AuditChain.HashBytes);
    }
}
