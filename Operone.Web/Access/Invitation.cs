using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>A way in for somebody new, good once. Only the hash of its code is kept.</summary>
internal sealed class Invitation
{
    public required Guid Id { get; init; }
    public required byte[] Hash { get; init; }

    /// <summary>For whom; null where whoever has the address may use it.</summary>
    public string? Email { get; init; }

    public string? NormalizedEmail { get; init; }
    public Guid? RoleId { get; init; }

    /// <summary>On which devices the role is given; empty for all.</summary>
    public string Selector { get; init; } = "";

    public IReadOnlyList<Guid> TeamIds { get; init; } = [];
    public required string CreatedBy { get; init; }
    public required Guid? CreatedById { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? UsedAt { get; set; }
    public Guid? UsedById { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}

internal sealed class InvitationConfiguration : IEntityTypeConfiguration<Invitation>
{
    public void Configure(EntityTypeBuilder<Invitation> builder)
    {
        builder.ToTable("invitations");
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.Hash).HasMaxLength(32);
        builder.Property(i => i.Email).HasMaxLength(256);
        builder.Property(i => i.NormalizedEmail).HasMaxLength(256);
        builder.Property(i => i.Selector).HasMaxLength(Core.Selector.MaxLength);
        builder.Property(i => i.TeamIds).HasJsonText();
        builder.Property(i => i.CreatedBy).HasMaxLength(256);
        builder.HasIndex(i => i.Hash).IsUnique();
        builder.HasIndex(i => i.NormalizedEmail);
    }
}
